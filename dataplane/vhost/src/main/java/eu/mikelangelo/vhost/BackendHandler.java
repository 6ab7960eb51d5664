package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.inflight.InflightRegion;
import eu.mikelangelo.virtio.QueueConfig;

/**
 * The device behind a vhost-user session. The session's control thread calls it, one call at a time; it may wait for
 * the I/O core but not for long (QEMU and its guest stand still meanwhile). Rings that run are always stopped before
 * the memory, a descriptor or an address of theirs changes and before {@link #disconnected}; they are started again
 * afterwards.
 */
public interface BackendHandler {
    /** The driver accepted these feature bits (a subset of those offered); 0 after a reset. No ring runs. */
    void features(long acked);

    /**
     * The guest's memory from now on; {@link GuestMemory#EMPTY} takes it away. No ring runs; what is no longer in it is
     * unmapped on return, regions that stay keep their mapping.
     */
    void memory(GuestMemory memory);

    /**
     * Serves a ring from now on. It must be looked at once without waiting for a kick: the kick may have been
     * consumed by a predecessor. The front-end is called once: a predecessor's call may have been lost.
     *
     * @param index the ring's index in the device
     * @param config sizes, addresses and features; the addresses are checked to lie in the memory, aligned. Where the
     *     features have VIRTIO_F_RING_PACKED the three addresses are those of the descriptor ring (16 bytes an entry),
     *     the driver's and the device's event suppression area (4 bytes each), and {@code nextAvail} is the 32-bit
     *     word of SET_VRING_BASE: bits 0–14 the next entry to take, 15 the driver's wrap counter, 16–30 where the next
     *     used element goes, 31 the device's wrap counter; both indices are below the size
     * @param kickFd an eventfd, non-blocking; the front-end signals it
     * @param callFd an eventfd, non-blocking unless a hostile front-end has changed that since, to signal when buffers
     *     were used; -1 when the front-end wants no calls
     * @throws IllegalArgumentException naming the value that the queue cannot be served with; the session is closed
     */
    void startRing(int index, QueueConfig config, int kickFd, int callFd);

    /**
     * Stops a running ring. When it returns nobody touches the ring, its memory or its descriptors, and every buffer
     * that was taken has been used (specification, GET_VRING_BASE), except those recorded in {@link #inflight}.
     *
     * @return where to go on. Split ring: the index of the next available entry to take, 0 to 65,535. Packed ring: the
     *     32-bit word described at {@link #startRing}
     */
    int stopRing(int index);

    /**
     * Memory that outlives us, to note what is in flight; {@link InflightRegion#NONE} takes it away. No ring runs; the
     * old one is unmapped on return. A device that uses buffers in the order it took them has nothing to note: its
     * successor finds its place in the rings.
     */
    default void inflight(InflightRegion region) { }

    /** The front-end asks that the guest's address is announced to the network: it has migrated here. */
    default void announce(long macAddress) { }

    /** The guest sends frames of at most so many bytes of payload, 68 to 65,535. */
    default void mtu(int bytes) { }

    /** The connection is gone; all rings have been stopped and the memory taken away. */
    void disconnected();
}
