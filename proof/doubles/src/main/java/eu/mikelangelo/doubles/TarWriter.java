package eu.mikelangelo.doubles;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/** A tar written byte by byte (ustar, long names as GNU tar writes them), so that a header may say anything. */
final class TarWriter {
    private static final int BLOCK = 512;
    /** Bytes of a name or a target that a header has room for. */
    private static final int MAX_NAME = 100;
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();

    /**
     * @param type of ustar: 0 file, 1 hard link, 2 symbolic link, 3 character device, 5 folder
     * @param size what the header promises, whatever {@code content} holds
     */
    void member(String name, char type, String target, int mode, long size, byte[] content) {
        longName('K', target);
        longName('L', name);
        byte[] head = new byte[BLOCK];
        put(head, 0, MAX_NAME, name);
        put(head, 100, 8, String.format(Locale.ROOT, "%07o", mode));
        put(head, 108, 8, "0000000");
        put(head, 116, 8, "0000000");
        put(head, 124, 12, String.format(Locale.ROOT, "%011o", size));
        put(head, 136, 12, "00000000000");
        put(head, 148, 8, "        ");
        head[156] = (byte) type;
        put(head, 157, MAX_NAME, target);
        put(head, 257, 8, "ustar\00000");
        int sum = 0;
        for (byte b : head) {
            sum += b & 0xff;
        }
        put(head, 148, 8, String.format(Locale.ROOT, "%06o", sum) + "\0 ");
        bytes.writeBytes(head);
        bytes.writeBytes(content);
        bytes.writeBytes(new byte[(BLOCK - content.length % BLOCK) % BLOCK]);
    }

    /** GNU: a member of type K or L holds the target or the name of the next one, ended by a zero. */
    private void longName(char type, String name) {
        byte[] content = (name + "\0").getBytes(StandardCharsets.UTF_8);
        if (content.length - 1 > MAX_NAME) {
            member("././@LongLink", type, "", 0, content.length, content);
        }
    }

    private static void put(byte[] head, int at, int room, String text) {
        byte[] field = text.getBytes(StandardCharsets.UTF_8);
        System.arraycopy(field, 0, head, at, Math.min(field.length, room));
    }

    /** The whole archive, with the two blocks of zeros that end it. */
    byte[] end() {
        bytes.writeBytes(new byte[2 * BLOCK]);
        return bytes.toByteArray();
    }
}
