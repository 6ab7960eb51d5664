package eu.mikelangelo.metrics;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * A block of counters written by one thread and readable by any. An addition is a plain load and an opaque store: no
 * locked instruction. Readers see each counter whole and never going back, but two counters need not be of the same
 * moment. The block keeps its distance from neighbours on the heap, so that readers of other objects do not slow the
 * writer down.
 */
public final class Counters {
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(long[].class);
    /** Two cache lines of 64 bytes: processors fetch lines in pairs. */
    private static final int PAD = 16;

    private final long[] values;
    private final int count;

    public Counters(int count) {
        this.count = count;
        values = new long[PAD + count + PAD];
    }

    /** Adds to a counter. Owner thread only. */
    public void add(int index, long amount) {
        int at = PAD + index;
        ELEMENT.setOpaque(values, at, values[at] + amount);
    }

    /** Reads a counter; any thread. */
    public long get(int index) {
        return (long) ELEMENT.getOpaque(values, PAD + index);
    }

    public int count() {
        return count;
    }
}
