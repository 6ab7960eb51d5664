package eu.mikelangelo.plane.api;

/**
 * A limit on what a port sends or is sent; zero is none, and for the burst the plane's own.
 *
 * @param bits a second, 0 or {@value #LEAST_BITS} to {@value #MOST_BITS}
 * @param frames a second, at most {@value #MOST_FRAMES}
 * @param burst bytes at once, at most {@value #MOST_BURST}
 */
public record NetRate(long bits, long frames, long burst) {
    public static final long LEAST_BITS = 1_000;
    public static final long MOST_BITS = 1_000_000_000_000L;
    public static final long MOST_FRAMES = 1_000_000_000;
    public static final long MOST_BURST = 256 << 20;
    public static final NetRate NONE = new NetRate(0, 0, 0);

    /** @throws IllegalArgumentException naming the value that cannot be */
    public NetRate {
        if (bits != 0 && (bits < LEAST_BITS || bits > MOST_BITS)) {
            throw new IllegalArgumentException("rate " + Amounts.text(bits, 1000) + " bit/s is not 1k to 1T");
        }
        if (frames < 0 || frames > MOST_FRAMES) {
            throw new IllegalArgumentException("pps " + Amounts.text(frames, 1000) + " is not 1 to 1G");
        }
        if (burst < 0 || burst > MOST_BURST) {
            throw new IllegalArgumentException("burst " + Amounts.text(burst, 1024) + " is not 1 to 256M bytes");
        }
        if (burst > 0 && bits == 0) {
            throw new IllegalArgumentException("burst " + Amounts.text(burst, 1024) + " needs a rate beside it");
        }
    }
}
