package eu.mikelangelo.packages.debian;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.apt.AptConfig;
import eu.mikelangelo.packages.debian.apt.Closure;
import eu.mikelangelo.packages.debian.apt.Fetcher;
import eu.mikelangelo.packages.debian.apt.IndexStore;
import eu.mikelangelo.packages.debian.apt.PackageEntry;
import eu.mikelangelo.packages.debian.apt.PackageIndex;
import eu.mikelangelo.packages.debian.apt.Resolver;
import eu.mikelangelo.packages.debian.deb.DebStore;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * Makes a minimal tree and a start command of a Debian package that nobody prepared: resolves it in the archives that
 * the host's apt uses, downloads and verifies, takes the packages apart, and brings together what the start command
 * needs. Needs no privilege, touches no file outside its folder and the blob store, and runs nothing. Safe for many
 * threads.
 * <pre>
 * var importer = new DebianImporter(AptConfig.host(System.getenv()), home.packages(), blobs, recipes);
 * Bundle memcached = importer.importPackage("memcached", false, Progress.NONE);
 * </pre>
 * All methods throw {@link Failure}: NOT_FOUND (unknown name, missing dependency), UNAVAILABLE (network, space),
 * UNTRUSTED (signature, digest, hostile archive), GUEST (nothing that could be started), BAD_INPUT (a recipe).
 */
public final class DebianImporter {
    /** Part of every fingerprint: raise it when the same packages give another tree. */
    private static final String VERSION = "debian-importer-7";
    private final AptConfig config;
    private final Path folder;
    private final BlobStore blobs;
    private final IndexStore indices;
    private final DebStore debs;
    private final Recipes recipes;
    private final BundleCache bundles;

    /** @param recipes the folder of NAME.yaml files; one that MIKE_RECIPES names is looked at before it */
    public DebianImporter(AptConfig config, Path packagesFolder, BlobStore blobs, Path recipes) {
        this(config, packagesFolder, blobs, recipeFolders(recipes));
    }

    DebianImporter(AptConfig config, Path packagesFolder, BlobStore blobs, List<Path> recipes) {
        this.config = config;
        this.folder = packagesFolder;
        this.blobs = blobs;
        Fetcher fetcher = new Fetcher(config);
        indices = new IndexStore(config, packagesFolder.resolve("index"), fetcher);
        debs = new DebStore(packagesFolder, fetcher, blobs);
        this.recipes = new Recipes(recipes);
        bundles = new BundleCache(packagesFolder.resolve("bundles"), blobs);
    }

    private static List<Path> recipeFolders(Path recipes) {
        String own = System.getenv().getOrDefault("MIKE_RECIPES", "");
        return own.isEmpty() ? List.of(recipes) : List.of(Path.of(own), recipes);
    }

    /** What a name resolves to: the closure and the fingerprint over it. */
    private record Resolved(Closure closure, Recipes.Found recipe, String fingerprint) { }

    /**
     * @param name    a package, a recipe or a recipe's alias
     * @param refresh asks the archives for news first
     */
    public Bundle importPackage(String name, boolean refresh, Progress progress) {
        Resolved resolved = resolve(name, refresh, progress);
        Bundle known = bundles.get(resolved.fingerprint());
        if (known == null) {
            Universe universe = new Universe(resolved.closure(), debs, blobs, progress);
            known = new Composer(name, universe, blobs,
                    resolved.recipe() == null ? null : resolved.recipe().recipe()).bundle();
            remember(resolved.fingerprint(), known);
        }
        List<String> notes = indices.notes();
        if (notes.isEmpty()) {
            return known;
        }
        List<String> warnings = new ArrayList<>(known.warnings());
        warnings.addAll(notes);
        return new Bundle(known.name(), known.version(), known.tree(), known.start(), known.sources(), warnings);
    }

    /**
     * A digest that changes when an import of this name would: cheap when the name was resolved with this index
     * before.
     */
    public String fingerprint(String name) {
        return fingerprint(name, Progress.NONE);
    }

    /** {@link #fingerprint(String)}, saying when an index is downloaded for it. */
    public String fingerprint(String name, Progress progress) {
        return resolve(name, false, progress).fingerprint();
    }

    /** The closure's files of several packages in one tree, without a start; for {@code require} of a run.yaml. */
    public Tree importTree(List<String> names, Progress progress) {
        Closure closure = new Resolver(open(false, progress), config.architecture()).resolve(names, true);
        String fingerprint = fingerprint(closure, "tree " + names);
        Bundle known = bundles.get(fingerprint);
        if (known == null) {
            Universe universe = new Universe(closure, debs, blobs, progress);
            Tree tree = new Composer(String.join("+", names), universe, blobs, null).tree(names);
            known = new Bundle(String.join("+", names), "", tree, null, List.of(), List.of());
            remember(fingerprint, known);
        }
        return known.tree();
    }

