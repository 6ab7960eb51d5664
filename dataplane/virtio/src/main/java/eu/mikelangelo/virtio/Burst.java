package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.memory.raw.Raw;
import java.lang.foreign.Arena;

/**
 * The next chains of a queue, those of one descriptor each: what nearly all frames and buffers are. Parallel arrays of
 * plain numbers, filled by {@link VirtQueue#list} and reused. One thread owns it.
 */
public final class Burst {
    /**
     * Chains listed at most. With twice as many as others take at a time, waiting for another core's lines costs each
     * half.
     */
    public static final int MAX = 64;

    final long[] addresses = new long[MAX];
    final int[] lengths = new int[MAX];
    final long[] words = new long[MAX];
    final int[] heads = new int[MAX];
    final int[] written = new int[MAX];
    /** Used entries on their way. */
    final Region entries = new Region(Arena.ofAuto().allocate((long) SplitRingLayout.USED_ENTRY_SIZE * MAX, 64));

    /** @return our address of chain {@code index}: all its bytes were checked, for {@link Raw} */
    public long address(int index) {
        return addresses[index];
    }

    /** @return bytes of the chain, 1 to {@link VirtQueue#MAX_DESCRIPTOR_BYTES} */
    public int length(int index) {
        return lengths[index];
    }

    /** Notes how much was written into the chain, from its start on. */
    public void written(int index, int bytes) {
        written[index] = bytes;
    }
}
