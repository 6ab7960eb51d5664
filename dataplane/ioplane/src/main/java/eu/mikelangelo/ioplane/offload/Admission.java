package eu.mikelangelo.ioplane.offload;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetOffload;

/**
 * Decides whether what a guest leaves to others fits the frame it sends. Judged is a private copy of the frame's first
 * bytes, so nothing can be changed afterwards; what is admitted may be done here or be left to another guest.
 *
 * <p>A checksum is written where the guest says. It must not land on what the rules of the network judged: addresses,
 * ports, the type of ICMP (a router advertisement can be made out of an echo in that way).
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
public final class Admission {
    /**
     * The most segments of one frame: a few bytes each would make thousands of frames out of one. Enough for segments
     * of 32 bytes; Linux sends none below 36 (its least segment is 48 with options).
     */
    public static final int MAX_SEGMENTS = 2048;
    /** Enough for the ports, the types of ICMP, and the whole header of UDP. */
    private static final int JUDGED = 8;
    private static final int TCP_HEADER = 20;
    private static final int UDP_HEADER = 8;
    static final int TCP_CHECKSUM = 16;
    static final int UDP_CHECKSUM = 6;
    private static final int ICMP_CHECKSUM = 2;
    private static final int TCP_FLAGS = 13;
    private static final int SYN_RST = 6;
    private static final int CWR = 0x80;

    private final FrameShape shape = new FrameShape();

    /**
     * @param head the frame's first bytes, private
     * @param known how many there are: all, or at least 96
     * @param length bytes of the frame
     * @param offload not plain; it is completed by what is found, and made simpler where one segment is all there is
     * @return false when the frame is to be dropped
     */
    public boolean admit(Region head, int known, int length, NetOffload offload) {
        if (!shape.read(head, 0, known) || shape.fragment || shape.arp) {
            return false;
        }
        return offload.segmented() ? segments(head, known, length, offload) : checksum(offload);
    }

    private boolean checksum(NetOffload offload) {
        int start = offload.checksumStart();
        int offset = offload.checksumOffset();
        if (start < shape.transport) {
            return false;
        }
        if (shape.version == 0) {
            return true;
        }
        if (start > shape.transport) {
            // In a tunnel: Linux leaves the innermost checksum to the card.
            return offload.checksumPlace() >= shape.transport + JUDGED;
        }
        return switch (shape.protocol) {
            case FrameShape.TCP -> offset == TCP_CHECKSUM;
            case FrameShape.UDP -> offset == UDP_CHECKSUM;
            case FrameShape.ICMP, FrameShape.ICMPV6 -> offset == ICMP_CHECKSUM;
            default -> offset >= Integer.BYTES;
        };
    }

    private boolean segments(Region head, int known, int length, NetOffload offload) {
        boolean udp = offload.kind() == NetHeaderLayout.GSO_UDP_L4;
        int version = switch (offload.kind()) {
            case NetHeaderLayout.GSO_TCPV4 -> 4;
            case NetHeaderLayout.GSO_TCPV6 -> 6;
            default -> shape.version;
        };
        if (version == 0 || version != shape.version || shape.routed
                || shape.protocol != (udp ? FrameShape.UDP : FrameShape.TCP)
                || offload.checksumStart() != shape.transport
                || offload.checksumOffset() != (udp ? UDP_CHECKSUM : TCP_CHECKSUM)
                || ipBytes(head) != length - shape.network) {
            return false;
        }
        int headers = udp ? udpHeaders(head, known, length) : tcpHeaders(head, known);
        if (headers == 0 || headers > length) {
            return false;
        }
        int payload = length - headers;
        int size = offload.segmentBytes();
        if (payload <= size) {
            offload.unsegment();
            return true;
        }
        offload.found(headers, version == 6, !udp && (head.u8(shape.transport + TCP_FLAGS) & CWR) != 0);
        return payload <= (long) size * MAX_SEGMENTS;
    }

    /** @return bytes of the packet as IP's header says, that header included */
    private int ipBytes(Region head) {
        return shape.version == 4 ? head.big16(shape.network + 2)
                : head.big16(shape.network + 4) + FrameShape.IPV6_HEADER;
    }

    /** @return bytes of all headers, 0 when they are damaged or cannot be those of a segment to be cut */
    private int tcpHeaders(Region head, int known) {
        if (known <= shape.transport + TCP_FLAGS) {
            return 0;
        }
        int bytes = (head.u8(shape.transport + TCP_FLAGS - 1) >>> 4) * 4;
        boolean data = (head.u8(shape.transport + TCP_FLAGS) & SYN_RST) == 0;
        return bytes >= TCP_HEADER && data ? shape.transport + bytes : 0;
    }

    private int udpHeaders(Region head, int known, int length) {
        int bytes = length - shape.transport;
        return known >= shape.transport + UDP_HEADER && head.big16(shape.transport + 4) == bytes
                ? shape.transport + UDP_HEADER : 0;
    }
}
