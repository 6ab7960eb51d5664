package eu.mikelangelo.ioplane.policy;

/**
 * A {@link Rate} at work: bits and frames, of which both must have tokens. Several ports may share one. One thread;
 * nothing is allocated after construction.
 */
final class Limit {
    /** By default what is earned in this time may pass at once, and no less than the two below. */
    private static final long BURST_PER_SECOND = 100;
    /** Two of the longest frames. */
    private static final long LEAST_BURST_BITS = 2 * 65_550 * Byte.SIZE;
    /** A turn of the core. */
    private static final long LEAST_BURST_FRAMES = 32;

    /** Null where there is no limit. */
    private final TokenBucket bits;
    private final TokenBucket frames;

    private Limit(Rate rate, long nowNs) {
        long burst = rate.burstBytes() > 0 ? rate.burstBytes() * Byte.SIZE
                : Math.clamp(rate.bitsPerSecond() / BURST_PER_SECOND, LEAST_BURST_BITS, TokenBucket.MOST_BURST);
        bits = rate.bitsPerSecond() == 0 ? null : new TokenBucket(rate.bitsPerSecond(), burst, nowNs);
        frames = rate.framesPerSecond() == 0 ? null : new TokenBucket(rate.framesPerSecond(),
                Math.max(rate.framesPerSecond() / BURST_PER_SECOND, LEAST_BURST_FRAMES), nowNs);
    }

    /** @return null when nothing is limited */
    static Limit of(Rate rate, long nowNs) {
        return rate.unlimited() ? null : new Limit(rate, nowNs);
    }

    /** @return whether one more frame may pass, however long it is */
    boolean open(long nowNs) {
        // Both, for each earns tokens by it.
        boolean bitsOpen = bits == null || bits.open(nowNs);
        return (frames == null || frames.open(nowNs)) && bitsOpen;
    }

    /** What has passed. */
    void charge(int count, long bytes) {
        if (bits != null) {
            bits.charge(bytes * Byte.SIZE);
        }
        if (frames != null) {
            frames.charge(count);
        }
    }

    /** @return how many of a batch may pass: all when there are tokens for all, else one while there are any, else 0 */
    int allow(int count, long bytes, long nowNs) {
        if (!open(nowNs)) {
            return 0;
        }
        return (bits == null || bits.covers(bytes * Byte.SIZE)) && (frames == null || frames.covers(count)) ? count
                : Math.min(1, count);
    }

    /** @return when to ask again, after it was not {@link #open} */
    long openAtNs() {
        return Math.max(bits == null ? Long.MIN_VALUE : bits.openAtNs(),
                frames == null ? Long.MIN_VALUE : frames.openAtNs());
    }
}
