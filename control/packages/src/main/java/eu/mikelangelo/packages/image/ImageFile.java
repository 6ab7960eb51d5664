package eu.mikelangelo.packages.image;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import eu.mikelangelo.base.Failure;
import java.io.BufferedInputStream;
import eu.mikelangelo.packages.Storage;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.DigestInputStream;
import java.security.MessageDigest;
import java.util.HexFormat;

/**
 * An image on disk, read and distrusted. {@link #open} looks at the head only; {@link #verify} reads everything.
 *
 * @param headBytes length of the first segment, behind which the segments of the manifest begin
 */
public record ImageFile(Path file, long size, long headBytes, ImageManifest manifest) {
    static final String MANIFEST = "/mike/manifest.json";
    /** The kernel allocates the window; 8 MiB is what level 19 uses and what small machines can spare. */
    static final int WINDOW_LOG_MAX = 23;

    /** Gets each member; {@code segment} counts from 0; {@code content} is of the file and need not be read. */
    @FunctionalInterface
    interface Visitor {
        void member(int segment, CpioReader.Entry entry, CpioReader content) throws IOException;
    }

    /** The same inside one segment. */
    private interface Members {
        void member(CpioReader.Entry entry, CpioReader content) throws IOException;
    }

    /** @throws Failure when it is not an image, or its manifest and its size disagree */
    public static ImageFile open(Path file) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return open(file, channel);
        } catch (IOException e) {
            throw Storage.failure("read the image " + file, e);
        }
    }

    private static ImageFile open(Path file, FileChannel channel) throws IOException {
        if (!Files.isRegularFile(file)) {
            throw new Failure(Failure.Kind.BAD_INPUT, file + " is not a regular file", "");
        }
        InputStream in = new BufferedInputStream(Channels.newInputStream(channel));
        in.mark(16);
        byte[] magic = in.readNBytes(6);
        in.reset();
        if (!new String(magic, StandardCharsets.ISO_8859_1).equals(Cpio.MAGIC)) {
            throw foreign(file, "it does not begin with a cpio archive");
        }
        byte[] json = null;
        long head;
        try {
            CpioReader reader = new CpioReader(in);
            CpioReader.Entry entry = reader.next();
            if (entry != null && entry.path().equals("/mike") && entry.type() == 'd') {
                entry = reader.next();
            }
            if (entry != null && entry.path().equals(MANIFEST) && entry.type() == 'f') {
                json = reader.content(ImageManifest.BYTES_MAX);
                entry = reader.next();
            }
            if (json == null || entry != null) {
                throw foreign(file, "its first archive does not hold exactly " + MANIFEST.substring(1));
            }
            head = reader.position();
        } catch (IOException e) {
            throw foreign(file, e.getMessage());
        }
        ImageManifest manifest = ImageManifest.parse(json, file.toString());
        return new ImageFile(file, channel.size(), head, manifest).requireSizes();
    }

    private ImageFile requireSizes() {
        long sum = headBytes;
        for (ImageManifest.Segment segment : manifest.segments()) {
            sum += segment.stored(); // no overflow: SEGMENTS_MAX times SIZE_MAX
        }
        if (sum != size) {
            throw new Failure(Failure.Kind.UNTRUSTED, file + " has " + size + " bytes; its manifest says " + sum,
                    size < sum ? "It is cut off: copy or compose it again." : "Something was put behind it.");
        }
        return this;
    }

    /** Reads everything: digest of each segment, structure of each archive. Throws Failure UNTRUSTED. */
    public ImageFile verify() {
        visit((segment, entry, content) -> { });
        return this;
    }

    /** Verifies like {@link #verify} and shows each member of the segments behind the first. */
    void visit(Visitor visitor) {
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long offset = headBytes;
            int index = 0;
            for (ImageManifest.Segment segment : manifest.segments()) {
                String where = "segment " + index + " (" + segment.kind() + ") of " + file;
                channel.position(offset);
                int number = index++;
                visit(segment, where, Channels.newInputStream(channel),
                        (entry, content) -> visitor.member(number, entry, content));
                offset += segment.stored();
            }
        } catch (IOException e) {
            throw Storage.failure("read the image " + file, e);
        }
    }

    private static void visit(ImageManifest.Segment segment, String where, InputStream in, Members visitor) {
        MessageDigest digest = Segments.sha256();
        InputStream hashed = new Bounded(new DigestInputStream(in, digest), segment.size());
        try {
            long members = segment.compression().equals("zstd") ? unpack(segment, hashed, visitor)
                    : walk(segment, new BufferedInputStream(hashed), visitor);
            if (members != segment.members()) {
                throw new IOException(members + " members, the manifest says " + segment.members());
            }
            String found = HexFormat.of().formatHex(digest.digest());
            if (!found.equals(segment.sha256())) {
                throw new IOException("its sha256 is " + found + ", the manifest says " + segment.sha256());
            }
            for (byte zero : in.readNBytes(Cpio.padding(segment.size()))) {
                if (zero != 0) {
                    throw new IOException("something stands in the padding behind it");
                }
            }
        } catch (EOFException e) {
            throw new Failure(Failure.Kind.UNTRUSTED, where + " is damaged: its archive does not end within the "
                    + segment.unpacked() + " bytes that the manifest says", "Copy or compose the image again.", e);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNTRUSTED, where + " is damaged: " + e.getMessage(),
                    "Copy or compose the image again.", e);
        }
    }

    private static long unpack(ImageManifest.Segment segment, InputStream raw, Members visitor) throws IOException {
        try (ZstdInputStreamNoFinalizer plain = new ZstdInputStreamNoFinalizer(new BufferedInputStream(raw))) {
            plain.setLongMax(WINDOW_LOG_MAX);
            InputStream bounded = new BufferedInputStream(new Bounded(plain, segment.unpacked()));
            long members = walk(segment, bounded, visitor);
            if (plain.read() >= 0) {
                throw new IOException("more than the " + segment.unpacked() + " bytes that the manifest says");
            }
            return members;
        }
    }

    private static long walk(ImageManifest.Segment segment, InputStream in, Members visitor) throws IOException {
        CpioReader reader = new CpioReader(in);
        long members = 0;
        for (CpioReader.Entry entry = reader.next(); entry != null; entry = reader.next()) {
            members++;
            visitor.member(entry, reader);
        }
        if (reader.position() != segment.unpacked()) {
            throw new IOException("an archive of " + reader.position() + " bytes, the manifest says "
                    + segment.unpacked());
        }
        return members;
    }

    private static Failure foreign(Path file, String why) {
        return new Failure(Failure.Kind.BAD_INPUT, file + " is not a Mikelangelo image: " + why,
                "Images are made by `mike compose`; another initramfs has no manifest that names its kernel.");
    }

    /** At most {@code left} bytes of another stream; reading on is the end. Does not close the other. */
    private static final class Bounded extends InputStream {
        private final InputStream in;
        private long left;

        Bounded(InputStream in, long left) {
            this.in = in;
            this.left = left;
        }

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] bytes, int offset, int length) throws IOException {
            if (left == 0 || length == 0) {
                return length == 0 ? 0 : -1;
            }
            int n = in.read(bytes, offset, (int) Math.min(length, left));
            left -= Math.max(n, 0);
            return n;
        }
    }
}
