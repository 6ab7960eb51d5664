package eu.mikelangelo.virtio;

/**
 * {@code struct virtio_net_hdr} (VIRTIO 1.3 section 5.1.6), which precedes every frame in a queue of the network
 * device.
 */
public final class NetHeaderLayout {
    public static final int FLAGS = 0;
    public static final int GSO_TYPE = 1;
    public static final int HEADER_LENGTH = 2;
    public static final int GSO_SIZE = 4;
    public static final int CHECKSUM_START = 6;
    public static final int CHECKSUM_OFFSET = 8;
    /** How many receive buffers this frame fills; there with VERSION_1 or MRG_RXBUF. */
    public static final int BUFFERS = 10;

    /** Bytes of the header with {@link #BUFFERS}. */
    public static final int SIZE = 12;
    /** Bytes of a legacy driver's header without it (section 5.1.6.1). */
    public static final int LEGACY_SIZE = 10;

    private NetHeaderLayout() {
    }

    /** @return the header's size in bytes for a driver that accepted {@code features} */
    public static int size(long features) {
        return Features.has(features, Features.VERSION_1 | Features.NET_MRG_RXBUF) ? SIZE : LEGACY_SIZE;
    }
}
