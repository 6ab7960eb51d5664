package eu.mikelangelo.load;

/** Which key comes next: uniform, or by Zipf's law from a table of aliases (Vose), one look-up a draw. */
final class Keys {
    private final int count;
    private final long[] threshold;
    private final int[] alias;
    private long state;

    Keys(int count, double zipf, long seed) {
        this.count = count;
        this.state = seed * 0x9e3779b97f4a7c15L + 1;
        threshold = zipf > 0 ? new long[count] : null;
        alias = zipf > 0 ? new int[count] : null;
        if (zipf > 0) {
            buildAliases(zipf);
        }
    }

    private void buildAliases(double zipf) {
        double[] weight = new double[count];
        double sum = 0;
        for (int i = 0; i < count; i++) {
            weight[i] = Math.pow(i + 1.0, -zipf);
            sum += weight[i];
        }
        int[] small = new int[count];
        int[] large = new int[count];
        int smalls = 0;
        int larges = 0;
        for (int i = 0; i < count; i++) {
            weight[i] *= count / sum;
            if (weight[i] < 1) {
                small[smalls++] = i;
            } else {
                large[larges++] = i;
            }
        }
        while (smalls > 0 && larges > 0) {
            int poor = small[--smalls];
            int rich = large[larges - 1];
            threshold[poor] = (long) (weight[poor] * (1L << 32));
            alias[poor] = rich;
            weight[rich] -= 1 - weight[poor];
            if (weight[rich] < 1) {
                larges--;
                small[smalls++] = rich;
            }
        }
        for (int i = 0; i < larges; i++) {
            threshold[large[i]] = 1L << 32;
        }
        for (int i = 0; i < smalls; i++) {
            threshold[small[i]] = 1L << 32;
        }
    }

    /** 64 random bits (SplitMix64). */
    long bits() {
        state += 0x9e3779b97f4a7c15L;
        long z = (state ^ state >>> 30) * 0xbf58476d1ce4e5b9L;
        z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
        return z ^ z >>> 31;
    }

    /** A number of 0 up to, but not including, 1. */
    double fraction() {
        return (bits() >>> 11) * 0x1p-53;
    }

    /** The next key, 0 to count - 1; with Zipf's law 0 is the most frequent. */
    int next() {
        long bits = bits();
        int index = (int) ((bits >>> 32) * count >>> 32);
        if (threshold == null || (bits & 0xffffffffL) < threshold[index]) {
            return index;
        }
        return alias[index];
    }
}
