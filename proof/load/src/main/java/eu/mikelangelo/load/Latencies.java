package eu.mikelangelo.load;

/**
 * A histogram of nanoseconds with a relative error of at most 1/64: powers of two, each in 64 equal parts. Counting
 * allocates nothing. One owner.
 */
final class Latencies {
    private static final int PARTS = 64;
    private static final int PART_BITS = 6;
    /** Up to 2^40 ns, 18 minutes; longer ones count as that. */
    private static final int POWERS = 40;

    private final long[] counts = new long[(POWERS - PART_BITS + 2) * PARTS];
    private long count;
    private long max;
    private double sum;

    void add(long ns) {
        long value = Math.clamp(ns, 0, (1L << POWERS) - 1);
        counts[index(value)]++;
        count++;
        sum += value;
        max = Math.max(max, value);
    }

    private static int index(long value) {
        if (value < PARTS) {
            return (int) value;
        }
        int shift = Long.SIZE - 1 - Long.numberOfLeadingZeros(value) - PART_BITS;
        return (shift + 1 << PART_BITS) + (int) (value >>> shift) - PARTS;
    }

    /** The largest value that falls into this place. */
    private static long top(int index) {
        if (index < PARTS) {
            return index;
        }
        int shift = (index >>> PART_BITS) - 1;
        return ((long) (index & PARTS - 1) + PARTS + 1 << shift) - 1;
    }

    void clear() {
        java.util.Arrays.fill(counts, 0);
        count = 0;
        max = 0;
        sum = 0;
    }

    long count() {
        return count;
    }

    /** Nanoseconds that {@code share} (0 to 1) of all values do not exceed; 0 when there are none. */
    long quantile(double share) {
        long wanted = Math.max(1, (long) Math.ceil(share * count));
        long seen = 0;
        for (int i = 0; i < counts.length; i++) {
            seen += counts[i];
            if (seen >= wanted) {
                return Math.min(top(i), max);
            }
        }
        return max;
    }

    long max() {
        return max;
    }

    double mean() {
        return count == 0 ? 0 : sum / count;
    }
}
