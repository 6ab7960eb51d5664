package eu.mikelangelo.machines.initrd;

import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Writes a small initramfs segment: a "newc" cpio archive (Linux, Documentation/driver-api/early-userspace/
 * buffer-format.rst) of folders and regular files that root owns, without times; whole archives begin and end on 4
 * bytes, so they can be put one behind the other. Images proper are written by {@code packages}.
 */
public final class Newc {
    private static final int REGULAR = 0100000;
    private static final int FOLDER = 0040000;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private int inode;

    /** Adds a folder; {@code path} has no leading slash. */
    public Newc folder(String path, int mode) {
        member(path, FOLDER | mode, 2, new byte[0]);
        return this;
    }

    /** Adds a file; its folder must exist in this or an earlier segment. */
    public Newc file(String path, int mode, byte[] content) {
        member(path, REGULAR | mode, 1, content);
        return this;
    }

    /** The archive with its trailer. */
    public byte[] finish() {
        member("TRAILER!!!", 0, 1, new byte[0]);
        return out.toByteArray();
    }

    private void member(String name, int mode, int links, byte[] content) {
        byte[] nameBytes = name.getBytes(StandardCharsets.UTF_8);
        boolean trailer = mode == 0;
        int[] fields = {trailer ? 0 : ++inode, mode, 0, 0, links, 0, content.length, 0, 0, 0, 0,
            nameBytes.length + 1, 0};
        StringBuilder header = new StringBuilder("070701");
        for (int field : fields) {
            header.append("%08X".formatted(field));
        }
        out.writeBytes(header.toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(nameBytes);
        out.write(0);
        pad();
        out.writeBytes(content);
        pad();
    }

    private void pad() {
        while (out.size() % 4 != 0) {
            out.write(0);
        }
    }
}
