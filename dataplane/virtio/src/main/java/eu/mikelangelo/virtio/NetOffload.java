package eu.mikelangelo.virtio;

/**
 * What the sender of a frame left to others: a checksum to be completed, and perhaps segments to be cut. A private
 * copy of what its header said (VIRTIO 1.3 section 5.1.6.2), which the guest cannot change any more.
 *
 * <p>Positions are bytes from the frame's beginning. What {@link #read} accepted fits the frame's length and what was
 * negotiated; whether it fits the frame's own headers is for who looks into frames. Reused for every frame; one thread
 * owns it.
 */
public final class NetOffload {
    private static final long TCP_TYPES = Features.NET_HOST_TSO4 | Features.NET_HOST_TSO6;

    private boolean partial;
    private int type = NetHeaderLayout.GSO_NONE;
    private int size;
    private int headerBytes;
    private int checksumStart;
    private int checksumOffset;
    private boolean overIpv6;

    /** Nothing is left to do. */
    public void clear() {
        partial = false;
        type = NetHeaderLayout.GSO_NONE;
    }

    /** Takes over what another one says. */
    public void set(NetOffload other) {
        partial = other.partial;
        type = other.type;
        size = other.size;
        headerBytes = other.headerBytes;
        checksumStart = other.checksumStart;
        checksumOffset = other.checksumOffset;
        overIpv6 = other.overIpv6;
    }

    /**
     * Reads a header.
     *
     * @param first its first eight bytes, little-endian
     * @param offset its CHECKSUM_OFFSET
     * @param features what the sender's driver accepted; {@link Features#NET_OFFERED} for another trusted source
     * @param length bytes of the frame
     * @return false when it asks for what was not negotiated or cannot be; {@link #plain} then
     */
    public boolean read(long first, int offset, long features, int length) {
        partial = (first & NetHeaderLayout.FLAG_NEEDS_CHECKSUM) != 0;
        type = field(first, NetHeaderLayout.GSO_TYPE) & 0xff;
        // Only a hint that nobody may rely on (section 5.1.6.2.2): it is made anew.
        headerBytes = 0;
        size = field(first, NetHeaderLayout.GSO_SIZE);
        checksumStart = field(first, NetHeaderLayout.CHECKSUM_START);
        checksumOffset = offset & 0xffff;
        overIpv6 = kind() == NetHeaderLayout.GSO_TCPV6;
        if (plain()) {
            return true;
        }
        long needed = neededOfSender();
        // Section 5.1.6.2.1: segments always come with a partial checksum.
        if (needed == 0 || (needed & ~features) != 0 || !partial || checksumPlace() + Short.BYTES > length
                || segmented() && size == 0) {
            clear();
            return false;
        }
        return true;
    }

    private static int field(long first, int at) {
        return (int) (first >>> Byte.SIZE * at) & 0xffff;
    }

    /** @return the features a sender must have accepted; 0 when there is no such request */
    private long neededOfSender() {
        boolean congested = (type & NetHeaderLayout.GSO_ECN) != 0;
        long segments = switch (kind()) {
            case NetHeaderLayout.GSO_NONE -> 0;
            case NetHeaderLayout.GSO_TCPV4 -> Features.NET_HOST_TSO4;
            case NetHeaderLayout.GSO_TCPV6 -> Features.NET_HOST_TSO6;
            case NetHeaderLayout.GSO_UDP_L4 -> Features.NET_HOST_USO;
            default -> -1;
        };
        if (segments == -1 || congested && (segments & TCP_TYPES) == 0) {
            return 0;
        }
        return Features.NET_CSUM | segments | (congested ? Features.NET_HOST_ECN : 0);
    }

    /**
     * @param features what a receiver's driver accepted
     * @return whether it takes a frame with this left to do (section 5.1.6.4.1)
     */
    public boolean taken(long features) {
        return plain() || (neededOfReceiver() & ~features) == 0;
    }

    private long neededOfReceiver() {
        long needed = partial ? Features.NET_GUEST_CSUM : 0;
        if ((type & NetHeaderLayout.GSO_ECN) != 0) {
            needed |= Features.NET_GUEST_ECN;
        }
        return needed | switch (kind()) {
            case NetHeaderLayout.GSO_TCPV4 -> Features.NET_GUEST_TSO4;
            case NetHeaderLayout.GSO_TCPV6 -> Features.NET_GUEST_TSO6;
            case NetHeaderLayout.GSO_UDP_L4 -> overIpv6 ? Features.NET_GUEST_USO6 : Features.NET_GUEST_USO4;
            default -> 0;
        };
    }

    /** @return whether nothing is left to do */
    public boolean plain() {
        return !partial && type == NetHeaderLayout.GSO_NONE;
    }

    /** @return whether the frame is still to be cut into segments of {@link #segmentBytes} */
    public boolean segmented() {
        return type != NetHeaderLayout.GSO_NONE;
    }

    /** @return the kind of segments: NONE, TCPV4, TCPV6 or UDP_L4 of {@link NetHeaderLayout} */
    public int kind() {
        return type & ~NetHeaderLayout.GSO_ECN;
    }

    /** @return payload bytes of each segment but the last */
    public int segmentBytes() {
        return size;
    }

    /** @return where the checksum is to begin */
    public int checksumStart() {
        return checksumStart;
    }

    /** @return where the two bytes of the checksum are */
    public int checksumPlace() {
        return checksumStart + checksumOffset;
    }

    /** @return bytes from the checksum's beginning to its place */
    public int checksumOffset() {
        return checksumOffset;
    }

    /** @return bytes of all headers up to the payload, 0 when that was not looked for */
    public int headerBytes() {
        return headerBytes;
    }

    /**
     * Notes what was found in a frame that is {@link #segmented}, for the receiver.
     *
     * @param headers bytes of all headers up to the payload
     * @param congested whether TCP's flag CWR is set
     */
    public void found(int headers, boolean ipv6, boolean congested) {
        headerBytes = headers;
        overIpv6 = ipv6;
        type = kind() | (congested ? NetHeaderLayout.GSO_ECN : 0);
    }

    /** The frame is one segment already: its checksum is all that is left. */
    public void unsegment() {
        type = NetHeaderLayout.GSO_NONE;
        size = 0;
        headerBytes = 0;
    }

    /**
     * The frame's headers became longer or shorter before the checksum's beginning: a VLAN tag of 4 bytes was put in
     * (4) or taken out (-4).
     */
    public void shift(int bytes) {
        checksumStart += bytes;
        if (headerBytes > 0) {
            headerBytes += bytes;
        }
    }

    /** @return the first eight bytes of a header that says this */
    public long firstWord() {
        if (plain()) {
            return 0;
        }
        return NetHeaderLayout.FLAG_NEEDS_CHECKSUM
                | (long) type << Byte.SIZE * NetHeaderLayout.GSO_TYPE
                | (long) headerBytes << Byte.SIZE * NetHeaderLayout.HEADER_LENGTH
                | (long) size << Byte.SIZE * NetHeaderLayout.GSO_SIZE
                | (long) checksumStart << Byte.SIZE * NetHeaderLayout.CHECKSUM_START;
    }

    /** @return the CHECKSUM_OFFSET of a header that says this */
    public int lastField() {
        return partial ? checksumOffset : 0;
    }
}
