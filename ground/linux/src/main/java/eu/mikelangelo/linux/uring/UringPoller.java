package eu.mikelangelo.linux.uring;

import eu.mikelangelo.linux.EpollEventLayout;
import java.util.Arrays;

/**
 * Readiness through a ring: the news that edge-triggered epoll tells (only the news: data that comes does not say again
 * that there is room to write), without its system calls, and together with the completions of other operations
 * ({@link #ring}). One multishot poll watches a descriptor; one that the kernel ends
 * (its queue ran over) is begun again. Only {@link #poll} calls the kernel, and only the ring's owner may call it; the
 * other methods may be called by another thread while the owner waits for it (a fiber on a thread of its own).
 * Allocates only when a descriptor has a higher number than any before, or when more is asked between two polls than
 * ever before.
 *
 * <p>Unlike epoll, a watched descriptor that is closed stays open in the kernel: {@link #forget} it before or at once
 * after, else its peer sees no end.
 */
public final class UringPoller implements AutoCloseable {
    /** What {@link #ready} tells: there may be something to read, there may be room to write, the peer has finished. */
    public static final int READABLE = 1;
    public static final int WRITABLE = 2;
    public static final int ENDED = 4;

    /** The user data of operations of the caller have this bit: they must be negative. */
    private static final long OPERATION = Long.MIN_VALUE;
    /** Of our own poll removals; their completions tell nothing. */
    private static final long REMOVAL = Long.MAX_VALUE;
    private static final int BROKEN = EpollEventLayout.EPOLLERR | EpollEventLayout.EPOLLHUP;

    private final Uring ring;
    private final int batch;
    private final long[] tokens;
    private final int[] results;
    private final int[] flags;
    private final boolean[] operations;

    // By descriptor. The generation tells completions of an earlier watch from those of this one.
    private long[] watchToken = new long[64];
    private int[] watchEvents = new int[64];
    private int[] generation = new int[64];
    private long rearmed;
    /** What found the ring full and is queued by the next poll: polls by their user data, removals complemented. */
    private long[] late = new long[16];
    private int lateCount;

    /** @param ring is closed with this object */
    public UringPoller(Uring ring) {
        this.ring = ring;
        batch = ring.completions();
        tokens = new long[batch];
        results = new int[batch];
        flags = new int[batch];
        operations = new boolean[batch];
    }

    /** For operations of the caller, whose user data must be negative. */
    public Uring ring() {
        return ring;
    }

    /**
     * Watches a descriptor in both directions; what is possible already is told too.
     *
     * @param token comes back from {@link #token}
     */
    public void watch(int fd, long token) {
        watch(fd, token, EpollEventLayout.EPOLLIN | EpollEventLayout.EPOLLOUT | EpollEventLayout.EPOLLRDHUP);
    }

    /** Watches a descriptor for input only, such as an eventfd. */
    public void watchInput(int fd, long token) {
        watch(fd, token, EpollEventLayout.EPOLLIN);
    }

    /** Stops watching; nothing is told of it any more, not even what happened before. */
    public void forget(int fd) {
        if (fd >= generation.length || watchEvents[fd] == 0) {
            return;
        }
        long target = userData(fd);
        watchEvents[fd] = 0;
        generation[fd] = generation[fd] + 1 & Integer.MAX_VALUE >> 1;
        if (!ring.pollRemove(target, REMOVAL)) {
            later(~target);
        }
    }

    /**
     * Submits what is queued and takes what has happened.
     *
     * @param timeoutNs how long to wait when nothing has; 0 does not wait, {@link Uring#FOR_EVER}
     * @return how many events, or -errno (see {@link Uring#submit})
     */
    public int poll(long timeoutNs) {
        if (lateCount > 0) {
            queueLate();
        }
        boolean waits = ring.peek() == 0 && lateCount == 0;
        int submitted = waits ? ring.submitAndWait(1, timeoutNs) : ring.submit();
        if (submitted < 0) {
            return submitted;
        }
        int available = Math.min(ring.peek(), batch);
        int count = 0;
        for (int i = 0; i < available; i++) {
            count += take(i, count) ? 1 : 0;
        }
        ring.advance(available);
        return count;
    }

    /** The token of event {@code index}; of an operation its user data. */
    public long token(int index) {
        return tokens[index];
    }

    /** Whether event {@code index} is the completion of an operation of the caller. */
    public boolean operation(int index) {
        return operations[index];
    }

    /** Of a watched descriptor: {@link #READABLE}, {@link #WRITABLE}, {@link #ENDED}. */
    public int ready(int index) {
        int bits = results[index];
        return ((bits & ~EpollEventLayout.EPOLLOUT) != 0 ? READABLE : 0)
                | ((bits & (EpollEventLayout.EPOLLOUT | BROKEN)) != 0 ? WRITABLE : 0)
                | ((bits & (EpollEventLayout.EPOLLRDHUP | BROKEN)) != 0 ? ENDED : 0);
    }

    /** Of an operation: its result. */
    public int result(int index) {
        return results[index];
    }

    /** Of an operation: the flags of its completion. */
    public int flags(int index) {
        return flags[index];
    }

    /** How many watches the kernel has ended and we began again. */
    public long rearmed() {
        return rearmed;
    }

    @Override
    public void close() {
        ring.close();
    }

    /** @return whether completion {@code index} became event {@code event} */
    private boolean take(int index, int event) {
        long data = ring.userData(index);
        int result = ring.result(index);
        int more = ring.flags(index);
        if (data == REMOVAL) {
            return false;
        }
        tokens[event] = data;
        results[event] = result;
        flags[event] = more;
        operations[event] = (data & OPERATION) != 0;
        return operations[event] || watched(data, result, more, event);
    }

    private boolean watched(long data, int result, int more, int event) {
        int fd = (int) data;
        if (watchEvents[fd] == 0 || userData(fd) != data) {
            return false;
        }
        tokens[event] = watchToken[fd];
        if (result < 0) {
            // The descriptor cannot be polled (any more): its owner finds out by using it.
            watchEvents[fd] = 0;
            results[event] = BROKEN;
            return true;
        }
        if ((more & Uring.MORE) == 0) {
            rearmed++;
            arm(fd);
        }
        return true;
    }

    private void watch(int fd, long token, int events) {
        if (fd >= generation.length) {
            int length = Math.max(fd + 1, generation.length * 2);
            watchToken = Arrays.copyOf(watchToken, length);
            watchEvents = Arrays.copyOf(watchEvents, length);
            generation = Arrays.copyOf(generation, length);
        }
        forget(fd);
        watchToken[fd] = token;
        watchEvents[fd] = events;
        arm(fd);
    }

    private void arm(int fd) {
        if (!ring.pollMultishot(fd, watchEvents[fd], userData(fd))) {
            later(userData(fd));
        }
    }

    private void later(long what) {
        if (lateCount == late.length) {
            late = Arrays.copyOf(late, lateCount * 2);
        }
        late[lateCount++] = what;
    }

    private void queueLate() {
        int queued = 0;
        while (queued < lateCount && (ring.room() > 0 || ring.submit() > 0)) {
            long what = late[queued++];
            int fd = (int) what;
            if (what < 0) {
                ring.pollRemove(~what, REMOVAL);
            } else if (watchEvents[fd] != 0 && userData(fd) == what) {
                ring.pollMultishot(fd, watchEvents[fd], what);
            }
        }
        lateCount -= queued;
        System.arraycopy(late, queued, late, 0, lateCount);
    }

    private long userData(int fd) {
        return (long) generation[fd] << 32 | fd;
    }
}
