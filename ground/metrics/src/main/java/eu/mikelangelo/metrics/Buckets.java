package eu.mikelangelo.metrics;

/**
 * Which bucket a value belongs to: one for each value below 256, then 128 to each doubling, so that a bucket is at most
 * 1/128 of its values wide (two significant digits and more). The scheme has no parameters: any two histograms merge.
 */
final class Buckets {
    static final int STEPS_LOG = 7;

    private Buckets() {}

    /** The bucket of a value that is not negative. */
    static int of(long value) {
        int shift = Math.max(0, 63 - Long.numberOfLeadingZeros(value | 1) - STEPS_LOG);
        return (shift << STEPS_LOG) + (int) (value >>> shift);
    }

    /** The smallest value of a bucket. */
    static long low(int bucket) {
        int shift = Math.max(0, (bucket >>> STEPS_LOG) - 1);
        return (long) (bucket - (shift << STEPS_LOG)) << shift;
    }

    /** The largest value of a bucket. */
    static long high(int bucket) {
        int shift = Math.max(0, (bucket >>> STEPS_LOG) - 1);
        return low(bucket) + (1L << shift) - 1;
    }

    /** Buckets for values 0 to {@code max}. */
    static int count(long max) {
        return of(max) + 1;
    }
}
