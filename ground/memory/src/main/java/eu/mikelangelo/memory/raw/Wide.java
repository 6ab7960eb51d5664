package eu.mikelangelo.memory.raw;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import jdk.incubator.vector.ByteVector;
import jdk.incubator.vector.VectorSpecies;

/**
 * Copies by whole vectors: one store for a cache line instead of eight, where the processor would wait for each line to
 * come from another core and can keep only so many stores in mind. Touched only where the JVM has the Vector API, which
 * is still an incubating module ({@code --add-modules jdk.incubator.vector}).
 */
public final class Wide {
    private static final VectorSpecies<Byte> FULL = ByteVector.SPECIES_PREFERRED.length() > 64
            ? ByteVector.SPECIES_512 : ByteVector.SPECIES_PREFERRED;
    private static final VectorSpecies<Byte> HALF = FULL.length() > 32 ? ByteVector.SPECIES_256
            : ByteVector.SPECIES_128;
    private static final int FULL_BYTES = FULL.length();
    private static final int HALF_BYTES = HALF.length();

    /** The shortest copy there is here. */
    public static final int LEAST = HALF_BYTES;

    private Wide() {
    }

    /** Copies from one segment to another. @param length at least {@link #LEAST} */
    public static void copy(MemorySegment source, long from, MemorySegment target, long to, int length) {
        if (length < FULL_BYTES) {
            half(source, from, target, to);
            half(source, from + length - HALF_BYTES, target, to + length - HALF_BYTES);
            return;
        }
        // The last vector ends exactly at the end, so no loop over single bytes.
        int last = length - FULL_BYTES;
        for (int at = 0; at < last; at += FULL_BYTES) {
            full(source, from + at, target, to + at);
        }
        full(source, from + last, target, to + last);
    }

    private static void full(MemorySegment source, long from, MemorySegment target, long to) {
        markUnsafe(source, from);
        ByteVector.fromMemorySegment(FULL, source, from, ByteOrder.LITTLE_ENDIAN)
                .intoMemorySegment(target, to, ByteOrder.LITTLE_ENDIAN);
    }

    private static void half(MemorySegment source, long from, MemorySegment target, long to) {
        markUnsafe(source, from);
        ByteVector.fromMemorySegment(HALF, source, from, ByteOrder.LITTLE_ENDIAN)
                .intoMemorySegment(target, to, ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * A load that is not used and leaves no instruction. But HotSpot turns a SIGBUS, of memory whose file has shrunk,
     * into an {@link InternalError} only in compiled code that it has marked for an access like this one; vectors mark
     * nothing, and the process would end (WideTest).
     */
    private static void markUnsafe(MemorySegment source, long from) {
        source.get(ValueLayout.JAVA_BYTE, from);
    }
}
