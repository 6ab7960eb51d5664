package eu.mikelangelo.shard.loop;

import java.util.concurrent.Executor;
import java.util.concurrent.locks.LockSupport;

/**
 * Fibers for a JVM that does not let us carry virtual threads: a platform thread each, which runs only while the loop
 * waits for it. The same meaning, some ten microseconds a switch instead of a seventh of one, and a call that blocks
 * blocks the shard.
 */
public final class PooledFibers implements FiberEngine {
    private final String reason;

    PooledFibers(String reason) {
        this.reason = reason;
    }

    /** The baton is with the loop or with the fiber; who does not have it waits. */
    public static final class Baton extends Thread {
        private final Executor executor;
        private final Runnable body;
        private final Runnable goOn = this::goOn;
        private volatile Thread loop;
        private volatile boolean fibersTurn;
        private volatile boolean permit;
        private volatile boolean ended;

        Baton(Executor executor, Runnable body) {
            super(null, null, "fiber", 0, false);
            this.executor = executor;
            this.body = body;
            setDaemon(true);
        }

        /** Whose tasks it runs in. */
        public Executor executor() {
            return executor;
        }

        @Override
        public void run() {
            awaitTurn();
            try {
                body.run();
            } finally {
                ended = true;
                giveBack();
            }
        }

        /** On the loop: lets the fiber run until it parks or ends. */
        private void goOn() {
            if (ended) {
                return;   // an unpark that came too late
            }
            loop = Thread.currentThread();
            fibersTurn = true;
            LockSupport.unpark(this);
            while (fibersTurn) {
                LockSupport.park(this);
            }
        }

        private void awaitTurn() {
            while (!fibersTurn) {
                LockSupport.park(this);
            }
        }

        private void giveBack() {
            fibersTurn = false;
            LockSupport.unpark(loop);
        }

        void parkHere() {
            if (permit) {
                permit = false;
                return;
            }
            giveBack();
            awaitTurn();
            permit = false;
        }

        /** As LockSupport's permit: an unpark before the park is not lost, several are one. */
        void unparkIt() {
            if (!permit) {
                permit = true;
                executor.execute(goOn);
            }
        }
    }

    @Override
    public String name() {
        return "pooled (slow; carried fibers: " + reason + ")";
    }

    @Override
    public Thread thread(Executor executor, Runnable body) {
        return new Baton(executor, body);
    }

    @Override
    public void start(Thread thread) {
        Baton baton = (Baton) thread;
        baton.start();
        baton.executor.execute(baton.goOn);
    }

    @Override
    public void park() {
        ((Baton) Thread.currentThread()).parkHere();
    }

    @Override
    public void unpark(Thread thread) {
        ((Baton) thread).unparkIt();
    }
}
