package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.MemorySegment;

/** {@code struct iovec} (bits/types/struct_iovec.h). */
public final class IovecLayout {
    public static final long SIZE = 16;
    public static final long BASE = 0;
    public static final long LENGTH = 8;

    private IovecLayout() {}

    /** Writes element {@code index} of an array. */
    public static void set(MemorySegment iovecs, int index, long address, long length) {
        iovecs.set(JAVA_LONG, index * SIZE + BASE, address);
        iovecs.set(JAVA_LONG, index * SIZE + LENGTH, length);
    }
}
