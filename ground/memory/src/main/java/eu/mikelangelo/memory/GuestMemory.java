package eu.mikelangelo.memory;

import java.lang.foreign.MemorySegment;
import java.util.List;

/**
 * The memory of one guest as its front-end announced it: an immutable table of regions, each known by the address the
 * guest uses (guest physical) and the address the front-end uses (user).
 *
 * <p>Addresses come from a hostile guest. {@link #find} answers the index of the one region that holds the whole
 * range, or {@link #NONE}; a range that crosses from one region into the next is in neither. All comparisons are
 * unsigned and of the form {@code offset < size && length <= size - offset}, which no sum can overflow.
 *
 * <p>Threading: safe for any thread. The last region found is remembered without synchronisation; it is only a hint,
 * each use of which is checked. This object does not unmap anything: who mapped the segments does, after every user
 * has let go.
 */
public final class GuestMemory {
    /** The answer when no region holds a range. */
    public static final int NONE = -1;

    /** The most regions a table may have; QEMU uses at most 8 without memory slots configured and 64 is ample. */
    public static final int MAX_REGIONS = 64;

    /** No memory at all. */
    public static final GuestMemory EMPTY = new GuestMemory(List.of());

    private final Region[] regions;
    private final long[] guestStart;
    private final long[] userStart;
    private final long[] sizes;
    private int lastGuestHit;
    /** The region that {@link #host} found last; none while its size is 0. */
    private long hitStart;
    private long hitSize;
    private long hitHost;

    /**
     * One region as announced.
     *
     * @param guestPhysical where the guest sees it
     * @param userAddress where the front-end (QEMU) sees it
     * @param segment where we see it, already mapped; its size is the region's size
     */
    public record Mapping(long guestPhysical, long userAddress, MemorySegment segment) {
    }

    /**
     * @param mappings at most {@link #MAX_REGIONS}
     * @throws IllegalArgumentException naming the value when there are too many regions, one is empty, wraps around
     *     the address space, or overlaps another (in guest physical addresses or in the front-end's)
     */
    public GuestMemory(List<Mapping> mappings) {
        int count = mappings.size();
        if (count > MAX_REGIONS) {
            throw new IllegalArgumentException(count + " memory regions, at most " + MAX_REGIONS + " are served");
        }
        regions = new Region[count];
        guestStart = new long[count];
        userStart = new long[count];
        sizes = new long[count];
        for (int i = 0; i < count; i++) {
            Mapping mapping = mappings.get(i);
            regions[i] = new Region(mapping.segment());
            guestStart[i] = mapping.guestPhysical();
            userStart[i] = mapping.userAddress();
            sizes[i] = mapping.segment().byteSize();
        }
        check("guest physical", guestStart, sizes);
        check("front-end", userStart, sizes);
    }

    private static void check(String space, long[] starts, long[] sizes) {
        for (int i = 0; i < starts.length; i++) {
            if (sizes[i] <= 0) {
                throw new IllegalArgumentException("memory region " + i + " is empty");
            }
            // The last byte must not lie before the first: unsigned wrap-around.
            if (Long.compareUnsigned(starts[i] + (sizes[i] - 1), starts[i]) < 0) {
                throw new IllegalArgumentException("memory region " + i + " at " + space + " address 0x"
                        + Long.toHexString(starts[i]) + " wraps around the address space");
            }
            for (int j = 0; j < i; j++) {
                boolean apart = Long.compareUnsigned(starts[i] - starts[j], sizes[j]) >= 0
                        && Long.compareUnsigned(starts[j] - starts[i], sizes[i]) >= 0;
                if (!apart) {
                    throw new IllegalArgumentException("memory regions " + j + " and " + i + " overlap at " + space
                            + " address 0x" + Long.toHexString(starts[i]));
                }
            }
        }
    }

    /** @return how many regions there are; their indices are 0 to this minus one */
    public int regions() {
        return regions.length;
    }

    /** @return the region with this index */
    public Region region(int index) {
        return regions[index];
    }

    /** @return the first guest physical address of region {@code index} */
    public long guestStart(int index) {
        return guestStart[index];
    }

    /** @return the first front-end address of region {@code index} */
    public long userStart(int index) {
        return userStart[index];
    }

    /**
     * Finds the region that holds {@code length} bytes from a guest physical address on; the offset in it is the
     * address minus {@link #guestStart}.
     *
     * @param length bytes, taken as unsigned; zero is inside wherever the address is
     * @return the region's index or {@link #NONE}
     */
    public int find(long guestPhysical, long length) {
        int hint = lastGuestHit;
        if (hint < sizes.length && holds(guestStart[hint], sizes[hint], guestPhysical, length)) {
            return hint;
        }
        int found = search(guestStart, guestPhysical, length);
        if (found != NONE) {
            lastGuestHit = found;
        }
        return found;
    }

    /**
     * As {@link #find}, for {@link eu.mikelangelo.memory.raw.Raw}.
     *
     * @return our own address of the bytes, or 0 when no region holds them all
     */
    public long host(long guestPhysical, long length) {
        long offset = guestPhysical - hitStart;
        if (Long.compareUnsigned(offset, hitSize) < 0 && Long.compareUnsigned(length, hitSize - offset) <= 0) {
            return hitHost + offset;
        }
        int found = find(guestPhysical, length);
        if (found == NONE) {
            return 0;
        }
        hitStart = guestStart[found];
        hitSize = sizes[found];
        hitHost = regions[found].segment().address();
        return hitHost + (guestPhysical - hitStart);
    }

    /**
     * As {@link #find} for an address of the front-end, which is how the vhost-user protocol names rings.
     *
     * @return the region's index or {@link #NONE}; the offset in it is the address minus {@link #userStart}
     */
    public int findUser(long userAddress, long length) {
        return search(userStart, userAddress, length);
    }

    private int search(long[] starts, long address, long length) {
        for (int i = 0; i < starts.length; i++) {
            if (holds(starts[i], sizes[i], address, length)) {
                return i;
            }
        }
        return NONE;
    }

    private static boolean holds(long start, long size, long address, long length) {
        // offset < size <= Long.MAX_VALUE, so size - offset is positive and cannot wrap.
        long offset = address - start;
        return Long.compareUnsigned(offset, size) < 0 && Long.compareUnsigned(length, size - offset) <= 0;
    }
}
