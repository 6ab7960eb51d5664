package eu.mikelangelo.metrics;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * How values are distributed: counts in logarithmic buckets, each at most 1/128 wide, for example latencies in
 * nanoseconds. Fixed memory (32 KB for values up to a minute in nanoseconds). One thread records, without allocation
 * or locked instruction; any thread reads through a {@link Distribution}. Values above the limit count in the last
 * bucket; {@link Distribution#max} stays exact.
 */
public final class Histogram {
    private final MemorySegment values;
    private final long start;
    private final int last;

    /**
     * A histogram on its own, in no registry.
     *
     * @param max the largest value that is told from larger ones, at least 1
     */
    public Histogram(long max) {
        this(Arena.ofAuto().allocate(bytes(max), 64), 0, Buckets.count(max));
    }

    Histogram(MemorySegment values, long start, int buckets) {
        this.values = values;
        this.start = start;
        last = buckets - 1;
    }

    static long bytes(long max) {
        if (max < 1) {
            throw new IllegalArgumentException("largest value " + max + "; it must be at least 1");
        }
        return MetricsLayout.HISTOGRAM_BUCKETS + 8L * Buckets.count(max);
    }

    /** Records one value; a negative one counts as 0. Owner only. */
    public void record(long value) {
        record(value, 1);
    }

    /** Records {@code times} equal values. Owner only. */
    public void record(long value, long times) {
        long counted = Math.max(value, 0);
        long bucket = start + MetricsLayout.HISTOGRAM_BUCKETS + 8L * Math.min(Buckets.of(counted), last);
        add(bucket, times);
        add(start + MetricsLayout.HISTOGRAM_SUM, counted * times);
        if (counted > MetricsLayout.value(values, start + MetricsLayout.HISTOGRAM_MAX)) {
            MetricsLayout.value(values, start + MetricsLayout.HISTOGRAM_MAX, counted);
        }
    }

    /** Forgets everything. Owner only; readers may see it half done. */
    public void clear() {
        for (long at = start; at <= start + MetricsLayout.HISTOGRAM_BUCKETS + 8L * last; at += 8) {
            MetricsLayout.value(values, at, 0);
        }
    }

    /** Adds everything recorded so far to {@code to}; any thread, while the owner records. */
    public void addTo(Distribution to) {
        to.add(values, start, last + 1);
    }

    private void add(long offset, long amount) {
        MetricsLayout.value(values, offset, MetricsLayout.value(values, offset) + amount);
    }
}
