package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.GuestMemory;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A memory table that has been checked and mapped; {@link #close} unmaps it, after every user has let go. */
final class MappedTable {
    static final MappedTable EMPTY = new MappedTable(null, GuestMemory.EMPTY);

    /** The most that one guest may have us map, bytes. */
    static final long MAX_TOTAL = 1L << 42;
    /** Block sizes that a file of memory has: a page to a huge page of 1 GiB. */
    private static final long MIN_BLOCK = 4096;
    private static final long MAX_BLOCK = 1L << 30;

    private final Arena arena;
    private final GuestMemory memory;

    private MappedTable(Arena arena, GuestMemory memory) {
        this.arena = arena;
        this.memory = memory;
    }

    GuestMemory memory() {
        return memory;
    }

    /**
     * Checks every region before the first is mapped.
     *
     * @param fds one per region, they stay the caller's (a mapping outlives its descriptor)
     * @throws IllegalArgumentException naming what is wrong with the table
     */
    static MappedTable map(List<Request.MemoryRegion> regions, int[] fds, boolean acceptShrinkable, PeerFiles files) {
        long[] blocks = new long[fds.length];
        long total = 0;
        for (int i = 0; i < fds.length; i++) {
            blocks[i] = checked(i, regions.get(i), fds[i], acceptShrinkable, files);
            total += regions.get(i).size();
            if (total > MAX_TOTAL) {
                throw new IllegalArgumentException("memory table of more than " + MAX_TOTAL + " bytes");
            }
        }
        Arena arena = Arena.ofShared();
        try {
            List<GuestMemory.Mapping> mappings = new ArrayList<>(fds.length);
            for (int i = 0; i < fds.length; i++) {
                mappings.add(mapping(regions.get(i), fds[i], blocks[i], arena, files));
            }
            return new MappedTable(arena, new GuestMemory(mappings));
        } catch (IllegalArgumentException | LinuxException refused) {
            arena.close();
            throw new IllegalArgumentException(refused.getMessage(), refused);
        }
    }

    /** The file must hold the whole region now, and (sealed) for ever. @return the file's block size */
    private static long checked(int index, Request.MemoryRegion region, int fd, boolean acceptShrinkable,
            PeerFiles files) {
        String name = "memory region " + index;
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
        long size = region.size();
        long offset = region.mmapOffset();
        // Both are unsigned from the peer; negative means over 2^63 here, and then no sum is formed.
        if (size <= 0 || size > MAX_TOTAL || offset < 0 || offset > status.size() || size > status.size() - offset) {
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
        return block;
    }

    private static GuestMemory.Mapping mapping(Request.MemoryRegion region, int fd, long block, Arena arena,
            PeerFiles files) {
        // mmap wants offsets, and munmap of hugetlbfs wants lengths, in whole (huge) pages.
        long start = region.mmapOffset() & -block;
        long skip = region.mmapOffset() - start;
        long length = skip + region.size() + block - 1 & -block;
        MemorySegment whole = files.map(fd, start, length, arena);
        return new GuestMemory.Mapping(region.guestPhysical(), region.userAddress(),
                whole.asSlice(skip, region.size()));
    }

    void close() {
        if (arena != null) {
            arena.close();
        }
    }
}
