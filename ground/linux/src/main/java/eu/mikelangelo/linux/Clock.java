package eu.mikelangelo.linux;

/** The one place where data-plane modules read time; a simulated world replaces the value, not the callers. */
public final class Clock {
    private Clock() {}

    /** Monotonic nanoseconds from an arbitrary start; compare by subtraction. */
    public static long nowNs() {
        return System.nanoTime();
    }
}
