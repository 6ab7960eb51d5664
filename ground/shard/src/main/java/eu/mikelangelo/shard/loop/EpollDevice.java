package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/** Waits for descriptors with epoll, edge-triggered. One thread; allocates nothing per event. */
public final class EpollDevice implements LoopDevice {
    /** Events taken in one call; the others wait for the next. */
    static final int BATCH = 128;
    private static final long NS_PER_MS = 1_000_000;
    private static final long MOST_MS = 60_000;
    private final HotCalls calls;
    private final int epollFd = Fds.epoll();
    private final MemorySegment events = Arena.ofAuto().allocate(BATCH * EpollEventLayout.SIZE, 8);

    public EpollDevice(HotCalls calls) {
        this.calls = calls;
    }

    @Override
    public void watch(int fd, long token) {
        Fds.epollAdd(epollFd, fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLOUT | EpollEventLayout.EPOLLRDHUP
                | EpollEventLayout.EPOLLET, token);
    }

    @Override
    public void watchInput(int fd, long token) {
        Fds.epollAdd(epollFd, fd, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLET, token);
    }

    /** A descriptor that is closed already is no error. */
    @Override
    public void forget(int fd) {
        try {
            Fds.epollRemove(epollFd, fd);
        } catch (LinuxException gone) {
            // Its owner was quicker; the kernel has forgotten it.
        }
    }

    /** Whole milliseconds, not less than asked for. */
    @Override
    public int poll(long timeoutNs) {
        int timeoutMs = timeoutNs == FOR_EVER ? -1 : (int) Math.min((timeoutNs + NS_PER_MS - 1) / NS_PER_MS, MOST_MS);
        return Math.max(0, calls.epollWait(epollFd, events, timeoutMs));
    }

    @Override
    public long token(int index) {
        return EpollEventLayout.data(events, index);
    }

    @Override
    public int ready(int index) {
        int bits = EpollEventLayout.events(events, index);
        int broken = EpollEventLayout.EPOLLERR | EpollEventLayout.EPOLLHUP;
        return ((bits & ~EpollEventLayout.EPOLLOUT) != 0 ? 1 : 0)
                | ((bits & (EpollEventLayout.EPOLLOUT | broken)) != 0 ? 2 : 0)
                | ((bits & (EpollEventLayout.EPOLLRDHUP | broken)) != 0 ? 4 : 0);
    }

    @Override
    public Operations operations() {
        return null;
    }

    @Override
    public String name() {
        return "epoll";
    }

    @Override
    public void close() {
        Fds.close(epollFd);
    }
}
