package eu.mikelangelo.linux;

/** The parts of {@code struct stat} (bits/struct_stat.h) that we read. */
final class StatLayout {
    private static final boolean X86 = System.getProperty("os.arch").equals("amd64");

    static final long SIZE = X86 ? 144 : 128;
    static final long DEVICE = 0;
    static final long INODE = 8;
    static final long MODE = X86 ? 24 : 16;
    static final long FILE_SIZE = 48;
    static final long BLOCK_SIZE = 56;

    static final int S_IFMT = 0xf000;
    static final int S_IFREG = 0x8000;

    private StatLayout() {}
}
