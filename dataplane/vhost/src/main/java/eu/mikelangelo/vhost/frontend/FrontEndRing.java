package eu.mikelangelo.vhost.frontend;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.virtio.QueueConfig;

/**
 * One ring of a {@link FrontEnd}: its eventfds and what the back-end was told of it. {@link #kick} and {@link #called}
 * do not allocate; they belong to one thread at a time.
 */
public final class FrontEndRing {
    private final HotCalls calls = new HotCalls();
    final int index;
    final int kickFd = Fds.eventFd();
    final int callFd = Fds.eventFd();
    QueueConfig config;
    boolean enabled;
    boolean started;

    FrontEndRing(int index) {
        this.index = index;
    }

    /** Sizes, addresses and where it began. */
    public QueueConfig config() {
        return config;
    }

    /** The eventfd that says "buffers are available". */
    public int kickFd() {
        return kickFd;
    }

    /** The eventfd that says "buffers were used"; non-blocking. */
    public int callFd() {
        return callFd;
    }

    /** Tells the back-end that there are buffers. */
    public void kick() {
        calls.signal(kickFd);
    }

    /** Whether the back-end has called since the last time this was asked. */
    public boolean called() {
        return calls.drain(callFd) == 0;
    }

    void close() {
        Fds.close(kickFd);
        Fds.close(callFd);
    }
}
