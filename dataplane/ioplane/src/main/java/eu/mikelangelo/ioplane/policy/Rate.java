package eu.mikelangelo.ioplane.policy;

/**
 * How much may pass in the long run, and how much at once. A zero is no limit, or for the burst the default.
 *
 * @param bitsPerSecond bits of frames without virtio headers, 0 or {@value #LEAST_BITS} to {@value #MOST_BITS}
 * @param framesPerSecond 0 to {@value #MOST_FRAMES}; a segment of 64 KiB is one frame
 * @param burstBytes bytes that may pass at once after a pause, 0 or at most {@value #MOST_BURST}
 */
public record Rate(long bitsPerSecond, long framesPerSecond, long burstBytes) {
    public static final long LEAST_BITS = 1_000;
    public static final long MOST_BITS = 1_000_000_000_000L;
    public static final long MOST_FRAMES = 1_000_000_000L;
    public static final long MOST_BURST = 256 << 20;
    public static final Rate NONE = new Rate(0, 0, 0);

    /** @throws IllegalArgumentException naming the value that cannot be */
    public Rate {
        if (bitsPerSecond != 0 && bitsPerSecond < LEAST_BITS || bitsPerSecond > MOST_BITS) {
            throw new IllegalArgumentException(bitsPerSecond + " bit/s; " + LEAST_BITS + " to " + MOST_BITS
                    + " are possible");
        }
        if (framesPerSecond < 0 || framesPerSecond > MOST_FRAMES) {
            throw new IllegalArgumentException(framesPerSecond + " frames/s; 1 to " + MOST_FRAMES + " are possible");
        }
        if (burstBytes < 0 || burstBytes > MOST_BURST) {
            throw new IllegalArgumentException("a burst of " + burstBytes + " bytes; 1 to " + MOST_BURST
                    + " are possible");
        }
    }

    /** @return whether nothing is limited */
    public boolean unlimited() {
        return bitsPerSecond == 0 && framesPerSecond == 0;
    }
}
