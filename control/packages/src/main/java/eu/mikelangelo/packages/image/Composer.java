package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.PackageSource;
import eu.mikelangelo.packages.Storage;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.kernel.Kernel;
import eu.mikelangelo.packages.kernel.KernelStore;
import eu.mikelangelo.packages.manifest.Application;
import eu.mikelangelo.packages.manifest.BootCommand;
import eu.mikelangelo.packages.manifest.IgnoreRules;
import eu.mikelangelo.packages.manifest.PackageManifest;
import eu.mikelangelo.packages.manifest.Requirements;
import eu.mikelangelo.packages.manifest.RunManifest;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;

/**
 * Makes images. The same inputs give the same bytes, and what was made once is not made again: an unchanged package is
 * the image it was, unchanged layers are taken from the cache and only written one behind the other. Safe for many
 * threads at once; nothing of an interrupted composition is visible.
 */
public final class Composer {
    /** Part of each cache key: change it when the same inputs give other images. */
    private static final String FORMAT = "mikelangelo-compose/1";
    private final ImageStore images;
    private final KernelStore kernels;
    private final BlobStore blobs;
    private final PackageSource packages;
    private final Path init;
    private final Path localPackages;
    private final ImageWriter writer;

    /** Debian packages as a folder's layer, with where they came from. */
    private record Debian(Tree tree, List<Bundle.Source> sources) { }

    /**
     * @param blobs         where the trees of {@code packages} have their content, and folders get theirs
     * @param init          the static guest/init of this build
     * @param localPackages one's own packages, one folder each; need not exist
     */
    public Composer(ImageStore images, KernelStore kernels, BlobStore blobs, PackageSource packages, Path init,
                    Path localPackages) {
        this.images = images;
        this.kernels = kernels;
        this.blobs = blobs;
        this.packages = packages;
        this.init = init;
        this.localPackages = localPackages;
        this.writer = new ImageWriter(images, blobs);
    }

    /** {@link #compose(Reference, boolean, Progress)} with what the index is known to hold. */
    public Composed compose(Reference what, Progress progress) {
        return compose(what, false, progress);
    }

    /**
     * The image of this reference, in the store, and its kernel: a file is kept only when that is here or can be had.
     *
     * @param refresh looks for newer packages first
     * @throws Failure of every kind that the importer, the stores and the manifests know
     */
    public Composed compose(Reference what, boolean refresh, Progress progress) {
        try {
            return switch (what) {
                case Reference.Folder folder -> folder(folder.path(), progress);
                case Reference.File file -> existing(images.add(file.path(), "", manifest ->
                        kernels.require(manifest.kernel().sha256(), manifest.kernel().packageName(), progress)),
                        List.of());
                case Reference.Name name -> name(name.name(), refresh, progress);
            };
        } catch (IOException e) {
            throw Storage.failure("compose " + what.shown(), e);
        }
    }

    private Composed name(String name, boolean refresh, Progress progress) throws IOException {
        ImageStore.Entry entry = images.find(name);
        if (entry == null) {
            return debian(name, refresh, progress);
        }
        if (!entry.origin().equals(origin(name))) {
            return existing(entry, List.of());
        }
        try {
            return debian(name, refresh, progress);
        } catch (Failure e) {
            if (e.kind() != Failure.Kind.UNAVAILABLE || refresh) {
                throw e;
            }
            return existing(entry, List.of("took the image of " + entry.created() + ": " + e.getMessage()));
        }
    }

    private Composed existing(ImageStore.Entry entry, List<String> warnings) throws IOException {
        if (!images.intact(entry.digest())) {
            throw new Failure(Failure.Kind.UNTRUSTED, "the image " + (entry.name().isEmpty() ? entry.digest()
                    : entry.name()) + " in the store is damaged: its content is not that of its digest",
                    "Compose it again (it was made of: " + (entry.origin().isEmpty() ? "unknown" : entry.origin())
                    + "), or remove it: mike image rm " + entry.digest().substring(0, 12) + ".");
        }
        return composed(entry, ImageFile.open(images.path(entry.digest())), warnings, true);
    }

    private Composed debian(String name, boolean refresh, Progress progress) throws IOException {
        InitBinary program = initBinary();
        if (!refresh) {
            // An unknown name is told before a kernel is fetched.
            String fingerprint = packages.fingerprint(name, progress);
            String key = key("package", name, fingerprint, program.sha256(), kernels.current(progress).sha256());
            Composed warm = warm(key, name, origin(name));
            if (warm != null) {
                return warm;
            }
        }
        Bundle bundle = packages.importPackage(name, refresh, progress);
        Kernel kernel = kernels.current(progress); // after the refresh, which may have brought a newer one
        String key = key("package", name, packages.fingerprint(name), program.sha256(), kernel.sha256());
        Layers layers = new Layers();
        layers.add("package " + name, bundle.tree());
        Composed composed = write(bundle, layers, kernel, program, origin(name), progress);
        Files.writeString(cacheFile(key), composed.digest());
        return composed;
    }

