package eu.mikelangelo.virtio;

/**
 * Feature bits of VIRTIO 1.3 that our devices know (section 6, and 5.1.3 for the network device). {@link #NET_OFFERED}
 * is the one place that says what is offered.
 */
public final class Features {
    /** VIRTIO_NET_F_CSUM: the guest may send packets whose checksum is partial. */
    public static final long NET_CSUM = 1L;
    /** VIRTIO_NET_F_GUEST_CSUM: the guest takes packets whose checksum is partial. */
    public static final long NET_GUEST_CSUM = 1L << 1;
    /** VIRTIO_NET_F_MTU: the device's configuration names a maximum transmission unit (QEMU fills it in). */
    public static final long NET_MTU = 1L << 3;
    /** VIRTIO_NET_F_GUEST_TSO4: the guest takes TCP over IPv4 that is still to be cut into segments. */
    public static final long NET_GUEST_TSO4 = 1L << 7;
    /** VIRTIO_NET_F_GUEST_TSO6: the same over IPv6. */
    public static final long NET_GUEST_TSO6 = 1L << 8;
    /** VIRTIO_NET_F_GUEST_ECN: and such with the congestion window reduced flag. */
    public static final long NET_GUEST_ECN = 1L << 9;
    /** VIRTIO_NET_F_HOST_TSO4: the guest may send TCP over IPv4 that is still to be cut into segments. */
    public static final long NET_HOST_TSO4 = 1L << 11;
    /** VIRTIO_NET_F_HOST_TSO6: the same over IPv6. */
    public static final long NET_HOST_TSO6 = 1L << 12;
    /** VIRTIO_NET_F_HOST_ECN: and such with the congestion window reduced flag. */
    public static final long NET_HOST_ECN = 1L << 13;
    /** VIRTIO_NET_F_MRG_RXBUF: one frame may span several receive buffers. */
    public static final long NET_MRG_RXBUF = 1L << 15;
    /** VIRTIO_NET_F_STATUS: link state in the configuration (QEMU fills it in). */
    public static final long NET_STATUS = 1L << 16;
    /** VIRTIO_NET_F_MQ: several queue pairs; the driver says how many on the control queue, which QEMU serves. */
    public static final long NET_MQ = 1L << 22;
    /** VIRTIO_F_ANY_LAYOUT: a legacy driver may lay out headers as it likes; we never cared. */
    public static final long ANY_LAYOUT = 1L << 27;
    /** VIRTIO_F_INDIRECT_DESC. */
    public static final long INDIRECT_DESC = 1L << 28;
    /** VIRTIO_F_EVENT_IDX: notifications suppressed by index. */
    public static final long EVENT_IDX = 1L << 29;
    /** VIRTIO_F_VERSION_1: not a legacy driver. */
    public static final long VERSION_1 = 1L << 32;
    /** VIRTIO_F_RING_PACKED: queues in the packed format. */
    public static final long PACKED = 1L << 34;
    /** VIRTIO_F_IN_ORDER: chains are used in the order in which they were made available. */
    public static final long IN_ORDER = 1L << 35;
    /** VIRTIO_NET_F_GUEST_USO4: the guest takes UDP over IPv4 that is still to be cut into datagrams. */
    public static final long NET_GUEST_USO4 = 1L << 54;
    /** VIRTIO_NET_F_GUEST_USO6: the same over IPv6. */
    public static final long NET_GUEST_USO6 = 1L << 55;
    /** VIRTIO_NET_F_HOST_USO: the guest may send UDP that is still to be cut into datagrams. */
    public static final long NET_HOST_USO = 1L << 56;

    /** What a guest may leave to us, in frames that it sends. */
    public static final long NET_HOST_OFFLOADS = NET_CSUM | NET_HOST_TSO4 | NET_HOST_TSO6 | NET_HOST_ECN | NET_HOST_USO;
    /** What we may leave to a guest, in frames that it receives. */
    public static final long NET_GUEST_OFFLOADS = NET_GUEST_CSUM | NET_GUEST_TSO4 | NET_GUEST_TSO6 | NET_GUEST_ECN
            | NET_GUEST_USO4 | NET_GUEST_USO6;

    /**
     * What the network device offers. Fixed for a machine's life: QEMU does not survive a successor that offers less,
     * so bits are only ever added. Not offered: UFO (deprecated with the fragments it makes), the control queue and
     * what needs it (QEMU serves that itself, and tells a vhost-user back-end nothing of it) but for several queue
     * pairs, which it lets a guest have only when this offers them.
     */
    public static final long NET_OFFERED = NET_HOST_OFFLOADS | NET_GUEST_OFFLOADS
            | NET_MTU | NET_MRG_RXBUF | NET_STATUS | NET_MQ | ANY_LAYOUT | INDIRECT_DESC | EVENT_IDX | VERSION_1
            | PACKED | IN_ORDER;

    private Features() {
    }

    /** @return whether {@code bit} is among {@code features} */
    public static boolean has(long features, long bit) {
        return (features & bit) != 0;
    }
}
