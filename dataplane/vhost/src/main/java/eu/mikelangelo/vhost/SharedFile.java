package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** A part of a peer's file that has been checked; mapping it comes after all checks of a message. */
record SharedFile(int fd, long offset, long size, long blockSize) {
    /** Block sizes that a file of memory has: a page to a huge page of 1 GiB. */
    private static final long MIN_BLOCK = 4096;
    private static final long MAX_BLOCK = 1L << 30;

    /**
     * The file must hold the whole part now, and (sealed) for ever.
     *
     * @param name of the part, for people
     * @param fd stays the caller's (a mapping outlives its descriptor)
     * @param size and {@code offset} in bytes, unsigned, as the peer says
     * @param most bytes that a part may have
     * @throws IllegalArgumentException naming what is wrong with it
     */
    static SharedFile checked(String name, int fd, long offset, long size, long most, boolean acceptShrinkable,
            PeerFiles files) {
        // Before its size is asked for: a file that was measured first could be shrunk and then sealed.
        boolean mayShrink = !acceptShrinkable && files.canShrink(fd);
        Fds.Status status;
        try {
            status = files.status(fd);
        } catch (LinuxException bad) {
            throw new IllegalArgumentException(bad.getMessage(), bad);
        }
        if (!status.isRegular()) {
            throw new IllegalArgumentException(name + " is not backed by a file (mode 0"
                    + Integer.toOctalString(status.mode()) + ")");
        }
        // Both are unsigned from the peer; negative means over 2^63 here, and then no sum is formed.
        if (size <= 0 || size > most || offset < 0 || offset > status.size() || size > status.size() - offset) {
            throw new IllegalArgumentException(name + " of " + Long.toUnsignedString(size) + " bytes at "
                    + Long.toUnsignedString(offset) + " does not lie in its file of " + status.size() + " bytes");
        }
        if (mayShrink) {
            throw new IllegalArgumentException(name + " can be shrunk by the peer (no F_SEAL_SHRINK); use a "
                    + "sealed memfd, or mark the peer as trusted");
        }
        long block = status.blockSize();
        if (block < MIN_BLOCK || block > MAX_BLOCK || Long.bitCount(block) != 1) {
            throw new IllegalArgumentException(name + " has a block size of " + block + " bytes");
        }
        return new SharedFile(fd, offset, size, block);
    }

    /**
     * Maps the part; unmapped when {@code arena} closes.
     *
     * @throws LinuxException when the kernel refuses
     */
    MemorySegment map(Arena arena, PeerFiles files) {
        // mmap wants offsets, and munmap of hugetlbfs wants lengths, in whole (huge) pages.
        long start = offset & -blockSize;
        long skip = offset - start;
        long length = skip + size + blockSize - 1 & -blockSize;
        return files.map(fd, start, length, arena).asSlice(skip, size);
    }
}
