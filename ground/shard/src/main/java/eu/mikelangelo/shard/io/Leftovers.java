package eu.mikelangelo.shard.io;

import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;

/**
 * Room for what clients have said in part, in sizes of powers of two, used again by the next client: what it takes is
 * bounded by what is said in part at one time, and that by {@link #LIMIT}. One shard's alone.
 */
final class Leftovers {
    /** Bytes of a shard's clients together. */
    static final long LIMIT = 64 << 20;
    private static final int SMALLEST_BITS = 8;
    private static final int LARGEST_BITS = Integer.numberOfTrailingZeros(Server.INPUT_BYTES);

    @SuppressWarnings({"unchecked", "rawtypes"})
    private final ArrayDeque<Region>[] free = new ArrayDeque[LARGEST_BITS - SMALLEST_BITS + 1];
    /** Lent and free. */
    private long bytes;
    private long lent;

    Leftovers() {
        for (int i = 0; i < free.length; i++) {
            free[i] = new ArrayDeque<>();
        }
    }

    private static int sizeClass(long size) {
        return Math.max(SMALLEST_BITS, Long.SIZE - Long.numberOfLeadingZeros(size - 1)) - SMALLEST_BITS;
    }

    /** @return at least so many bytes, or null when the clients have said too much in part already */
    Region lend(int size) {
        int sizeClass = sizeClass(size);
        long room = 1L << sizeClass + SMALLEST_BITS;
        if (lent + room > LIMIT) {
            return null;
        }
        Region region = free[sizeClass].poll();
        if (region == null) {
            if (bytes + room > LIMIT) {
                forgetFree();
            }
            region = new Region(Arena.ofAuto().allocate(room, 8));
            bytes += room;
        }
        lent += room;
        return region;
    }

    void giveBack(Region region) {
        lent -= region.size();
        free[sizeClass(region.size())].push(region);
    }

    /** Bytes that clients have. */
    long lent() {
        return lent;
    }

    /** What is free in other sizes is left to the collector. */
    private void forgetFree() {
        for (ArrayDeque<Region> each : free) {
            each.clear();
        }
        bytes = lent;
    }
}
