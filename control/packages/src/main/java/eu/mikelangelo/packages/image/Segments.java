package eu.mikelangelo.packages.image;

import com.github.luben.zstd.EndDirective;
import com.github.luben.zstd.ZstdCompressCtx;
import eu.mikelangelo.packages.image.ImageManifest.Segment;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Function;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * The cache of compressed segments: {@code <key>} holds the bytes, {@code <key>.json} says what they are. The key is
 * the digest of all inputs, so a segment that is there is the one that would be made. Safe for many threads and
 * processes: both files appear by rename, the description last; who reads checks the digest.
 */
final class Segments {
    private static final JsonMapper JSON = new JsonMapper();
    /** Part of each key: change it when the same inputs give other bytes. */
    private static final String FORMAT = "mikelangelo-segment/3";
    /** Mapped at a time: a ByteBuffer ends at 2 GiB. */
    private static final long WINDOW = 1L << 30;
    private final Path folder;
    private final Function<String, Path> newTemporary;

    /** A cached segment. */
    record Cached(Segment segment, Path file) { }

    /** Writes the members; called with a fresh writer when the segment is not cached. */
    @FunctionalInterface
    interface Content {
        void write(CpioWriter writer) throws IOException;
    }

    /** @param newTemporary gives an unused file name of the folder's file system */
    Segments(Path folder, Function<String, Path> newTemporary) {
        this.folder = folder;
        this.newTemporary = newTemporary;
    }

    /** The segment of these inputs, made now when it is not there. {@code inputs} must say everything that matters. */
    Cached of(String kind, String inputs, Content content) throws IOException {
        MessageDigest digest = sha256();
        digest.update((FORMAT + "\n" + kind + "\n" + inputs).getBytes(java.nio.charset.StandardCharsets.UTF_8));
        String key = HexFormat.of().formatHex(digest.digest());
        Cached cached = read(key);
        return cached != null ? cached : make(key, kind, content);
    }

    /** Forgets a segment whose bytes turned out to be wrong. */
    void forget(Cached cached) throws IOException {
        Files.deleteIfExists(description(cached.file()));
        Files.deleteIfExists(cached.file());
    }

    private Cached read(String key) throws IOException {
        Path file = folder.resolve(key);
        try {
            byte[] json = Files.readAllBytes(description(file));
            Segment segment = JSON.readValue(json, Segment.class);
            if (Files.size(file) != segment.size()) {
                return null;
            }
            ImageStore.touch(file);
            ImageStore.touch(description(file));
            return new Cached(segment, file);
        } catch (java.nio.file.NoSuchFileException | JacksonException e) {
            return null; // not there, or torn by a crash: made again
        }
    }

    private Cached make(String key, String kind, Content content) throws IOException {
        Path plain = newTemporary.apply("plain");
        Path packed = newTemporary.apply("packed");
        try {
            long unpacked;
            long members;
            try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(plain), 128 * 1024)) {
                CpioWriter writer = new CpioWriter(out);
                content.write(writer);
                unpacked = writer.finish();
                members = writer.members();
            }
            MessageDigest digest = sha256();
            long size = compress(plain, unpacked, packed, digest);
            Segment segment = new Segment(kind, "zstd", size, HexFormat.of().formatHex(digest.digest()), unpacked,
                    members);
            Path file = folder.resolve(key);
            Files.move(packed, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            Files.write(packed, JSON.writeValueAsBytes(segment));
            Files.move(packed, description(file), StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
            return new Cached(segment, file);
        } finally {
            Files.deleteIfExists(plain);
            Files.deleteIfExists(packed);
        }
    }

    /**
     * Init, modules and small trees are packed as tightly as zstd can; for larger ones level 19 takes fifteen times as
     * long as level 12 for a tenth less (seen with the trees of memcached, 10 MB, and redis, 20 MB).
     */
    static int level(long bytes) {
        return bytes <= 4 << 20 ? 19 : bytes <= 256 << 20 ? 12 : 6;
    }

    /**
     * One frame (the kernel ends a segment with its frame) with the content's size and a checksum; the window is at
     * most 8 MiB at these levels and never larger than the content, for the guest's kernel allocates it.
     */
    private static long compress(Path from, long size, Path to, MessageDigest digest) throws IOException {
        long written = 0;
        try (FileChannel in = FileChannel.open(from, StandardOpenOption.READ);
             OutputStream out = Files.newOutputStream(to);
             Arena arena = Arena.ofConfined();
             ZstdCompressCtx context = new ZstdCompressCtx()) {
            context.setLevel(level(size)).setChecksum(true).setPledgedSrcSize(size);
            ByteBuffer target = ByteBuffer.allocateDirect(128 * 1024);
            byte[] chunk = new byte[target.capacity()];
            for (long offset = 0; offset < size; offset += WINDOW) {
                long part = Math.min(WINDOW, size - offset);
                ByteBuffer source = in.map(FileChannel.MapMode.READ_ONLY, offset, part, arena).asByteBuffer();
                EndDirective end = offset + part == size ? EndDirective.END : EndDirective.CONTINUE;
                boolean done;
                do {
                    target.clear();
                    done = context.compressDirectByteBufferStream(target, source, end);
                    target.flip();
                    int n = target.remaining();
                    target.get(chunk, 0, n);
                    digest.update(chunk, 0, n);
                    out.write(chunk, 0, n);
                    written += n;
                } while (end == EndDirective.END ? !done : source.hasRemaining());
            }
        }
        return written;
    }

    private static Path description(Path file) {
        return file.resolveSibling(file.getFileName() + ".json");
    }

    static MessageDigest sha256() {
        try {
            return MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
    }
}
