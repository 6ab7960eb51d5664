package eu.mikelangelo.vhost.inflight;

import eu.mikelangelo.memory.Region;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * Notes of one split ring which buffers were taken and not used, so that a successor does them again. Belongs to the
 * ring's thread; allocates in {@link #recover} only.
 *
 * <pre>{@code
 * int count = notes.recover(usedIndex, heads);  // once, before the ring is served: do heads[0..count) again
 * notes.taken(head);                            // before the first effect of a buffer
 * notes.used(head);                             // before it is in the used ring
 * usedIndexRelease(next); notes.published(next);
 * }</pre>
 *
 * <p>A killed process leaves its stores in the order it made them, if the compiler does: hence the fences. What is read
 * here may have been changed by the front-end; every index is checked, every walk is bounded.
 */
public final class SplitInflight {
    private static final int INDEX_BITS = 16;
    private static final long MAX_AGE = (1L << 62 - INDEX_BITS) - 1;

    private final Region part;
    private final int entries;
    private long counter;
    private int batch;

    /** @param part of the ring, see {@link InflightRegion#part} */
    public SplitInflight(Region part, int entries) {
        this.part = part;
        this.entries = entries;
    }

    /**
     * What a predecessor had in flight.
     *
     * @param usedIndex of the used ring in the guest's memory, 0 to 65,535
     * @param heads room for as many as the ring has entries
     * @return how many of them there are, oldest first, each below the number of entries
     */
    public int recover(int usedIndex, int[] heads) {
        int noted = part.u16(InflightLayout.USED_INDEX);
        int last = Math.min(usedIndex - noted & 0xffff, entries);
        // The last batch is in the used ring, and its notes may not have been taken back.
        int head = part.u16(InflightLayout.LAST_BATCH_HEAD);
        for (int i = 0; i < last && head < entries; i++) {
            part.u8(at(head) + InflightLayout.SPLIT_IN_FLIGHT, 0);
            head = part.u16(at(head) + InflightLayout.SPLIT_NEXT);
        }
        VarHandle.releaseFence();
        part.u16(InflightLayout.USED_INDEX, usedIndex);
        batch = 0;
        return collect(heads);
    }

    private int collect(int[] heads) {
        long[] order = new long[entries];
        int count = 0;
        long youngest = 0;
        for (int i = 0; i < entries; i++) {
            if (part.u8(at(i) + InflightLayout.SPLIT_IN_FLIGHT) != 0) {
                long age = Math.clamp(part.u64(at(i) + InflightLayout.SPLIT_COUNTER), 0, MAX_AGE);
                youngest = Math.max(youngest, age);
                order[count++] = age << INDEX_BITS | i;
            }
        }
        Arrays.sort(order, 0, count);
        for (int i = 0; i < count; i++) {
            heads[i] = (int) order[i] & 0xffff;
        }
        counter = youngest + 1;
        return count;
    }

    /** A buffer is ours from now on. */
    public void taken(int head) {
        part.u64(at(head) + InflightLayout.SPLIT_COUNTER, counter++);
        VarHandle.releaseFence();
        part.u8(at(head) + InflightLayout.SPLIT_IN_FLIGHT, 1);
        VarHandle.releaseFence();
    }

    /** A buffer will be in the used ring when its index is published next. */
    public void used(int head) {
        part.u16(at(head) + InflightLayout.SPLIT_NEXT, part.u16(InflightLayout.LAST_BATCH_HEAD));
        VarHandle.releaseFence();
        part.u16(InflightLayout.LAST_BATCH_HEAD, head);
        VarHandle.releaseFence();
        batch++;
    }

    /** The used ring's index has been stored. */
    public void published(int usedIndex) {
        VarHandle.releaseFence();
        int head = part.u16(InflightLayout.LAST_BATCH_HEAD);
        for (int i = 0; i < batch && head < entries; i++) {
            part.u8(at(head) + InflightLayout.SPLIT_IN_FLIGHT, 0);
            head = part.u16(at(head) + InflightLayout.SPLIT_NEXT);
        }
        VarHandle.releaseFence();
        part.u16(InflightLayout.USED_INDEX, usedIndex);
        batch = 0;
    }

    private static long at(int head) {
        return InflightLayout.SPLIT_HEADER + (long) head * InflightLayout.SPLIT_ENTRY;
    }
}
