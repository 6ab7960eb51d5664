package eu.mikelangelo.virtio;

/**
 * {@code struct virtio_net_hdr} (VIRTIO 1.3 section 5.1.6), which precedes every frame in a queue of the network
 * device. Its first eight bytes are handled as one little-endian word: read once, they are a private copy.
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

    /** VIRTIO_NET_HDR_F_NEEDS_CSUM: the checksum from CHECKSUM_START on is still to be stored at CHECKSUM_OFFSET. */
    public static final int FLAG_NEEDS_CHECKSUM = 1;

    /** Values of {@link #GSO_TYPE}. */
    public static final int GSO_NONE = 0;
    public static final int GSO_TCPV4 = 1;
    public static final int GSO_TCPV6 = 4;
    public static final int GSO_UDP_L4 = 5;
    /** Besides a TCP type: the frame has the flag CWR. */
    public static final int GSO_ECN = 0x80;

    /** The bits of the first word that leave anything to do; section 5.1.6.2.2 has other flags ignored. */
    private static final long WORK = FLAG_NEEDS_CHECKSUM | 0xffL << Byte.SIZE * GSO_TYPE;

    private NetHeaderLayout() {
    }

    /** @return the header's size in bytes for a driver that accepted {@code features} */
    public static int size(long features) {
        return Features.has(features, Features.VERSION_1 | Features.NET_MRG_RXBUF) ? SIZE : LEGACY_SIZE;
    }

    /**
     * @param firstWord the first eight bytes of a header, little-endian
     * @return whether the frame behind it is finished: no checksum and no segments are left to make
     */
    public static boolean plain(long firstWord) {
        return (firstWord & WORK) == 0;
    }
}
