package eu.mikelangelo.ioplane;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.metrics.DistinctErrors;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes calls by writing eventfds, and knows when one does not return.
 *
 * <p>Call descriptors are made non-blocking, but that belongs to the open file: a hostile front-end can clear it, fill
 * the counter, and the core would wait for ever for it to be read. Nothing else of a peer's can block the core for
 * ever where memory must be sealed; where it need not be ({@code io serve}), a page of a file on the peer's own
 * FUSE can as well, and nothing here helps against that.
 *
 * <p>Threading: {@link #ring} by the core, {@link #free} by one other thread.
 */
final class CallGuard implements Doorbell {
    /**
     * How often a counter is read in a peer's place that fills it again at once: in bursts, for a peer that spins on
     * the write is as quick as we are, and after each the core has a moment to go on.
     */
    private static final int BURSTS = 500;
    private static final int DRAINS = 20;
    private static final long PAUSE_NS = 100_000;
    /** A core that gets no processor can be found in one call twice; not for so long. */
    private static final long LONG_NS = 5_000_000_000L;

    private final HotCalls calls;
    /** The descriptor of the call that is being made, below a number of its own; 0 when none is. */
    private volatile long calling;
    private long number;
    /** What {@link #free} saw the last time. */
    private long seen;
    /** When it saw that for the first time. */
    private long seenNs;

    CallGuard(HotCalls calls) {
        this.calls = calls;
    }

    @Override
    public void ring(int callFd) {
        number++;
        calling = number << Integer.SIZE | callFd;
        try {
            calls.signal(callFd);
        } catch (InternalError late) {
            // Another guest's file shrank; whether the call was made is unknown, and one too many is harmless.
            calls.signal(callFd);
            throw late;
        } finally {
            // A call that seems to go on would cost an innocent port.
            calling = 0;
        }
    }

    /**
     * When the core is in the same call as the last time, reads the counter in the peer's place.
     *
     * @param errors told when that did not help; the next look tries again
     * @return the port that held the core and does not any more; null when the core was not held, or still is
     */
    Port free(Switch fabric, DistinctErrors errors) {
        long now = calling;
        long before = seen;
        seen = now;
        if (now == 0 || now != before) {
            seenNs = Clock.nowNs();
            return null;
        }
        int fd = (int) now;
        if (Fds.canWrite(fd) && Clock.nowNs() - seenNs < LONG_NS) {
            // Nobody holds the call: the core waits for a processor.
            return null;
        }
        Port holder = holder(fabric, fd);
        try {
            drain(fd, now);
        } catch (LinuxException failed) {
            errors.record("a held call could not be looked at", String.valueOf(failed.getMessage()));
        }
        if (calling == now) {
            errors.record("a front-end keeps a call from returning: "
                    + (holder == null ? "its port is unknown" : "port " + holder.name()), "");
            return null;
        }
        return holder;
    }

    private void drain(int fd, long now) {
        // A descriptor of our own: the number may be somebody else's as soon as the core goes on.
        int file = Fds.duplicate(fd);
        try {
            HotCalls own = new HotCalls();
            for (int bursts = 0; calling == now && bursts < BURSTS; bursts++) {
                Fds.nonBlocking(file, true);
                for (int drains = 0; calling == now && drains < DRAINS; drains++) {
                    own.drain(file);
                }
                LockSupport.parkNanos(PAUSE_NS);
            }
        } finally {
            Fds.close(file);
        }
    }

    /** What the core wrote before it stored {@link #calling} is seen here, and it does nothing meanwhile. */
    private static Port holder(Switch fabric, int fd) {
        for (int i = 0; i < fabric.top(); i++) {
            Port port = fabric.port(i);
            if (port != null && calls(port, fd)) {
                return port;
            }
        }
        return null;
    }

    private static boolean calls(Port port, int fd) {
        for (Pair pair : port.all()) {
            if (pair.rxCallFd == fd || pair.txCallFd == fd) {
                return true;
            }
        }
        return false;
    }
}
