package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.Region;
import java.util.Arrays;

/**
 * Up to a fixed number of pieces of memory, in order, seen as one run of bytes. Reused for every frame; nothing is
 * allocated after construction. One thread owns it.
 */
public final class ScatterList {
    private final Region[] regions;
    private final long[] offsets;
    private final int[] lengths;
    private int count;
    private long bytes;

    /** @param capacity the most pieces it can hold */
    public ScatterList(int capacity) {
        regions = new Region[capacity];
        offsets = new long[capacity];
        lengths = new int[capacity];
    }

    /** Forgets all pieces. */
    public void clear() {
        count = 0;
        bytes = 0;
    }

    /** Drops the references to regions too, so that a detached guest's objects can be collected. */
    public void forget() {
        clear();
        Arrays.fill(regions, null);
    }

    /**
     * Appends a piece. The caller has checked that it lies in the region (the region checks again when it is
     * touched).
     *
     * @return false when the list is full
     */
    public boolean add(Region region, long offset, int length) {
        int at = count;
        if (at == regions.length) {
            return false;
        }
        regions[at] = region;
        offsets[at] = offset;
        lengths[at] = length;
        count = at + 1;
        bytes += length;
        return true;
    }

    /** @return bytes of all pieces */
    public long bytes() {
        return bytes;
    }

    /** @return pieces held */
    public int count() {
        return count;
    }

    /** @return pieces that still fit */
    public int room() {
        return regions.length - count;
    }

    /**
     * Copies {@code length} bytes from {@code position} on into flat memory. The range must be inside {@link #bytes}.
     *
     * @throws IndexOutOfBoundsException when it is not: our own mistake, never a guest's
     */
    public void read(long position, Region target, long to, int length) {
        int piece = 0;
        long skip = position;
        while (skip >= lengths[piece] && length > 0) {
            skip -= lengths[piece++];
        }
        int left = length;
        long at = to;
        while (left > 0) {
            int now = (int) Math.min(left, lengths[piece] - skip);
            Region.copy(regions[piece], offsets[piece] + skip, target, at, now);
            at += now;
            left -= now;
            skip = 0;
            piece++;
        }
    }

    /**
     * Copies {@code length} bytes from {@code from} at {@code fromPosition} into {@code to} at {@code toPosition},
     * piece by piece. Both ranges must be inside their lists.
     *
     * @throws IndexOutOfBoundsException when one is not: our own mistake, never a guest's
     */
    public static void copy(ScatterList from, long fromPosition, ScatterList to, long toPosition, int length) {
        int source = 0;
        long sourceSkip = fromPosition;
        int target = 0;
        long targetSkip = toPosition;
        int left = length;
        while (left > 0) {
            while (sourceSkip >= from.lengths[source]) {
                sourceSkip -= from.lengths[source++];
            }
            while (targetSkip >= to.lengths[target]) {
                targetSkip -= to.lengths[target++];
            }
            long most = Math.min(from.lengths[source] - sourceSkip, to.lengths[target] - targetSkip);
            int now = (int) Math.min(left, most);
            Region.copy(from.regions[source], from.offsets[source] + sourceSkip,
                    to.regions[target], to.offsets[target] + targetSkip, now);
            sourceSkip += now;
            targetSkip += now;
            left -= now;
        }
    }

    /** Appends the bytes of {@code other} from {@code position} on. @return false when they do not fit */
    public boolean addTail(ScatterList other, long position) {
        long skip = position;
        for (int i = 0; i < other.count; i++) {
            int length = other.lengths[i];
            if (skip >= length) {
                skip -= length;
            } else {
                if (!add(other.regions[i], other.offsets[i] + skip, (int) (length - skip))) {
                    return false;
                }
                skip = 0;
            }
        }
        return true;
    }

    /**
     * Reads a little-endian number.
     *
     * @param bytes 1 to 8, the range inside {@link #bytes}
     */
    long little(long position, int bytes) {
        if (bytes == Long.BYTES && position + Long.BYTES <= lengths[0]) {
            return regions[0].u64(offsets[0] + position);
        }
        int piece = 0;
        long skip = position;
        long value = 0;
        for (int i = 0; i < bytes; i++) {
            while (skip >= lengths[piece]) {
                skip -= lengths[piece++];
            }
            value |= (long) regions[piece].u8(offsets[piece] + skip++) << Byte.SIZE * i;
        }
        return value;
    }

    /**
     * Writes the 12 or 10 bytes of a network header at the start.
     *
     * @param first its first eight bytes, little-endian
     * @param last the four behind them, of which a legacy driver's header has two
     */
    void writeNetHeader(Region scratch, int size, long first, int last) {
        if (lengths[0] >= NetHeaderLayout.SIZE && size == NetHeaderLayout.SIZE) {
            Region region = regions[0];
            long at = offsets[0];
            region.u64(at, first);
            region.u32(at + Long.BYTES, last);
            return;
        }
        scratch.u64(0, first);
        scratch.u32(Long.BYTES, last);
        long from = 0;
        for (int piece = 0; from < size; piece++) {
            int now = (int) Math.min(size - from, lengths[piece]);
            Region.copy(scratch, from, regions[piece], offsets[piece], now);
            from += now;
        }
    }
}
