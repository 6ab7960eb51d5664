package eu.mikelangelo.agent.service;

import java.util.concurrent.atomic.AtomicInteger;

/**
 * Gives memory back when work is over: a composition leaves a heap that idleness does not need, and the serial
 * collector shrinks it only when it runs. (System.gc() is a full collection there; with a small live set it takes
 * milliseconds.)
 */
final class Idle {
    private static final int QUIET_MILLIS = 2_000;
    private final AtomicInteger working = new AtomicInteger();
    private final AtomicInteger generation = new AtomicInteger();

    void begin() {
        working.incrementAndGet();
        generation.incrementAndGet();
    }

    void end() {
        working.decrementAndGet();
        int mine = generation.incrementAndGet();
        Thread.ofVirtual().name("idle").start(() -> {
            try {
                Thread.sleep(QUIET_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
            if (working.get() == 0 && generation.get() == mine) {
                System.gc();
            }
        });
    }
}
