package eu.mikelangelo.ioplane.policy;

/**
 * A token bucket in whole numbers: nothing is rounded, whatever the rate and however often it is asked.
 *
 * <p>A unit (a bit, a frame) is {@value #NANO} tokens, so that a nanosecond earns exactly {@code perSecond} of them.
 * Something may pass while there are tokens, and what it costs may leave a debt. So in any window of {@code t} seconds
 * what is charged while it is {@link #open} is at most {@code perSecond * t + burst} and what was charged last. A debt
 * keeps long frames from starving beside short ones that would take every token before there are enough.
 *
 * <p>Threading: one thread. Nothing is allocated.
 */
final class TokenBucket {
    static final long MOST_PER_SECOND = 1_000_000_000_000L;
    /** Half of what a long can count: a full bucket and the largest debt are no overflow apart. */
    static final long MOST_BURST = 4_000_000_000L;

    private static final long NANO = 1_000_000_000L;
    private static final long MOST_DEBT = MOST_BURST * NANO;
    /**
     * How long whoever waits for tokens is left alone beyond the first of them, so that one look takes many frames; at
     * most half of the time in which the bucket fills, for what a full bucket earns is lost.
     */
    private static final long REST_NS = 50_000;

    private final long perSecond;
    private final long capacity;
    private final long restNs;
    /** After so long the bucket is full, whatever the debt was. */
    private final long fullNs;
    private long tokens;
    private long atNs;

    /**
     * A full bucket.
     *
     * @param perSecond units, 1 to {@value #MOST_PER_SECOND}
     * @param burst units, 1 to {@value #MOST_BURST}
     */
    TokenBucket(long perSecond, long burst, long nowNs) {
        if (perSecond < 1 || perSecond > MOST_PER_SECOND || burst < 1 || burst > MOST_BURST) {
            throw new IllegalArgumentException(perSecond + " a second, " + burst + " at once");
        }
        this.perSecond = perSecond;
        capacity = burst * NANO;
        fullNs = (capacity + MOST_DEBT + perSecond - 1) / perSecond;
        restNs = Math.min(REST_NS, capacity / perSecond / 2);
        tokens = capacity;
        atNs = nowNs;
    }

    /** @param nowNs not before that of an earlier call, or nothing is earned */
    boolean open(long nowNs) {
        long passedNs = nowNs - atNs;
        if (passedNs > 0) {
            atNs = nowNs;
            // Both are at most twice MOST_DEBT, which fits. No division: this is asked for each batch.
            long missing = capacity - tokens;
            long earned = Math.min(passedNs, fullNs) * perSecond;
            tokens = earned >= missing ? capacity : tokens + earned;
        }
        return tokens > 0;
    }

    /** @return whether all of it could pass without a debt; of what {@link #open} saw last */
    boolean covers(long units) {
        return tokens >= units * NANO;
    }

    /** @param units at most {@value #MOST_BURST} */
    void charge(long units) {
        tokens = Math.max(tokens - units * NANO, -MOST_DEBT);
    }

    /** @return when to ask again, after {@link #open} said no */
    long openAtNs() {
        return tokens > 0 ? atNs : atNs - tokens / perSecond + 1 + restNs;
    }
}
