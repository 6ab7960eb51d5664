package eu.mikelangelo.shard.loop;

/**
 * What a loop sleeps in: tells which descriptors have become ready, and ends operations ({@link Operations}) within
 * {@link #poll}. Opened, polled and closed by the loop's thread; the other methods may be called by a fiber on a thread
 * of its own while the loop waits for it. Allocates nothing per event.
 */
public sealed interface LoopDevice extends AutoCloseable permits EpollDevice, UringDevice, SplitDevice {
    /** For {@link #poll}: no limit. */
    long FOR_EVER = Long.MAX_VALUE;
    /** The {@link #token} of an event that is no descriptor's; no {@link Watchers} ever has it. */
    long NOBODY = Integer.MAX_VALUE;

    /** Which device. */
    enum Kind {
        /** epoll; no operations. */
        EPOLL,
        /** A ring for both. */
        URING,
        /** epoll for descriptors, a ring for operations. */
        SPLIT
    }

    /** Watches a descriptor in both directions, edge-triggered. @param token comes back from {@link #token} */
    void watch(int fd, long token);

    /** Watches a descriptor for input only: for one that can always be written, such as an eventfd. */
    void watchInput(int fd, long token);

    /** Stops watching; before the descriptor is closed. */
    void forget(int fd);

    /**
     * Waits for events when there are none.
     *
     * @param timeoutNs 0 does not wait; {@link #FOR_EVER}
     * @return how many, those of operations among them, which have been told already
     */
    int poll(long timeoutNs);

    /** Whose event {@code index} is; {@link #NOBODY} for an operation's. */
    long token(int index);

    /** What event {@code index} says: 1 readable, 2 writable, 4 ended, or'ed. */
    int ready(int index);

    /** Where operations go; null when it has none. */
    Operations operations();

    /** One line for an operator. */
    String name();

    /** Cancels the operations, tells them, and closes. */
    @Override
    void close();
}
