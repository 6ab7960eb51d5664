package eu.mikelangelo.ioplane;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import java.util.concurrent.locks.LockSupport;

/**
 * Makes calls by writing eventfds, and knows when one does not return.
 *
 * <p>Call descriptors are made non-blocking, but that belongs to the open file: a hostile front-end can clear it, fill
 * the counter, and the core would wait for ever for it to be read. It is the only thing of a peer's that could block
 * the core.
 *
 * <p>Threading: {@link #ring} by the core, {@link #free} by one other thread.
 */
final class CallGuard implements Doorbell {
    /** How often a counter is read in a peer's place that fills it again at once, and how long the core then has. */
    private static final int DRAINS = 1000;
    private static final long DRAIN_PAUSE_NS = 100_000;

    private final HotCalls calls;
    /** The descriptor of the call that is being made, below a number of its own; 0 when none is. */
    private volatile long calling;
    private long number;
    /** What {@link #free} saw the last time. */
    private long seen;

    CallGuard(HotCalls calls) {
        this.calls = calls;
    }

    @Override
    public void ring(int callFd) {
        number++;
        calling = number << Integer.SIZE | callFd;
        try {
            calls.signal(callFd);
        } finally {
            // An error of somebody's vanished memory may be raised here; the call has returned all the same.
            calling = 0;
        }
    }

    /**
     * When the core is in the same call as the last time, reads the counter in the peer's place.
     *
     * @return the port that held the core; null when it was not held
     */
    Port free(Switch fabric) {
        long now = calling;
        long before = seen;
        seen = now;
        if (now == 0 || now != before) {
            return null;
        }
        int fd = (int) now;
        Port holder = holder(fabric, fd);
        // A descriptor of our own: the number may be somebody else's as soon as the core goes on.
        int file = Fds.duplicate(fd);
        HotCalls own = new HotCalls();
        for (int tries = 0; calling == now && tries < DRAINS; tries++) {
            Fds.nonBlocking(file, true);
            own.drain(file);
            LockSupport.parkNanos(DRAIN_PAUSE_NS);
        }
        Fds.close(file);
        return holder;
    }

    /** What the core wrote before it stored {@link #calling} is seen here, and it does nothing meanwhile. */
    private static Port holder(Switch fabric, int fd) {
        for (int i = 0; i < fabric.top(); i++) {
            Port port = fabric.port(i);
            if (port != null && (port.rxCallFd == fd || port.txCallFd == fd)) {
                return port;
            }
        }
        return null;
    }
}
