package eu.mikelangelo.ioplane.observe;

import eu.mikelangelo.metrics.Counters;

/**
 * What is counted of one queue, since its port was added.
 *
 * <p>Threading: written by the core that serves the queue; any thread reads. Two numbers need not be of the same
 * moment.
 */
public final class QueueCounters {
    /** Places in the block, for {@link #add}. */
    public static final int FRAMES = 0;
    public static final int BYTES = 1;
    public static final int BURSTS = 2;
    public static final int KICKS = 3;
    public static final int CALLS = 4;
    public static final int CALLS_SUPPRESSED = 5;
    static final int DEPTH_SUM = 6;
    static final int DEPTH_MAX = 7;
    /** How many there are. */
    public static final int COUNT = 8;

    private final Counters counters;
    private final int first;

    /** @param first where in the block they lie */
    public QueueCounters(Counters counters, int first) {
        this.counters = counters;
        this.first = first;
    }

    /** @return frames taken from a transmit queue, dropped ones included, or delivered into a receive queue */
    public long frames() {
        return get(FRAMES);
    }

    /** @return their bytes, without virtio headers */
    public long bytes() {
        return get(BYTES);
    }

    /** @return how often at least one frame was taken or delivered and then published; frames per burst is the batch */
    public long bursts() {
        return get(BURSTS);
    }

    /** @return notifications taken from the driver */
    public long kicks() {
        return get(KICKS);
    }

    /** @return interrupts asked of the driver */
    public long calls() {
        return get(CALLS);
    }

    /** @return bursts of which the driver did not want to be told */
    public long callsSuppressed() {
        return get(CALLS_SUPPRESSED);
    }

    /**
     * @return the sum, over all bursts, of chains that the driver had made available: frames that waited, those of the
     *         burst included, in a transmit queue; buffers still free after the burst in a receive queue. A packed
     *         ring does not say how many there are: of such it is only those that were looked at
     */
    public long depthSum() {
        return get(DEPTH_SUM);
    }

    /** @return the largest of what {@link #depthSum} adds up */
    public long depthMax() {
        return get(DEPTH_MAX);
    }

    /** The core: a burst ends. */
    public void burst(int depth) {
        add(BURSTS, 1);
        add(DEPTH_SUM, depth);
        long above = depth - get(DEPTH_MAX);
        if (above > 0) {
            add(DEPTH_MAX, above);
        }
    }

    /** The core. */
    public void add(int counter, long amount) {
        counters.add(first + counter, amount);
    }

    private long get(int counter) {
        return counters.get(first + counter);
    }
}
