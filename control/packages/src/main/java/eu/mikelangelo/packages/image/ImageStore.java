package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Storage;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;

/**
 * The images of one home: {@code images/<sha256>} and {@code images/names.json}. An image appears whole (temporary
 * file, fsync, rename) and never changes. Safe for use by many threads; the names are locked against other processes.
 */
public final class ImageStore {
    private static final String NAME = "[A-Za-z0-9][A-Za-z0-9._+-]{0,127}";
    private static final String DIGEST = "[0-9a-f]{64}";
    /** Shorter prefixes are too easily a name. */
    private static final int PREFIX_MIN = 6;
    private static final Duration KEPT_UNUSED = Duration.ofDays(30);
    private static final System.Logger LOG = System.getLogger(ImageStore.class.getName());
    /** Digest to size and time of files whose content was seen to be right. */
    private final Map<String, String> seen = new ConcurrentHashMap<>();
    private final AtomicLong serial = new AtomicLong();
    private final Path folder;
    private final Path temporary;
    private final NameBook names;

    /**
     * An image as {@code mike images} lists it.
     *
     * @param name   "" when no name points to it any more
     * @param origin what it was composed of: "package NAME", "folder PATH", "file"; "" when unknown
     */
    public record Entry(String name, String digest, long size, Instant created, String origin) { }

    private ImageStore(Path folder) {
        this.folder = folder;
        this.temporary = folder.resolve("tmp");
        this.names = new NameBook(folder);
    }

    /** Opens the store, makes its folders and removes what interrupted work left behind. */
    public static ImageStore open(Path folder) {
        ImageStore store = new ImageStore(folder);
        try {
            Durable.privateFolder(store.temporary);
            Durable.privateFolder(store.segments());
            Durable.privateFolder(store.folder.resolve("cache"));
            store.sweep();
            age(store.segments());
            age(store.folder.resolve("cache"));
            store.readNames();
        } catch (IOException e) {
            throw Storage.failure("open the image store " + folder, e);
        }
        return store;
    }

    /** A damaged book of names is made anew of what the images say of themselves; the damaged one is kept beside it. */
    private void readNames() throws IOException {
        try {
            names.read();
        } catch (Failure e) {
            if (e.kind() != Failure.Kind.UNTRUSTED) {
                throw e;
            }
            TreeMap<String, Entry> recovered = new TreeMap<>();
            for (Entry entry : nameless(Set.of())) {
                try {
                    ImageManifest manifest = ImageFile.open(folder.resolve(entry.digest())).manifest();
                    boolean own = manifest.sources().stream().anyMatch(source -> source.kind().equals("folder"));
                    recovered.merge(manifest.name(), new Entry(manifest.name(), entry.digest(), entry.size(),
                            entry.created(), own ? "file" : "package " + manifest.name()),
                            (one, other) -> one.created().isAfter(other.created()) ? one : other);
                } catch (Failure damaged) {
                    LOG.log(System.Logger.Level.WARNING, "has no name any more: " + damaged.getMessage());
                }
            }
            names.replace(recovered.values());
            LOG.log(System.Logger.Level.WARNING, e.getMessage() + "; recovered the names " + recovered.keySet());
        }
    }

    Path segments() {
        return folder.resolve("segments");
    }

    /** A small file that composition remembers something in. */
    Path cache(String key) {
        return folder.resolve("cache").resolve(key);
    }

    /** A name for a file that {@link #sweep} removes once this process is gone. */
    Path newTemporary(String what) {
        return temporary.resolve(what + "." + ProcessHandle.current().pid() + "." + serial.incrementAndGet());
    }

    public boolean has(String digest) {
        return digest.matches(DIGEST) && Files.isRegularFile(folder.resolve(digest));
    }

    /**
     * Whether an image that is there still has the content of its digest. It is read when its size or time is not that
     * of the last look; the first look at what a predecessor made costs that once.
     */
    boolean intact(String digest) throws IOException {
        String stamp = stamp(digest);
        if (stamp.equals(seen.get(digest))) {
            return true;
        }
        boolean intact = Storage.sha256(folder.resolve(digest)).equals(digest);
        if (intact) {
            seen.put(digest, stamp);
        }
        return intact;
    }

    private String stamp(String digest) throws IOException {
        Path file = folder.resolve(digest);
        return Files.size(file) + " " + Files.getLastModifiedTime(file).toInstant();
    }

