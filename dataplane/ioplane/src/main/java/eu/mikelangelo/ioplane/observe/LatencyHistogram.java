package eu.mikelangelo.ioplane.observe;

import eu.mikelangelo.metrics.Counters;

/**
 * How long bursts took: counts in buckets that double. Bucket {@code i} holds what took less than
 * {@code FIRST_NS << i} and not less than half of that; the last one has no upper end. Small, so that each port can
 * have one (a {@link eu.mikelangelo.metrics.Histogram} is a hundred times finer and as large).
 *
 * <p>Threading: the core records, without allocation or locked instruction; any thread reads.
 */
public final class LatencyHistogram {
    /** The upper end of the first bucket. */
    public static final long FIRST_NS = 128;
    /** From 128 ns to 8.6 s, and all above. */
    public static final int BUCKETS = 28;

    private static final int SUM = BUCKETS;
    private static final int MAX = BUCKETS + 1;
    private static final int FIRST_BITS = Long.SIZE - Long.numberOfLeadingZeros(FIRST_NS - 1);

    private final Counters values = new Counters(BUCKETS + 2);

    public LatencyHistogram() {
    }

    /** @return which bucket a time is in */
    public static int bucket(long ns) {
        int bits = Long.SIZE - Long.numberOfLeadingZeros(Math.max(0, ns));
        return Math.min(BUCKETS - 1, Math.max(0, bits - FIRST_BITS));
    }

    /** The core: one burst took so long. */
    public void record(long ns) {
        values.add(bucket(ns), 1);
        values.add(SUM, Math.max(0, ns));
        long above = ns - values.get(MAX);
        if (above > 0) {
            values.add(MAX, above);
        }
    }

    /** @return how many are in a bucket, 0 to {@link #BUCKETS} - 1 */
    public long count(int bucket) {
        return bucket < BUCKETS ? values.get(bucket) : 0;
    }

    /** @return nanoseconds of all together */
    public long sumNs() {
        return values.get(SUM);
    }

    /** @return the longest, exact */
    public long maxNs() {
        return values.get(MAX);
    }
}
