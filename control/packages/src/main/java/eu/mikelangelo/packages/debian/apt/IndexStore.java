package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import java.io.BufferedInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.lang.ref.WeakReference;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * Keeps our index of the archives fresh: signed Release files, the Packages files they vouch for, and one
 * {@link PackageIndex} made of them. A host without network works on with what it has. Threads and processes take
 * turns.
 */
public final class IndexStore {
    /** Older than this and the archives are asked again. */
    private static final long FRESH_MS = 24 * 3_600_000L;
    /**
     * After a failed attempt the old index is used unasked for so long: an offline host must not wait at every
     * command.
     */
    private static final long RETRY_MS = 15 * 60_000L;
    private static final int MAX_RELEASE = 16 << 20;
    private static final long MAX_PACKAGES_FILE = 128L << 20;
    private static final ReentrantLock TURN = new ReentrantLock();
    private final AptConfig config;
    private final Path folder;
    private final Fetcher fetcher;
    private final Path file;
    private final Path state;
    /** Weak: what nobody searches is unmapped at the next collection; to map it again is one system call. */
    private volatile WeakReference<PackageIndex> opened = new WeakReference<>(null);
    private volatile FileTime openedOf;

    /** @param folder where Release files, Packages files and the index are kept; it is made with mode 0700 */
    public IndexStore(AptConfig config, Path folder, Fetcher fetcher) {
        this.config = config;
        this.folder = folder;
        this.fetcher = fetcher;
        String id = Fetcher.digest(config.sources() + config.architecture()).substring(0, 16);
        file = folder.resolve(id + ".index");
        state = folder.resolve(id + ".state");
    }

    /** What became of the last update: when it was tried and succeeded (epoch ms), and what to tell the user. */
    private record State(long triedMs, long checkedMs, List<String> notes) {
        static final State NONE = new State(0, 0, List.of());
    }

    /** One source's verified part of an update. */
    private record Part(AptSource source, ReleaseFile release, List<ReleaseFile.Listed> files) { }

    /** Warnings of the last update: archives that were left out and why, an index older than it should be. */
    public List<String> notes() {
        List<String> notes = new ArrayList<>(config.notes());
        notes.addAll(state().notes());
        return notes;
    }

