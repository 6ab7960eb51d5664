package eu.mikelangelo.metrics;

import java.lang.foreign.MemorySegment;

/** A number that goes up and down. One thread writes, any may read; no locked instruction, no allocation. */
public final class Gauge {
    private final MemorySegment values;
    private final long offset;

    Gauge(MemorySegment values, long offset) {
        this.values = values;
        this.offset = offset;
    }

    /** Sets the number. Owner only. */
    public void set(long value) {
        MetricsLayout.value(values, offset, value);
    }

    /** Adds {@code amount}, which may be negative. Owner only. */
    public void add(long amount) {
        MetricsLayout.value(values, offset, MetricsLayout.value(values, offset) + amount);
    }

    /** The number now; any thread. */
    public long get() {
        return MetricsLayout.value(values, offset);
    }
}