    /** The file of an image that is there. */
    public Path path(String digest) {
        if (!has(digest)) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no image " + digest + " in " + folder, "See `mike images`.");
        }
        return folder.resolve(digest);
    }

    /** Takes a finished, fsynced temporary file as the image of this digest and gives it the name. */
    Entry publish(Path finished, String digest, String name, String origin) throws IOException {
        requireName(name);
        if (has(digest) && intact(digest)) {
            Files.deleteIfExists(finished);
        } else {
            Durable.publish(finished, folder.resolve(digest));
            seen.put(digest, stamp(digest));
        }
        Entry entry = new Entry(name, digest, Files.size(folder.resolve(digest)), Instant.now(), origin);
        return names.put(entry);
    }

    /** Points a name at an image that is there. */
    Entry name(String digest, String name, String origin) throws IOException {
        requireName(name);
        return names.put(new Entry(name, digest, Files.size(path(digest)), Instant.now(), origin));
    }

    /** Copies a user's file into the store and verifies the copy. {@code name} "" takes the manifest's. */
    public Entry add(Path file, String name) {
        return add(file, name, manifest -> { });
    }

    /** @param check refuses an image by a Failure before it is kept and takes its name from another */
    Entry add(Path file, String name, Consumer<ImageManifest> check) {
        Path copy = newTemporary("add");
        try {
            MessageDigest digest = Segments.sha256();
            ImageFile.open(file); // an early word when it is no image at all
            try (InputStream in = new DigestInputStream(Files.newInputStream(file), digest);
                 OutputStream out = Files.newOutputStream(copy)) {
                in.transferTo(out);
            }
            String hex = HexFormat.of().formatHex(digest.digest());
            ImageManifest manifest = has(hex) ? ImageFile.open(copy).manifest()
                    : ImageFile.open(copy).verify().manifest();
            check.accept(manifest);
            String chosen = name.isEmpty() ? manifest.name() : name;
            try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            return publish(copy, hex, chosen, "file");
        } catch (Failure e) {
            throw new Failure(e.kind(), e.getMessage().replace(copy.toString(), file.toString()), e.hint(), e);
        } catch (IOException e) {
            throw Storage.failure("add the image " + file, e);
        } finally {
            Storage.deleteQuietly(copy);
        }
    }

    /** All images, by name; those without one come last. */
    public List<Entry> list() {
        try {
            Map<String, Entry> known = names.read();
            List<Entry> all = new ArrayList<>();
            TreeSet<String> named = new TreeSet<>();
            for (Entry entry : known.values()) {
                if (has(entry.digest())) {
                    all.add(entry);
                    named.add(entry.digest());
                }
            }
            all.addAll(nameless(named));
            return all;
        } catch (IOException e) {
            throw Storage.failure("list the images in " + folder, e);
        }
    }

    /** All images but the {@code named}, by digest. */
    private List<Entry> nameless(Set<String> named) throws IOException {
        List<Entry> nameless = new ArrayList<>();
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                String digest = file.getFileName().toString();
                if (digest.matches(DIGEST) && !named.contains(digest)) {
                    nameless.add(new Entry("", digest, Files.size(file),
                            Files.getLastModifiedTime(file).toInstant(), ""));
                }
            }
        }
        nameless.sort(java.util.Comparator.comparing(Entry::digest));
        return nameless;
    }

    /** The image with this name, digest or beginning of a digest ("sha256:" may stand before it); null when none. */
    public Entry find(String what) {
        List<Entry> all = list();
        for (Entry entry : all) {
            if (entry.name().equals(what)) {
                return entry;
            }
        }
        String prefix = what.startsWith("sha256:") ? what.substring(7) : what;
        if (!prefix.matches("[0-9a-f]{" + PREFIX_MIN + ",64}")) {
            return null;
        }
        Entry found = null;
        for (Entry entry : all) {
            if (entry.digest().startsWith(prefix)) {
                if (found != null && !found.digest().equals(entry.digest())) {
                    throw new Failure(Failure.Kind.BAD_INPUT, "several images begin with " + prefix,
                            "Give more of the digest; see `mike images`.");
                }
                found = found == null ? entry : found;
            }
        }
        return found;
    }

    /** {@link #find}, or the image file at that path. Throws Failure NOT_FOUND. */
    public ImageFile resolve(String what) {
        Entry entry = find(what);
        if (entry != null) {
            return ImageFile.open(path(entry.digest()));
        }
        Path file = Path.of(what);
        if (Files.isRegularFile(file)) {
            return ImageFile.open(file);
        }
        throw new Failure(Failure.Kind.NOT_FOUND, "no image \"" + what + "\"",
                "`mike images` lists names and digests; a path names an image file.");
    }

    /**
     * Removes a name, and the image when no other name points to it; a digest removes the image with all its names.
     * Returns what was removed. Machines have their own copy and are not touched.
     */
    public Entry remove(String what) {
        Entry entry = find(what);
        if (entry == null) {
            throw new Failure(Failure.Kind.NOT_FOUND, "no image \"" + what + "\"", "See `mike images`.");
        }
        try {
            boolean byName = entry.name().equals(what);
            boolean last = !byName || names.read().values().stream().noneMatch(other ->
                    other.digest().equals(entry.digest()) && !other.name().equals(what));
            if (last) {
                // First: on a full disk the book of names can only be written when something has gone. A name without
                // its image is no name, should we be killed in between.
                Files.deleteIfExists(folder.resolve(entry.digest()));
            }
            names.remove(entry, byName);
            return entry;
        } catch (IOException e) {
            throw Storage.failure("remove the image " + what, e);
        }
    }

    /** Removes the images that no name points to any more; returns how many. */
    public int prune() {
        int removed = 0;
        for (Entry entry : list()) {
            if (entry.name().isEmpty()) {
                Storage.deleteQuietly(folder.resolve(entry.digest()));
                removed++;
            }
        }
        return removed;
    }

    /** Copies an image to a user's file, which appears whole or not at all; an older file is replaced. */
    public void export(String digest, Path target) {
        Path absolute = target.toAbsolutePath();
        if (Files.isDirectory(absolute)) {
            throw new Failure(Failure.Kind.CONFLICT, target + " is a folder", "Name a file in it.");
        }
        if (!Files.isDirectory(absolute.getParent())) {
            throw new Failure(Failure.Kind.NOT_FOUND, "there is no folder " + absolute.getParent()
                    + " to write the image to", "");
        }
        Path copy = absolute.resolveSibling("." + absolute.getFileName() + "." + ProcessHandle.current().pid()
                + "." + serial.incrementAndGet() + ".part");
        try {
            Files.copy(path(digest), copy);
            Files.setPosixFilePermissions(copy, PosixFilePermissions.fromString("rw-r--r--"));
            try (FileChannel channel = FileChannel.open(copy, StandardOpenOption.WRITE)) {
                channel.force(true);
            }
            Durable.publish(copy, absolute);
        } catch (IOException e) {
            throw Storage.failure("write the image " + target, e);
        } finally {
            Storage.deleteQuietly(copy);
        }
    }

    private static void requireName(String name) {
        if (!name.matches(NAME)) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + name + "\" cannot be the name of an image",
                    "A name begins with a letter or digit; letters, digits and . _ + - follow, at most 128.");
        }
    }

    /** Temporary files carry the process id of who writes them: {@code what.PID.N}. */
    private void sweep() throws IOException {
        try (DirectoryStream<Path> files = Files.newDirectoryStream(temporary)) {
            for (Path file : files) {
                String[] parts = file.getFileName().toString().split("\\.");
                boolean ours = parts.length == 3 && parts[1].matches("[0-9]{1,10}");
                if (!ours || !isWriting(Long.parseLong(parts[1]), file)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** Drops what composition did not use for a month; it would be made again. */
    private static void age(Path folder) throws IOException {
        Instant limit = Instant.now().minus(KEPT_UNUSED);
        try (DirectoryStream<Path> files = Files.newDirectoryStream(folder)) {
            for (Path file : files) {
                if (Files.getLastModifiedTime(file).toInstant().isBefore(limit)) {
                    Files.deleteIfExists(file);
                }
            }
        }
    }

    /** Marks something cached as used now. */
    static void touch(Path file) throws IOException {
        Files.setLastModifiedTime(file, FileTime.from(Instant.now()));
    }

    /** A process that began after the file was last written only inherited the number. */
    private static boolean isWriting(long pid, Path file) throws IOException {
        Instant written = Files.getLastModifiedTime(file).toInstant();
        return ProcessHandle.of(pid).map(process ->
                process.info().startInstant().map(start -> !start.isAfter(written)).orElse(true)).orElse(false);
    }
}
