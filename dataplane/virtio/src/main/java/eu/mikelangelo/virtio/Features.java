package eu.mikelangelo.virtio;

/** Feature bits of VIRTIO 1.3 that our devices know (section 6, and 5.1.3 for the network device). */
public final class Features {
    /** VIRTIO_NET_F_MTU: the device's configuration names a maximum transmission unit (QEMU fills it in). */
    public static final long NET_MTU = 1L << 3;
    /** VIRTIO_NET_F_MRG_RXBUF: one frame may span several receive buffers. */
    public static final long NET_MRG_RXBUF = 1L << 15;
    /** VIRTIO_NET_F_STATUS: link state in the configuration (QEMU fills it in). */
    public static final long NET_STATUS = 1L << 16;
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

    /**
     * What the network device offers. Fixed for a machine's life: QEMU does not survive a successor that offers less.
     */
    public static final long NET_OFFERED =
            NET_MTU | NET_MRG_RXBUF | NET_STATUS | ANY_LAYOUT | INDIRECT_DESC | EVENT_IDX | VERSION_1 | PACKED
                    | IN_ORDER;

    private Features() {
    }

    /** @return whether {@code bit} is among {@code features} */
    public static boolean has(long features, long bit) {
        return (features & bit) != 0;
    }
}
