package eu.mikelangelo.ioplane;

import java.util.concurrent.locks.LockSupport;

/** Something that a control thread asks of a core and waits for. The core runs it between two turns. */
abstract class Command implements Runnable {
    private final Thread waiter = Thread.currentThread();
    private CoreAgent core;
    /** Written by the core before {@link #done}. */
    private RuntimeException failure;
    private volatile boolean done;

    /** Runs on the core's thread. A {@link RuntimeException} is handed to the control thread. */
    abstract void act(CoreAgent core);

    /** Before it is handed to the core, by the control thread. */
    Command of(CoreAgent agent) {
        core = agent;
        return this;
    }

    /** For the core. An {@link Error} of ours ends the core, but the control thread is told first. */
    @Override
    public final void run() {
        try {
            if (core.dead()) {
                throw new IllegalStateException("the I/O core has ended");
            }
            act(core);
        } catch (RuntimeException e) {
            failure = e;
        } catch (Error e) {
            failure = new IllegalStateException(
                    Breakdown.vanished(e) ? "a guest's memory vanished" : "the I/O core has ended", e);
            // Perhaps another guest's than the command's, and late. The control thread waits: what it unmaps next is
            // looked at now.
            if (!core.outlives(e)) {
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
