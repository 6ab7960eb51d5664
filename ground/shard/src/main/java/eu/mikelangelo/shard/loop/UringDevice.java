package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.uring.Uring;
import eu.mikelangelo.linux.uring.UringPoller;

/** Waits in a ring, for descriptors and for operations. */
final class UringDevice implements LoopDevice {
    /** How long the end of the cancelled operations may take: a disk may hang. */
    private static final long CLOSE_NS = 2_000_000_000L;
    private static final long CLOSE_STEP_NS = 10_000_000;
    private final UringPoller poller;
    private final RingOperations operations;

    UringDevice(Uring ring) {
        poller = new UringPoller(ring);
        operations = new RingOperations(ring);
    }

    @Override
    public void watch(int fd, long token) {
        poller.watch(fd, token);
    }

    @Override
    public void watchInput(int fd, long token) {
        poller.watchInput(fd, token);
    }

    @Override
    public void forget(int fd) {
        poller.forget(fd);
    }

    @Override
    public int poll(long timeoutNs) {
        int count = poller.poll(operations.queue() ? timeoutNs : 0);
        if (count < 0) {
            throw new LinuxException("io_uring_enter", "to poll", -count);
        }
        for (int i = 0; i < count; i++) {
            if (poller.operation(i)) {
                operations.completed(poller.token(i), poller.result(i));
            }
        }
        return count;
    }

    @Override
    public long token(int index) {
        return poller.operation(index) ? NOBODY : poller.token(index);
    }

    @Override
    public int ready(int index) {
        return poller.ready(index);
    }

    boolean isBehind() {
        return operations.isBehind();
    }

    @Override
    public Operations operations() {
        return operations;
    }

    @Override
    public String name() {
        return "io_uring";
    }

    @Override
    public void close() {
        operations.shut();
        operations.stopAll();
        long until = Clock.nowNs() + CLOSE_NS;
        while (!operations.isIdle() && Clock.nowNs() - until < 0) {
            poll(CLOSE_STEP_NS);
        }
        poller.close();
        operations.endAll();
    }
}
