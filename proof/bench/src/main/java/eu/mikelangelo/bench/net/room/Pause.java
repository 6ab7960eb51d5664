package eu.mikelangelo.bench.net.room;

/** Sleeping, without a checked exception. */
public final class Pause {
    private Pause() {}

    public static void seconds(double seconds) {
        try {
            Thread.sleep(Math.round(seconds * 1_000));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
