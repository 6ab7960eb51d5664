package eu.mikelangelo.system;

import java.io.IOException;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;

/** A thread that attacks, or does the same to a guest that is connected to nothing; it begins with the latter. */
final class Hostile implements AutoCloseable {
    private final Attack attack;
    private final RingGuest real;
    private final RingGuest decoy;
    private final Random random;
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private volatile boolean attacks;
    private volatile boolean ended;

    Hostile(Attack attack, RingGuest real, RingGuest decoy, Random random) {
        this.attack = attack;
        this.real = real;
        this.decoy = decoy;
        this.random = random;
        thread = Thread.ofPlatform().name("hostile").start(this::run);
    }

    void attack(boolean now) {
        attacks = now;
    }

    /** What must not happen even to a hostile guest: that the plane does not answer it, for instance. */
    List<String> failures() {
        return failures;
    }

    private void run() {
        try {
            while (!ended) {
                boolean now = attacks;
                if (!now && attack == Attack.DEAF) {
                    takeAll();
                }
                attack.step(now ? real : decoy, now, random);
            }
        } catch (IOException | RuntimeException e) {
            failures.add(attack + ": " + e);
        }
    }

    private void takeAll() {
        boolean any = false;
        while (real.take()) {
            any = true;
        }
        if (any) {
            real.offer();
        }
    }

    @Override
    public void close() {
        ended = true;
        try {
            thread.join();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }
}
