package eu.mikelangelo.system;

import java.util.List;
import java.util.Random;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;

/** A thread that attacks, or does the same to a guest that is connected to nothing; it begins with the latter. */
final class Hostile implements AutoCloseable {
    private static final long PAUSE_NS = 20_000;
    private static final long SECOND_NS = 1_000_000_000L;
    private static final long PATIENCE_NS = 20 * SECOND_NS;
    private final Attack attack;
    private final RingGuest real;
    private final RingGuest decoy;
    private final Random random;
    private final List<String> failures = new CopyOnWriteArrayList<>();
    private final Thread thread;
    private final LongSupplier frames;
    private volatile boolean attacks;
    private volatile boolean ended;
    private volatile int steps;
    private volatile int hangUps;

    /** @param frames how many honest ones have arrived; so the attack is as dense on a busy host as on an idle one */
    Hostile(Attack attack, RingGuest real, RingGuest decoy, Random random, LongSupplier frames) {
        this.frames = frames;
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
        long next = 0;
        while (!ended) {
            if (frames.getAsLong() < next) {
                LockSupport.parkNanos(PAUSE_NS);
                continue;
            }
            next = frames.getAsLong() + attack.framesPerStep;
            step(attacks);
        }
    }

    private void step(boolean now) {
        try {
            if (!now && attack == Attack.DEAF) {
                takeAll();
            }
            attack.step(now ? real : decoy, now, random);
            steps = steps + 1;
        } catch (IllegalStateException hungUp) {
            again();
        } catch (RuntimeException e) {
            failures.add(attack + ": " + e);
            ended = true;
        }
    }

    /** The plane hangs up on who floods it with messages, and serves it again when the second is over. */
    private void again() {
        hangUps = hangUps + 1;
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (!ended) {
            try {
                real.start();
                return;
            } catch (IllegalStateException stillFlooded) {
                LockSupport.parkNanos(SECOND_NS / 10);
                if (System.nanoTime() > deadline) {
                    failures.add(attack + ": the plane serves it no more: " + stillFlooded);
                    ended = true;
                }
            }
        }
    }

    String counts() {
        return steps + " steps, " + hangUps + " hang-ups";
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
