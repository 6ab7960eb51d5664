package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.uring.Uring;

/** Waits for descriptors with epoll; operations go through a ring, which tells an eventfd in that epoll. */
final class SplitDevice implements LoopDevice {
    private final EpollDevice epoll;
    private final UringDevice ring;
    private final int ringFd;
    /** Events of epoll in the last poll; those after them are the ring's. */
    private int told;

    SplitDevice(HotCalls calls, Uring ring) {
        this.ring = new UringDevice(ring);
        epoll = new EpollDevice(calls);
        ringFd = Fds.eventFd();
        LinuxException.check("io_uring_register", "an eventfd", ring.signalTo(ringFd));
        // Edge-triggered: each signal is news, and nobody needs to read the counter.
        epoll.watchInput(ringFd, NOBODY);
    }

    @Override
    public void watch(int fd, long token) {
        epoll.watch(fd, token);
    }

    @Override
    public void watchInput(int fd, long token) {
        epoll.watchInput(fd, token);
    }

    @Override
    public void forget(int fd) {
        epoll.forget(fd);
    }

    /** What the ring is asked is submitted before epoll waits; what it ends from then on signals the eventfd. */
    @Override
    public int poll(long timeoutNs) {
        int ended = ring.poll(0);
        told = epoll.poll(ended > 0 || ring.isBehind() ? 0 : timeoutNs);
        for (int i = 0; i < told; i++) {
            if (epoll.token(i) == NOBODY) {
                ended += ring.poll(0);
            }
        }
        return told + ended;
    }

    @Override
    public long token(int index) {
        return index < told ? epoll.token(index) : NOBODY;
    }

    @Override
    public int ready(int index) {
        return epoll.ready(index);
    }

    @Override
    public Operations operations() {
        return ring.operations();
    }

    @Override
    public String name() {
        return epoll.name();
    }

    @Override
    public void close() {
        ring.close();
        epoll.close();
        Fds.close(ringFd);
    }
}
