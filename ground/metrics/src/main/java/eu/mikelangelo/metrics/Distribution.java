package eu.mikelangelo.metrics;

import java.lang.foreign.MemorySegment;

/**
 * The sum of any number of {@link Histogram}s at the time they were added, for a reader: counts and percentiles. Not
 * thread-safe; can be cleared and used again without allocation.
 */
public final class Distribution {
    private final long[] counts;
    private long count;
    private double sum;
    private long max;

    /** @param max the largest value that is told from larger ones; take that of the histograms */
    public Distribution(long max) {
        this(new long[bucketsFor(max)]);
    }

    private Distribution(long[] counts) {
        this.counts = counts;
    }

    static Distribution ofBuckets(int buckets) {
        return new Distribution(new long[buckets]);
    }

    private static int bucketsFor(long max) {
        Histogram.bytes(max);
        return Buckets.count(max);
    }

    /** Adds all of another distribution; its values above our limit count in our last bucket. */
    public void add(Distribution other) {
        for (int bucket = 0; bucket < other.counts.length; bucket++) {
            add(bucket, other.counts[bucket]);
        }
        sum += other.sum;
        max = Math.max(max, other.max);
    }

    /** Forgets everything. */
    public void clear() {
        java.util.Arrays.fill(counts, 0);
        count = 0;
        sum = 0;
        max = 0;
    }

    /** How many values. */
    public long count() {
        return count;
    }

    /** Their sum. */
    public double sum() {
        return sum;
    }

    /** Their mean, exact; 0 when there are none. */
    public double mean() {
        return count == 0 ? 0 : sum / count;
    }

    /** The largest, exact; 0 when there are none. */
    public long max() {
        return max;
    }

    /** The lower end of the first bucket in use: the smallest value, less up to 1/128; 0 when there are none. */
    public long min() {
        for (int bucket = 0; bucket < counts.length; bucket++) {
            if (counts[bucket] != 0) {
                return Buckets.low(bucket);
            }
        }
        return 0;
    }

    /**
     * A value that at least {@code percent} of all do not exceed: the upper end of its bucket, never above
     * {@link #max}; 0 when there are none.
     *
     * @param percent 0 to 100
     */
    public long percentile(double percent) {
        if (!(percent >= 0 && percent <= 100)) {
            throw new IllegalArgumentException("percentile " + percent + "; it must be 0 to 100");
        }
        long rank = Math.max(1, (long) Math.ceil(count * (percent / 100)));
        long below = 0;
        for (int bucket = 0; bucket < counts.length - 1; bucket++) {
            below += counts[bucket];
            if (below >= rank) {
                return Math.min(Buckets.high(bucket), max);
            }
        }
        return max;
    }

    /** How many values are below 2 to the power {@code exponent}. */
    long countBelow(int exponent) {
        int end = Math.min(Buckets.of(1L << exponent), counts.length);
        long below = 0;
        for (int bucket = 0; bucket < end; bucket++) {
            below += counts[bucket];
        }
        return below;
    }

    void add(MemorySegment values, long start, int buckets) {
        for (int bucket = 0; bucket < buckets; bucket++) {
            add(bucket, MetricsLayout.value(values, start + MetricsLayout.HISTOGRAM_BUCKETS + 8L * bucket));
        }
        sum += MetricsLayout.value(values, start + MetricsLayout.HISTOGRAM_SUM);
        max = Math.max(max, MetricsLayout.value(values, start + MetricsLayout.HISTOGRAM_MAX));
    }

    private void add(int bucket, long amount) {
        counts[Math.min(bucket, counts.length - 1)] += amount;
        count += amount;
    }
}