    /** A digest that changes when {@link #importTree} of these names would give another tree. */
    public String treeFingerprint(List<String> names) {
        PackageIndex index = open(false, Progress.NONE);
        return fingerprint(new Resolver(index, config.architecture()).resolve(names, true), "tree " + names);
    }

    /**
     * The verified .deb of one package. A package that is only a name for another (same source, a dependency with "="
     * on the one with the content, as {@code linux-image-cloud-amd64}) gives that other.
     */
    public Deb fetch(String packageName, Progress progress) {
        PackageIndex index = open(false, progress);
        PackageEntry entry = new Resolver(index, config.architecture()).named(packageName);
        if (entry.section().endsWith("kernel") || entry.section().endsWith("metapackages")) {
            entry = content(index, entry);
        }
        return new Deb(entry.name(), entry.version(), entry.sha256(), debs.fetch(entry, progress));
    }

    /** Debian's meta packages have one dependency that carries the same source or a name that continues theirs. */
    private PackageEntry content(PackageIndex index, PackageEntry entry) {
        var groups = entry.requires(config.architecture());
        String stem = entry.name().replaceFirst("-(cloud-)?[a-z0-9]+$", "");
        if (groups.size() != 1 || !groups.getFirst().getFirst().name().startsWith(stem + "-")) {
            return entry;
        }
        return new Resolver(index, config.architecture()).named(groups.getFirst().getFirst().name());
    }

    /** Whether a package, a virtual package, a recipe or an alias of this name is known. */
    public boolean exists(String name) {
        if (recipes.find(name) != null) {
            return true;
        }
        PackageIndex index = open(false, Progress.NONE);
        return !index.packages(name).isEmpty() || !index.providers(name).isEmpty();
    }

    /** Asks the archives for news now. @throws Failure UNAVAILABLE when none of them answers */
    public void refresh(Progress progress) {
        open(true, progress);
    }

    private PackageIndex open(boolean refresh, Progress progress) {
        return indices.open(refresh, progress);
    }

    private Resolved resolve(String name, boolean refresh, Progress progress) {
        if (!name.matches("[A-Za-z0-9][A-Za-z0-9.+_-]{0,127}")) {
            throw new Failure(Failure.Kind.NOT_FOUND, "\"" + name + "\" is no package name",
                    "Names consist of letters, digits and + - . only.");
        }
        PackageIndex index = open(refresh, progress);
        Path cached = folder.resolve("resolved").resolve(Fetcher.digest(VERSION + "\n" + index.digest() + "\n" + name
                + "\n"
                + recipes.digest()));
        Recipes.Found found = recipes.find(name);
        Closure closure = cached(cached);
        if (closure == null) {
            List<String> names = found == null ? List.of(name) : found.recipe().packages().stream().filter(p ->
                    !p.contains("*") && !p.contains("?")).toList();
            closure = named(index, names);
            try {
                Durable.privateFolder(cached.getParent());
                Durable.write(cached, closure.write());
            } catch (IOException e) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "cannot write " + cached + ": " + e.getMessage(),
                        "Is the disk full?", e);
            }
        }
        return new Resolved(closure, found, fingerprint(closure,
                name + "\n" + (found == null ? "" : found.digest())));
    }

    private Closure named(PackageIndex index, List<String> names) {
        try {
            return new Resolver(index, config.architecture()).resolve(names, true);
        } catch (Failure e) {
            List<String> notes = indices.notes();
            if (notes.isEmpty()) {
                throw e;
            }
            throw new Failure(e.kind(), e.getMessage(), (e.hint() + " Note: " + String.join("; ", notes)).strip(), e);
        }
    }

    private static Closure cached(Path file) {
        try {
            return Files.isRegularFile(file) ? Closure.read(Files.readString(file)) : null;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private static String fingerprint(Closure closure, String more) {
        StringBuilder all = new StringBuilder(VERSION).append('\n').append(more).append('\n');
        for (Closure.Member member : closure.members()) {
            all.append(member.entry().name()).append(' ').append(member.entry().version()).append(' ')
                    .append(member.entry().sha256()).append('\n');
        }
        return Fetcher.digest(all.toString());
    }

    private void remember(String fingerprint, Bundle bundle) {
        try {
            bundles.put(fingerprint, bundle);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot keep the import of " + bundle.name() + ": "
                    + e.getMessage(),
                    "Is the disk full?", e);
        }
    }
}
