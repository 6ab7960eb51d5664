package eu.mikelangelo.agent;

import java.util.function.LongSupplier;

/**
 * Gives memory back when there is nothing to do: composing an image fills a heap that an idle agent does not need, and
 * the JVM returns it only after a full collection (tens of milliseconds; nobody waits). One thread of its own.
 */
final class Rest {
    private static final long LOOK_MILLIS = 10_000;
    private final LongSupplier answered;
    private final Runnable collect;
    private long seen;
    private long collectedAt;

    /**
     * @param answered requests answered so far; one that stands still means that nobody asks
     * @param collect gives memory back
     */
    Rest(LongSupplier answered, Runnable collect) {
        this.answered = answered;
        this.collect = collect;
    }

    void start() {
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

    /** Collects once after requests that were followed by a whole pause without any. */
    void look() {
        long now = answered.getAsLong();
        if (now == seen && now != collectedAt) {
            collectedAt = now;
            collect.run();
        }
        seen = now;
    }
}
