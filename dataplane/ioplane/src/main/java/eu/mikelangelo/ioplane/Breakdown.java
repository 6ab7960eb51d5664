package eu.mikelangelo.ioplane;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.virtio.QueueFault;

/**
 * What happens when a turn of the core fails: whoever cannot be served loses its queues, everybody else goes on.
 *
 * <p>Somebody's memory vanished (SIGBUS arrives as {@link InternalError}, perhaps a little late and perhaps at another
 * port's turn), or we made a mistake. Those whose memory cannot be read pay; if all can, the port in whose turn it
 * happened, unless another was given up just before. Threading: the core's thread.
 */
final class Breakdown {
    /** Whoever is served when an error comes so soon behind a guest's end is innocent: all memory can be read. */
    private static final long LATE_NS = 1_000_000_000;

    private final Switch fabric;
    private final DistinctErrors errors;
    /** When a guest's memory was found to be gone. One access that fails may raise two errors, the second late. */
    private long goneNs = Clock.nowNs() - LATE_NS;

    Breakdown(Switch fabric, DistinctErrors errors) {
        this.fabric = fabric;
        this.errors = errors;
    }

    /**
     * Whether this tells of memory that vanished. A system call in which it is raised wraps it.
     */
    static boolean vanished(Throwable thrown) {
        return thrown instanceof InternalError || thrown.getCause() instanceof InternalError;
    }

    /** @param serving the port in whose turn it happened; null when it was nobody's */
    void contain(Throwable cause, Port serving) {
        if (!giveUpUnreadable(cause)) {
            if (vanished(cause) && Clock.nowNs() - goneNs < LATE_NS) {
                errors.record("an error of a guest that is given up came late", String.valueOf(cause));
            } else if (serving != null) {
                giveUp(serving, vanished(cause) ? QueueFault.MEMORY_GONE : QueueFault.INTERNAL, cause);
            } else {
                errors.record("an error outside any port's turn", String.valueOf(cause));
            }
        }
        publish();
    }

    private boolean giveUpUnreadable(Throwable cause) {
        boolean found = false;
        for (int i = 0; i < fabric.top(); i++) {
            Port port = fabric.port(i);
            if (port == null || port.fault() == QueueFault.MEMORY_GONE) {
                continue;
            }
            if (gone(port)) {
                giveUp(port, QueueFault.MEMORY_GONE, cause);
                found = true;
            }
        }
        return found;
    }

    /** Shows what was done for the others; memory that vanishes meanwhile takes its port with it. */
    private void publish() {
        for (int tries = 0; tries <= Switch.MAX_PORTS; tries++) {
            try {
                fabric.flushAll();
                return;
            } catch (InternalError | RuntimeException e) {
                if (!giveUpUnreadable(e)) {
                    errors.record("used entries could not be shown", String.valueOf(e));
                    return;
                }
            }
        }
    }

    private void giveUp(Port port, QueueFault reason, Throwable cause) {
        port.breakDown(reason);
        if (reason == QueueFault.MEMORY_GONE) {
            goneNs = Clock.nowNs();
        }
        for (Pair pair : port.all()) {
            fabric.forgetWaiters(pair);
        }
        errors.record("port " + port.name() + ": " + reason.text(), String.valueOf(cause));
    }

    private static boolean gone(Port port) {
        GuestMemory looked = GuestMemory.EMPTY;
        for (Pair pair : port.all()) {
            GuestMemory sender = pair.tx.queue().memory();
            GuestMemory receiver = pair.rx.queue().memory();
            // Mostly all queues have the same.
            if (sender != looked && gone(sender) || receiver != sender && receiver != looked && gone(receiver)) {
                return true;
            }
            looked = receiver;
        }
        return false;
    }

    /** A file that was shrunk lacks its end, so the last byte of each region tells; one that was unmapped has none. */
    private static boolean gone(GuestMemory memory) {
        try {
            int sum = 0;
            for (int i = 0; i < memory.regions(); i++) {
                sum += memory.region(i).u8(memory.region(i).size() - 1);
            }
            // The error may be raised late, at the next transition into the VM: make one while we are still here.
            Thread.yield();
            return sum < 0;
        } catch (InternalError | IllegalStateException e) {
            return true;
        }
    }
}
