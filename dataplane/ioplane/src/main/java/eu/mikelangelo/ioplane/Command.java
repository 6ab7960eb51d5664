package eu.mikelangelo.ioplane;

import java.util.concurrent.locks.LockSupport;

/** Something that a control thread asks of a core and waits for. The core runs it between two turns. */
abstract class Command implements Runnable {
    private final Thread waiter = Thread.currentThread();
    /** Written by the core before {@link #done}. */
    private RuntimeException failure;
    private volatile boolean done;

    /** Runs on the core's thread. A {@link RuntimeException} is handed to the control thread. */
    abstract void act();

    /** For the core. An {@link Error} of ours ends the core, but the control thread is told first. */
    @Override
    public final void run() {
        try {
            act();
        } catch (RuntimeException e) {
            failure = e;
        } catch (Error e) {
            if (Breakdown.vanished(e)) {
                failure = new IllegalStateException("the guest's memory vanished", e);
            } else {
                failure = new IllegalStateException("the I/O core has ended", e);
                throw e;
            }
        } finally {
            done = true;
            LockSupport.unpark(waiter);
        }
    }

    /** On the control thread that made it: waits until it was run, whatever interrupts. */
    void await() {
        boolean interrupted = false;
        while (!done) {
            LockSupport.park(this);
            interrupted |= Thread.interrupted();
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
        if (failure != null) {
            throw failure;
        }
    }
}