    /**
     * The index, made or updated first where it must be.
     *
     * @param refresh asks the archives even when the index is fresh; then a failure of all of them is a Failure
     * @throws Failure UNAVAILABLE or UNTRUSTED when there is no index and none can be made
     */
    public PackageIndex open(boolean refresh, Progress progress) {
        long now = System.currentTimeMillis();
        State last = state();
        boolean stale = now - last.checkedMs() > FRESH_MS && now - last.triedMs() > RETRY_MS || now < last.checkedMs();
        if (!refresh && !stale) {
            PackageIndex present = present();
            if (present != null) {
                return present;
            }
        }
        TURN.lock();
        try {
            Durable.privateFolder(folder);
            try (FileChannel lock = FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE,
                    StandardOpenOption.WRITE); FileLock _ = lock.lock()) {
                if (refresh || state().triedMs() < now || present() == null) {
                    update(refresh, progress);
                }
            }
            PackageIndex present = present();
            if (present == null) {
                throw new IOException("the new index cannot be read");
            }
            return present;
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot update the package index in " + folder + ": "
                    + e.getMessage(), "Is the disk full or the folder not ours?", e);
        } finally {
            TURN.unlock();
        }
    }

    private PackageIndex present() {
        try {
            if (!Files.isRegularFile(file)) {
                return null;
            }
            FileTime written = Files.getLastModifiedTime(file);
            PackageIndex index = opened.get();
            if (index == null || !written.equals(openedOf)) {
                index = PackageIndex.open(file);
                opened = new WeakReference<>(index);
                openedOf = written;
            }
            return index;
        } catch (IOException e) {
            return null;
        }
    }

    private void update(boolean refresh, Progress progress) throws IOException {
        if (config.sources().isEmpty()) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "apt is configured with no source that we can use",
                    String.join("; ", config.notes()) + " Set MIKE_APT_SOURCES to a sources.list file.");
        }
        List<Part> parts = new ArrayList<>();
        List<String> notes = new ArrayList<>();
        Failure first = null;
        int fresh = 0;
        for (AptSource source : config.sources()) {
            progress.step("checking " + source);
            try {
                parts.add(part(source, true, progress));
                fresh++;
            } catch (Failure e) {
                first = first == null ? e : first;
                Part old = oldPart(source, progress);
                if (old != null) {
                    parts.add(old);
                }
                notes.add((old == null ? "left out " : "used the last known index of ") + source + ": "
                        + e.getMessage());
            }
        }
        if (parts.isEmpty() || refresh && fresh == 0) {
            throw first;
        }
        StringBuilder inputs = new StringBuilder(IndexWriter.MAGIC);
        parts.forEach(part -> inputs.append(part.source()).append(part.files()));
        String digest = Fetcher.digest(inputs.toString());
        PackageIndex before = present();
        if (before == null || !before.digest().equals(digest)) {
            build(parts, digest, progress);
        }
        long now = System.currentTimeMillis();
        Lines lines = new Lines().add("tried", now).add("checked", fresh > 0 ? now : state().checkedMs());
        notes.forEach(note -> lines.add("note", note));
        Durable.write(state, lines.toString());
    }

    private Part oldPart(AptSource source, Progress progress) {
        try {
            return Files.isRegularFile(release(source)) ? part(source, false, progress) : null;
        } catch (Failure | IOException e) {
            return null;
        }
    }

    /** Fetches (or, offline, reads) and verifies the source's Release file and the Packages files it lists. */
    private Part part(AptSource source, boolean online, Progress progress) throws IOException {
        Fetcher.Answer answer = online ? newRelease(source) : null;
        byte[] message = online ? answer.body() : Files.readAllBytes(release(source));
        ReleaseFile release = verify(source, message);
        if (online && Files.isRegularFile(release(source))) {
            older(source, release);
        }
        List<ReleaseFile.Listed> files = new ArrayList<>();
        for (String path : packagesFiles(source)) {
            ReleaseFile.Listed listed = release.file(path + ".xz");
            listed = listed != null ? listed : release.file(path + ".gz");
            listed = listed != null ? listed : release.file(path);
            if (listed == null) {
                throw new Failure(Failure.Kind.UNAVAILABLE, source + " lists no " + path + " for "
                        + config.architecture(), "Is the component spelled right in apt's sources?");
            }
            fetch(source, release, listed, online, progress);
            files.add(listed);
        }
        if (online) {
            // Last: until all that it vouches for is here, the one before is what we can work with; and what the
            // server said of a file that we refused must not make it "unchanged" the next time.
            Durable.write(release(source), message);
            Durable.write(validators(source), answer.etag() + "\n" + answer.modified());
        }
        return new Part(source, release, files);
    }

    private List<String> packagesFiles(AptSource source) {
        if (source.flat()) {
            return List.of("Packages");
        }
        return source.components().stream().map(c -> c + "/binary-" + config.architecture() + "/Packages").toList();
    }

    private Path validators(AptSource source) {
        Path known = release(source);
        return known.resolveSibling(known.getFileName() + ".http");
    }

    private Fetcher.Answer newRelease(AptSource source) throws IOException {
        Path known = release(source);
        Path validators = validators(source);
        String[] last = Files.isRegularFile(known) && Files.isRegularFile(validators)
                ? Files.readString(validators).split("\n", 2) : new String[] {"", ""};
        URI uri = URI.create(source.releaseFolder() + (source.trusted() ? "Release" : "InRelease"));
        try {
            Fetcher.Answer answer = fetcher.get(uri, last[0], last.length > 1 ? last[1] : "", MAX_RELEASE);
            return answer.unchanged() ? new Fetcher.Answer(true, Files.readAllBytes(known), answer.etag(),
                    answer.modified()) : answer;
        } catch (FileNotFoundException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, source + " has no InRelease file: " + e.getMessage(),
                    "Does the suite exist at this mirror?", e);
        } catch (IOException e) {
            throw Fetcher.unavailable(uri, folder, e);
        }
    }

    private ReleaseFile verify(AptSource source, byte[] message) {
        Instant now = Instant.now();
        try {
            if (source.trusted()) {
                return new ReleaseFile(new String(message, StandardCharsets.UTF_8));
            }
            Keyring keys = Keyring.of(source);
            if (keys.isEmpty()) {
                throw new IOException("none of its key files can be read: " + source.keyFiles());
            }
            ReleaseFile release = new ReleaseFile(keys.verified(message, now));
            release.check(source, now, config.checkDate());
            return release;
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNTRUSTED, "the InRelease file of " + source + " is not trusted: "
                    + e.getMessage(), "Its key must be in the file that Signed-By names or in /etc/apt/trusted.gpg.d; "
                    + "nothing of it was used.", e);
        }
    }

    /** A mirror must not take us back to an older, less safe state of the same suite. */
    private void older(AptSource source, ReleaseFile release) throws IOException {
        ReleaseFile known;
        try {
            known = verify(source, Files.readAllBytes(release(source)));
        } catch (Failure e) {
            return;
        }
        if (known.date() != null && release.date() != null && release.date().isBefore(known.date())) {
            throw new Failure(Failure.Kind.UNTRUSTED, source + " serves a Release file of " + release.date()
                    + ", older than the one we have of " + known.date(),
                    "The mirror lags behind or was tampered with.");
        }
    }

    private void fetch(AptSource source, ReleaseFile release, ReleaseFile.Listed listed, boolean online,
                       Progress progress) throws IOException {
        Path target = raw(listed);
        if (Files.isRegularFile(target) && Files.size(target) == listed.size()) {
            return;
        }
        if (!online) {
            throw new IOException(target + " is missing");
        }
        if (listed.size() > MAX_PACKAGES_FILE) {
            throw new Failure(Failure.Kind.UNTRUSTED, listed.path() + " of " + source + " has " + listed.size()
                    + " bytes", "More than " + MAX_PACKAGES_FILE + " bytes are no package index.");
        }
        String path = source.releaseFolder() + listed.path();
        String byHash = path.substring(0, path.lastIndexOf('/')) + "/by-hash/SHA256/" + listed.sha256();
        long[] done = {0};
        fetcher.download(URI.create(release.byHash() ? byHash : path), target, listed.size(), listed.sha256(), more -> {
            done[0] += more;
            progress.report("downloading the index " + source, done[0], listed.size());
        });
    }

    private void build(List<Part> parts, String digest, Progress progress) throws IOException {
        progress.step("reading the package index");
        opened.clear();
        try (IndexWriter writer = new IndexWriter(file, config.architecture())) {
            for (Part part : parts) {
                for (ReleaseFile.Listed listed : part.files()) {
                    read(part, listed, writer);
                }
            }
            writer.finish(digest);
        }
    }

    private void read(Part part, ReleaseFile.Listed listed, IndexWriter writer) throws IOException {
        Path path = raw(listed);
        // The file may have lain here for long: what goes into the index is what the Release vouches for, or nothing.
        String found = HexFormat.of().formatHex(Fetcher.sha256().digest(Files.readAllBytes(path)));
        if (!found.equals(listed.sha256())) {
            Files.delete(path);
            throw new IOException(path + " was damaged and is removed; try again");
        }
        try (InputStream in = unpacked(listed.path(), new BufferedInputStream(Files.newInputStream(path), 1 << 16));
                InputStreamReader reader = new InputStreamReader(in, StandardCharsets.UTF_8)) {
            Stanzas stanzas = new Stanzas(reader);
            String base = part.source().uri();
            for (Map<String, String> s = stanzas.next(); s != null; s = stanzas.next()) {
                writer.add(s, base, !part.release().notAutomatic());
            }
        }
    }

    private static InputStream unpacked(String name, InputStream in) throws IOException {
        return name.endsWith(".xz") ? XZCompressorInputStream.builder().setInputStream(in)
                .setDecompressConcatenated(true)
                .setMemoryLimitKiB(256 << 10).get()
                : name.endsWith(".gz") ? new GZIPInputStream(in, 1 << 16) : in;
    }

    private Path raw(ReleaseFile.Listed listed) {
        return folder.resolve(listed.sha256() + listed.path().replaceFirst(".*Packages", ".packages"));
    }

    private Path release(AptSource source) {
        return folder.resolve(Fetcher.digest(source.toString()).substring(0, 16) + ".release");
    }

    private State state() {
        try {
            if (!Files.isRegularFile(state)) {
                return State.NONE;
            }
            long tried = 0;
            long checked = 0;
            List<String> notes = new ArrayList<>();
            for (String[] record : Lines.parse(Files.readString(state))) {
                switch (record[0]) {
                    case "tried" -> tried = Long.parseLong(record[1]);
                    case "checked" -> checked = Long.parseLong(record[1]);
                    default -> notes.add(record[1]);
                }
            }
            return new State(tried, checked, notes);
        } catch (IOException | RuntimeException e) {
            return State.NONE;
        }
    }
}
