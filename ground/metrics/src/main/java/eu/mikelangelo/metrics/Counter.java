package eu.mikelangelo.metrics;

import java.lang.foreign.MemorySegment;

/** A number that only grows. One thread writes, any may read; no locked instruction, no allocation. */
public final class Counter {
    private final MemorySegment values;
    private final long offset;

    Counter(MemorySegment values, long offset) {
        this.values = values;
        this.offset = offset;
    }

    /** Adds one. Owner only. */
    public void increment() {
        add(1);
    }

    /** Adds {@code amount}, not negative. Owner only. */
    public void add(long amount) {
        MetricsLayout.value(values, offset, MetricsLayout.value(values, offset) + amount);
    }

    /** The number now; any thread. */
    public long get() {
        return MetricsLayout.value(values, offset);
    }
}
