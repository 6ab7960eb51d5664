package eu.mikelangelo.ioplane;

import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The epoll instance of a core. Everything is watched edge-triggered: each write to an eventfd wakes the core once,
 * no eventfd needs to be read back, and a socket that we cannot serve now does not keep the core awake. One thread
 * owns it.
 */
final class Poller implements AutoCloseable {
    /** Events taken in one call; the others wait for the next. */
    static final int BATCH = 64;

    private final HotCalls calls;
    private final int epollFd = Fds.epoll();
    private final MemorySegment events = Arena.ofAuto().allocate(BATCH * EpollEventLayout.SIZE, 8);

    Poller(HotCalls calls) {
        this.calls = calls;
    }

    /** Watches a descriptor for input. @param token comes back from {@link #token} */
    void watchInput(int fd, long token) {
        Fds.epollAdd(epollFd, fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLET, token);
    }

    /** Watches a socket in both directions. */
    void watchSocket(int fd, long token) {
        Fds.epollAdd(epollFd, fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLOUT | EpollEventLayout.EPOLLRDHUP
                | EpollEventLayout.EPOLLET, token);
    }

    /** Stops watching; a descriptor that is closed already is no error. */
    void forget(int fd) {
        try {
            Fds.epollRemove(epollFd, fd);
        } catch (LinuxException gone) {
            // Its owner was quicker; the kernel has forgotten it.
        }
    }

    /** @param timeoutMs 0 does not wait, -1 waits for ever. @return events taken */
    int poll(int timeoutMs) {
        return Math.max(0, calls.epollWait(epollFd, events, timeoutMs));
    }

    /** @return the token given for event {@code index} */
    long token(int index) {
        return EpollEventLayout.data(events, index);
    }

    /**
     * @return whether event {@code index} says that there is something to read, or an end or error to be found by
     *     reading
     */
    boolean readable(int index) {
        return (EpollEventLayout.events(events, index) & ~EpollEventLayout.EPOLLOUT) != 0;
    }

    /** @return whether event {@code index} says that there is room to write */
    boolean writable(int index) {
        return (EpollEventLayout.events(events, index) & EpollEventLayout.EPOLLOUT) != 0;
    }

    @Override
    public void close() {
        Fds.close(epollFd);
    }
}