    private Composed folder(Path path, Progress progress) throws IOException {
        Application application = Application.read(path);
        Requirements.Plan plan = Requirements.resolve(application, localPackages, packages::exists);
        eu.mikelangelo.packages.Start start = BootCommand.start(plan, List.of());
        Layers layers = new Layers();
        List<Bundle.Source> sources = new ArrayList<>();
        if (!plan.debian().isEmpty()) {
            Debian debian = importTree(plan.debian(), progress);
            layers.add("a Debian package", debian.tree());
            sources.addAll(debian.sources());
        }
        for (Application one : plan.packages()) {
            progress.step("reading " + one.root());
            layers.add("package " + one.name(), FolderTree.read(one.root(), IgnoreRules.read(one.root()), blobs));
            sources.add(new Bundle.Source("folder", one.name(), one.manifest().version(), manifestDigest(one)));
        }
        Bundle bundle = new Bundle(application.name(), application.manifest().version(), new Tree(), start, sources,
                List.of());
        return write(bundle, layers, kernels.current(progress), initBinary(), "folder " + application.root(),
                progress);
    }

    /** The tree of Debian packages, remembered for as long as the index says the same of all of them. */
    private Debian importTree(List<String> names, Progress progress) throws IOException {
        List<Bundle.Source> sources = new ArrayList<>();
        StringBuilder all = new StringBuilder();
        for (String name : names) {
            String fingerprint = packages.fingerprint(name);
            all.append(name).append('=').append(fingerprint).append('\n');
            sources.add(new Bundle.Source("debian", name, "", digest(fingerprint)));
        }
        Path cached = cacheFile(key("tree", all.toString()));
        Tree tree = readTree(cached);
        if (tree == null) {
            tree = packages.importTree(names, progress);
            Path temporary = images.newTemporary("tree");
            Files.writeString(temporary, TreeText.write(tree));
            Files.move(temporary, cached, java.nio.file.StandardCopyOption.ATOMIC_MOVE);
        }
        return new Debian(tree, sources);
    }

    /** Null when it is not cached, torn, or its content is gone. */
    private Tree readTree(Path cached) throws IOException {
        try {
            Tree tree = TreeText.read(Files.readString(cached));
            for (Tree.Node node : tree.nodes().values()) {
                if (node instanceof Tree.File file && !blobs.has(file.sha256())) {
                    return null;
                }
            }
            return tree;
        } catch (NoSuchFileException | IllegalArgumentException | java.nio.charset.CharacterCodingException e) {
            return null;
        }
    }

    private Composed write(Bundle bundle, Layers layers, Kernel kernel, InitBinary program, String origin,
                           Progress progress) throws IOException {
        ImageWriter.Written written = writer.write(bundle, layers.layers(), kernel, program, progress);
        try {
            boolean warm = images.has(written.digest());
            ImageStore.Entry entry = images.publish(written.file(), written.digest(), bundle.name(), origin);
            return new Composed(entry.name(), entry.digest(), images.path(entry.digest()), entry.size(),
                    written.manifest(), bundle.warnings(), warm);
        } finally {
            Storage.deleteQuietly(written.file());
        }
    }

    private Composed warm(String key, String name, String origin) throws IOException {
        String digest;
        try {
            digest = Files.readString(cacheFile(key));
        } catch (NoSuchFileException e) {
            return null;
        }
        if (!images.has(digest) || !images.intact(digest)) {
            return null;
        }
        ImageStore.Entry entry = images.name(digest, name, origin);
        ImageFile image = ImageFile.open(images.path(digest));
        return composed(entry, image, image.manifest().warnings(), true);
    }

    private Composed composed(ImageStore.Entry entry, ImageFile image, List<String> warnings, boolean warm) {
        String name = entry.name().isEmpty() ? image.manifest().name() : entry.name();
        return new Composed(name, entry.digest(), image.file(), image.size(), image.manifest(), warnings, warm);
    }

    private static String origin(String packageName) {
        return "package " + packageName;
    }

    private Path cacheFile(String key) {
        return images.cache(key);
    }

    private static String key(String... parts) {
        return digest(FORMAT + "\0" + String.join("\0", parts));
    }

    private static String digest(String text) {
        return HexFormat.of().formatHex(Segments.sha256().digest(text.getBytes(StandardCharsets.UTF_8)));
    }

    private static String manifestDigest(Application one) throws IOException {
        var digest = Segments.sha256();
        digest.update(Files.readAllBytes(one.root().resolve(PackageManifest.PATH)));
        if (one.run() != null) {
            digest.update(Files.readAllBytes(one.root().resolve(RunManifest.PATH)));
        }
        return HexFormat.of().formatHex(digest.digest());
    }

    private InitBinary initBinary() {
        try (InputStream in = Files.newInputStream(init)) {
            return InitBinary.of(in.readAllBytes());
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot read the guest's init, " + init,
                    "It is built from guest/init; build the project again.", e);
        }
    }

    /** guest/init's bytes, which are few. */
    record InitBinary(byte[] bytes, String sha256) {
        static InitBinary of(byte[] bytes) {
            return new InitBinary(bytes, HexFormat.of().formatHex(Segments.sha256().digest(bytes)));
        }
    }
}
