package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Waits for descriptors with epoll, edge-triggered. One thread; allocates nothing per event. */
public final class EpollDevice implements AutoCloseable {
    /** Events taken in one call; the others wait for the next. */
    static final int BATCH = 128;
    private final HotCalls calls;
    private final int epollFd = Fds.epoll();
    private final MemorySegment events = Arena.ofAuto().allocate(BATCH * EpollEventLayout.SIZE, 8);

    public EpollDevice(HotCalls calls) {
        this.calls = calls;
    }

    /** Watches a descriptor in both directions. @param token comes back from {@link #token} */
    public void watch(int fd, long token) {
        Fds.epollAdd(epollFd, fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLOUT | EpollEventLayout.EPOLLRDHUP
                | EpollEventLayout.EPOLLET, token);
    }

    /** Watches a descriptor for input only: for one that can always be written, such as an eventfd. */
    public void watchInput(int fd, long token) {
        Fds.epollAdd(epollFd, fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLET, token);
    }

    /** Stops watching; a descriptor that is closed already is no error. */
    public void forget(int fd) {
        try {
            Fds.epollRemove(epollFd, fd);
        } catch (LinuxException gone) {
            // Its owner was quicker; the kernel has forgotten it.
        }
    }

    /** @param timeoutMs 0 does not wait, -1 waits for ever. @return events taken */
    public int poll(int timeoutMs) {
        return Math.max(0, calls.epollWait(epollFd, events, timeoutMs));
    }

    public long token(int index) {
        return EpollEventLayout.data(events, index);
    }

    /** What event {@code index} says: 1 readable, 2 writable, 4 ended, or'ed. */
    public int ready(int index) {
        int bits = EpollEventLayout.events(events, index);
        int broken = EpollEventLayout.EPOLLERR | EpollEventLayout.EPOLLHUP;
        return ((bits & ~EpollEventLayout.EPOLLOUT) != 0 ? 1 : 0)
                | ((bits & (EpollEventLayout.EPOLLOUT | broken)) != 0 ? 2 : 0)
                | ((bits & (EpollEventLayout.EPOLLRDHUP | broken)) != 0 ? 4 : 0);
    }

    @Override
    public void close() {
        Fds.close(epollFd);
    }
}
