package eu.mikelangelo.system;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;

/** A .deb written byte by byte, so that its members may be what no honest tool would write. */
final class Deb {
    private static final int BLOCK = 512;
    private final ByteArrayOutputStream tar = new ByteArrayOutputStream();

    Deb file(String name, String content, int mode) {
        byte[] bytes = content.getBytes(StandardCharsets.UTF_8);
        return member(name, '0', "", mode, bytes.length, bytes);
    }

    /** @param type of ustar: 1 hard link, 2 symbolic link, 3 character device, 5 folder */
    Deb other(String name, char type, String target) {
        return member(name, type, target, 0755, 0, new byte[0]);
    }

    /** A file whose header promises so many bytes; they are zeros. */
    Deb zeros(String name, long size) {
        return member(name, '0', "", 0644, size, new byte[(int) Math.min(size, 1 << 20)]);
    }

    private Deb member(String name, char type, String target, int mode, long size, byte[] content) {
        byte[] head = new byte[BLOCK];
        put(head, 0, name);
        put(head, 100, String.format(Locale.ROOT, "%07o", mode));
        put(head, 108, "0000000");
        put(head, 116, "0000000");
        put(head, 124, String.format(Locale.ROOT, "%011o", size));
        put(head, 136, "00000000000");
        put(head, 148, "        ");
        head[156] = (byte) type;
        put(head, 157, target);
        put(head, 257, "ustar\00000");
        int sum = 0;
        for (byte b : head) {
            sum += b & 0xff;
        }
        put(head, 148, String.format(Locale.ROOT, "%06o", sum) + "\0 ");
        tar.writeBytes(head);
        tar.writeBytes(content);
        tar.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
        return this;
    }

    private static void put(byte[] head, int at, String text) {
        byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
        System.arraycopy(bytes, 0, head, at, bytes.length);
    }

    byte[] build() {
        return build("");
    }

    /** @param fields more lines of the control file */
    byte[] build(String fields) {
        tar.writeBytes(new byte[2 * BLOCK]);
        byte[] data = tar.toByteArray();
        byte[] control = new Deb().file("./control", "Package: x\nVersion: 1\nArchitecture: amd64\n" + fields, 0644).tar
                .toByteArray();
        ByteArrayOutputStream ar = new ByteArrayOutputStream();
        ar.writeBytes("!<arch>\n".getBytes(StandardCharsets.US_ASCII));
        part(ar, "debian-binary", "2.0\n".getBytes(StandardCharsets.US_ASCII));
        part(ar, "control.tar.gz", gzip(java.util.Arrays.copyOf(control, control.length + 2 * BLOCK)));
        part(ar, "data.tar.gz", gzip(data));
        return ar.toByteArray();
    }

    private static void part(ByteArrayOutputStream ar, String name, byte[] content) {
        ar.writeBytes(String.format(Locale.ROOT, "%-16s%-12d%-6d%-6d%-8s%-10d`\n", name, 0, 0, 0, "100644",
                content.length).getBytes(StandardCharsets.US_ASCII));
        ar.writeBytes(content);
        ar.writeBytes(new byte[content.length % 2]);
    }

    static byte[] gzip(byte[] plain) {
        ByteArrayOutputStream packed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(packed)) {
            out.write(plain);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return packed.toByteArray();
    }
}
