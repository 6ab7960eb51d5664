package eu.mikelangelo.bench.net;

/** Sleeping, without a checked exception. */
final class Pause {
    private Pause() {}

    static void seconds(double seconds) {
        try {
            Thread.sleep(Math.round(seconds * 1_000));
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
