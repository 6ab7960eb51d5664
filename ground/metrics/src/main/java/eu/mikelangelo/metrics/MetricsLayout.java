package eu.mikelangelo.metrics;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * The file of {@link Metrics}, little-endian: a header, then descriptors of fixed size, then values. A descriptor is
 * complete before the count includes it and never changes afterwards; values are whole 64-bit words.
 */
final class MetricsLayout {
    static final ValueLayout.OfInt U32 = ValueLayout.JAVA_INT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle VALUE = ValueLayout.JAVA_LONG.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();
    private static final VarHandle COUNT = ValueLayout.JAVA_INT.withOrder(ByteOrder.LITTLE_ENDIAN).varHandle();

    /** "MIKEMET" and the version of this layout. */
    static final long MAGIC = 0x0154_454d_454b_494dL;

    static final long HEADER_SIZE = 64;
    static final long HEADER_MAGIC = 0;
    static final long HEADER_COUNT = 8;
    static final long HEADER_CAPACITY = 12;
    static final long HEADER_PID = 16;

    static final long ENTRY_SIZE = 512;
    static final long ENTRY_KIND = 0;
    /** Buckets of a histogram. */
    static final long ENTRY_BUCKETS = 4;
    static final long ENTRY_VALUE = 8;
    static final long ENTRY_SCALE = 16;
    /** Exponent of two of the first bound of a histogram that is shown. */
    static final long ENTRY_LOW = 24;
    /** Lengths of name, labels and help, which follow each other in UTF-8 from ENTRY_TEXT on. */
    static final long ENTRY_NAME = 28;
    static final long ENTRY_LABELS = 32;
    static final long ENTRY_HELP = 36;
    static final long ENTRY_TEXT = 40;
    static final int TEXT_ROOM = (int) (ENTRY_SIZE - ENTRY_TEXT);

    static final int KIND_COUNTER = 1;
    static final int KIND_GAUGE = 2;
    static final int KIND_HISTOGRAM = 3;

    /** Of a histogram's words: sum and maximum, then the buckets. */
    static final long HISTOGRAM_SUM = 0;
    static final long HISTOGRAM_MAX = 8;
    static final long HISTOGRAM_BUCKETS = 16;

    private MetricsLayout() {}

    static long entry(int index) {
        return HEADER_SIZE + index * ENTRY_SIZE;
    }

    /** Where values begin: at a page, so that writers start on lines of their own. */
    static long values(int capacity) {
        return HEADER_SIZE + capacity * ENTRY_SIZE + 4095 & ~4095L;
    }

    static int countAcquire(MemorySegment file) {
        return (int) COUNT.getAcquire(file, HEADER_COUNT);
    }

    static void countRelease(MemorySegment file, int count) {
        COUNT.setRelease(file, HEADER_COUNT, count);
    }

    /** One whole word, in no order to others: readers see each value as some writer left it. */
    static long value(MemorySegment file, long offset) {
        return (long) VALUE.getOpaque(file, offset);
    }

    static void value(MemorySegment file, long offset, long value) {
        VALUE.setOpaque(file, offset, value);
    }
}
