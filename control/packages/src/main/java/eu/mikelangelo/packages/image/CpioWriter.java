package eu.mikelangelo.packages.image;

import java.io.ByteArrayOutputStream;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.Set;

/**
 * Writes a newc archive: the same calls give the same bytes (one time for all, inode numbers count up). Folders that a
 * path needs and that were not written are written first, as root 0755. Names are absolute paths in normal form; in the
 * archive they stand without the leading slash. {@link #finish} writes the trailer and pads to 4 bytes, so that another
 * archive, plain or compressed, may follow. Not thread-safe; does not close the stream.
 */
final class CpioWriter {
    private static final HexFormat HEX = HexFormat.of().withUpperCase();
    /** 2000-01-01: programs take a file of time 0 for one that is not there, zip refuses any before 1980. */
    private static final long TIME_S = 946_684_800;
    private final OutputStream out;
    private final Set<String> folders = new HashSet<>();
    private final Set<String> others = new HashSet<>();
    private final byte[] buffer = new byte[64 * 1024];
    private long position;
    private long inode;
    private long members;

    CpioWriter(OutputStream out) {
        this.out = out;
    }

    void folder(String path, int mode, int uid, int gid) throws IOException {
        if (path.equals("/")) {
            return; // the root exists before any archive is read; its mode is the kernel's business
        }
        claim(path, true);
        header(path, Cpio.FOLDER | mode & 07777, uid, gid, 2, 0);
    }

    void link(String path, String target, int uid, int gid) throws IOException {
        claim(path, false);
        byte[] bytes = utf8(target);
        if (bytes.length == 0 || bytes.length >= Cpio.NAME_BYTES_MAX || target.indexOf('\0') >= 0) {
            throw new IOException("target of link " + path + " has " + bytes.length + " bytes; 1 to "
                    + (Cpio.NAME_BYTES_MAX - 1) + " are possible");
        }
        header(path, Cpio.LINK | 0777, uid, gid, 1, bytes.length);
        write(bytes, bytes.length);
        pad();
    }

    void file(String path, int mode, int uid, int gid, byte[] content) throws IOException {
        file(path, mode, uid, gid, content.length, new ByteArrayInputStream(content));
    }

    /** Writes {@code size} bytes of the stream, which must end there. */
    void file(String path, int mode, int uid, int gid, long size, InputStream content) throws IOException {
        if (size < 0 || size > Cpio.FILE_BYTES_MAX) {
            throw new IOException(path + " has " + size + " bytes; a file in an image has less than 4 GiB");
        }
        claim(path, false);
        header(path, Cpio.FILE | mode & 07777, uid, gid, 1, size);
        long left = size;
        while (left > 0) {
            int n = content.read(buffer, 0, (int) Math.min(buffer.length, left));
            if (n < 0) {
                throw new IOException(path + " is " + left + " bytes shorter than its size says");
            }
            write(buffer, n);
            left -= n;
        }
        if (content.read() >= 0) {
            throw new IOException(path + " is longer than its size, " + size + " bytes");
        }
        pad();
    }

    /** Ends the archive; returns its length in bytes, a multiple of 4. */
    long finish() throws IOException {
        inode = -1; // the trailer's inode is 0
        member(Cpio.TRAILER, 0, 0, 0, 1, 0);
        members--;
        return position;
    }

    long members() {
        return members;
    }

    private void claim(String path, boolean folder) throws IOException {
        if (!path.startsWith("/") || path.endsWith("/") || !path.equals(eu.mikelangelo.packages.Tree.normalise(path))) {
            throw new IOException("not a normalised path: " + path);
        }
        if (folders.contains(path) || others.contains(path)) {
            throw new IOException(path + " is written twice");
        }
        int slash = path.lastIndexOf('/');
        if (slash > 0) {
            String parent = path.substring(0, slash);
            if (others.contains(parent)) {
                throw new IOException(path + " lies under " + parent + ", which is no folder");
            }
            if (!folders.contains(parent)) {
                folder(parent, 0755, 0, 0);
            }
        }
        (folder ? folders : others).add(path);
    }

    private void header(String path, int mode, int uid, int gid, int links, long size) throws IOException {
        member(path.substring(1), mode, uid, gid, links, size);
    }

    private void member(String name, int mode, int uid, int gid, int links, long size) throws IOException {
        byte[] bytes = utf8(name);
        if (bytes.length + 1 > Cpio.NAME_BYTES_MAX) {
            throw new IOException("a path of " + bytes.length + " bytes; the kernel takes at most "
                    + (Cpio.NAME_BYTES_MAX - 1) + ": " + name.substring(0, 60) + "...");
        }
        StringBuilder text = new StringBuilder(Cpio.HEADER_BYTES).append(Cpio.MAGIC);
        long[] fields = {++inode, mode, uid & 0xffff_ffffL, gid & 0xffff_ffffL, links, TIME_S, size, 0, 0, 0, 0,
                bytes.length + 1, 0};
        for (long field : fields) {
            text.append(HEX.toHexDigits(field, 8));
        }
        byte[] head = text.toString().getBytes(StandardCharsets.US_ASCII);
        write(head, head.length);
        write(bytes, bytes.length);
        out.write(0);
        position++;
        pad();
        members++;
    }

    private void write(byte[] bytes, int length) throws IOException {
        out.write(bytes, 0, length);
        position += length;
    }

    private void pad() throws IOException {
        int n = Cpio.padding(position);
        for (int i = 0; i < n; i++) {
            out.write(0);
        }
        position += n;
    }

    /** An archive with one file, 0600: an environment may hold secrets. */
    static byte[] archive(String path, byte[] content) {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream(content.length + 512);
        try {
            CpioWriter writer = new CpioWriter(bytes);
            writer.file(path, 0600, 0, 0, content);
            writer.finish();
        } catch (IOException e) {
            throw new IllegalStateException("memory does not fail", e);
        }
        return bytes.toByteArray();
    }

    private static byte[] utf8(String name) throws IOException {
        try {
            ByteBuffer bytes = StandardCharsets.UTF_8.newEncoder().encode(CharBuffer.wrap(name));
            byte[] array = new byte[bytes.remaining()];
            bytes.get(array);
            return array;
        } catch (CharacterCodingException e) {
            throw new IOException("a name that is not valid Unicode: " + name, e);
        }
    }
}
