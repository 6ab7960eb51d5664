package eu.mikelangelo.agent.service;

/**
 * Gives memory back when work is over: a composition leaves a heap that idleness does not need, and the JVM returns it
 * only after a full collection (tens of milliseconds). Work is what makes and starts; whoever only looks, however
 * often, keeps no memory. Thread-safe; one thread of its own once started.
 */
public final class Rest {
    private static final long LOOK_MILLIS = 10_000;
    private final Runnable collect;
    private long begun;
    private long ended;
    private long seen;
    private long collectedAt;

    /** @param collect gives memory back */
    public Rest(Runnable collect) {
        this.collect = collect;
    }

    public void start() {
        Thread.ofPlatform().daemon().name("rest").start(() -> {
            try {
                while (true) {
                    Thread.sleep(LOOK_MILLIS);
                    look();
                }
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
    }

    synchronized void begin() {
        begun++;
    }

    synchronized void end() {
        ended++;
    }

    /** Collects once after work that was followed by a whole pause without any. */
    void look() {
        synchronized (this) {
            boolean still = begun == ended && begun == seen && begun != collectedAt;
            seen = begun;
            if (!still) {
                return;
            }
            collectedAt = begun;
        }
        collect.run();
    }
}
