package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.virtio.QueueConfig;

/**
 * The device behind a vhost-user session. The session's control thread calls it, one call at a time; it may wait for
 * the I/O core but not for long (QEMU and its guest stand still meanwhile). Rings that run are always stopped before
 * the memory, a descriptor or an address of theirs changes and before {@link #disconnected}; they are started again
 * afterwards.
 */
public interface BackendHandler {
    /** The driver accepted these feature bits (a subset of those offered). No ring runs. */
    void features(long acked);

    /**
     * The guest's memory from now on; {@link GuestMemory#EMPTY} takes it away. No ring runs; the old one is unmapped on
     * return.
     */
    void memory(GuestMemory memory);

    /**
     * Serves a ring from now on. It must be looked at once without waiting for a kick: the kick may have been
     * consumed by a predecessor. The front-end is called once: a predecessor's call may have been lost.
     *
     * @param index the ring's index in the device
     * @param config sizes, addresses and features; the addresses are checked to lie in the memory, aligned
     * @param kickFd an eventfd, non-blocking; the front-end signals it
     * @param callFd an eventfd, non-blocking unless a hostile front-end has changed that since, to signal when buffers
     *     were used; -1 when the front-end wants no calls
     * @throws IllegalArgumentException naming the value that the queue cannot be served with; the session is closed
     */
    void startRing(int index, QueueConfig config, int kickFd, int callFd);

    /**
     * Stops a running ring. When it returns nobody touches the ring, its memory or its descriptors.
     *
     * @return the index of the next available entry to take, 0 to 65,535
     */
    int stopRing(int index);

    /** The connection is gone; all rings have been stopped and the memory taken away. */
    void disconnected();
}
