package eu.mikelangelo.packages.image;

/**
 * The "newc" archive of the kernel's initramfs (Documentation/driver-api/early-userspace/buffer-format.rst): a header
 * of 110 characters, the name with its NUL, padding to 4, the content, padding to 4. Limits are the kernel's own
 * (init/initramfs.c): a longer name or link target is silently skipped there, so we refuse it.
 */
final class Cpio {
    static final String MAGIC = "070701";
    static final String TRAILER = "TRAILER!!!";
    static final int HEADER_BYTES = 110;
    static final int FIELDS = 13;
    /** PATH_MAX: of a name with its NUL, and of a link's target with the NUL the kernel adds. */
    static final int NAME_BYTES_MAX = 4096;
    static final long FILE_BYTES_MAX = 0xffff_ffffL;

    static final int TYPE_MASK = 0170000;
    static final int FOLDER = 0040000;
    static final int FILE = 0100000;
    static final int LINK = 0120000;

    private Cpio() { }

    /** Bytes that must follow {@code position} so that the next thing begins at a multiple of 4. */
    static int padding(long position) {
        return (int) (-position & 3);
    }
}
