package eu.mikelangelo.ioplane.offload;

import eu.mikelangelo.ioplane.frame.EtherLayout;
import eu.mikelangelo.memory.Region;

/**
 * Where the headers of a frame are: behind up to three VLAN tags, IPv4 or IPv6, and what that carries. Positions are
 * bytes from the frame's beginning; fields mean something only after {@link #read} said yes. Reused; one thread.
 */
final class FrameShape {
    static final int ETHER_HEADER = EtherLayout.ETHER_HEADER;
    static final int TAG = 4;
    /** Two of the guest's own, and one that the switch puts on. */
    static final int MAX_TAGS = 3;
    static final int IPV4_HEADER = EtherLayout.IPV4_HEADER;
    static final int IPV6_HEADER = 40;
    static final int ICMP = 1;
    static final int TCP = 6;
    static final int UDP = 17;
    static final int ICMPV6 = 58;

    private static final int TYPE_IPV4 = EtherLayout.TYPE_IPV4;
    private static final int TYPE_ARP = EtherLayout.TYPE_ARP;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_QINQ = 0x88a8;
    /** RFC 791, section 3.1: "more fragments", and the offset. */
    private static final int FRAGMENTED = 0x3fff;
    /** RFC 8200, section 4: headers that may stand before the payload's. */
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT_HEADER = 44;
    private static final int DESTINATION = 60;

    /** Where what Ethernet carries begins. */
    int network;
    /** Where what IP carries begins; {@link #network} when there is no IP. */
    int transport;
    /** What IP carries, -1 when there is no IP. */
    int protocol;
    /** 4, 6, or 0 for what is not IP. */
    int version;
    boolean arp;
    boolean fragment;
    /** It has a routing header: its destination is not the one in a pseudo header. */
    boolean routed;

    /**
     * @param memory where the frame begins at {@code at}
     * @param known how many of its bytes are there, at least 14
     * @return false when a header is damaged, or goes beyond what is known
     */
    boolean read(Region memory, long at, int known) {
        int type = memory.big16(at + ETHER_HEADER - Short.BYTES);
        network = ETHER_HEADER;
        for (int tags = 0; tags < MAX_TAGS && (type == TYPE_VLAN || type == TYPE_QINQ); tags++) {
            if (known < network + TAG) {
                return false;
            }
            type = memory.big16(at + network + Short.BYTES);
            network += TAG;
        }
        transport = network;
        protocol = -1;
        version = 0;
        arp = type == TYPE_ARP;
        fragment = false;
        routed = false;
        return type == TYPE_IPV4 ? ipv4(memory, at, known) : type != TYPE_IPV6 || ipv6(memory, at, known);
    }

    private boolean ipv4(Region memory, long at, int known) {
        if (known < network + IPV4_HEADER) {
            return false;
        }
        int first = memory.u8(at + network);
        int bytes = (first & 0xf) * 4;
        version = 4;
        transport = network + bytes;
        protocol = memory.u8(at + network + 9);
        fragment = (memory.big16(at + network + 6) & FRAGMENTED) != 0;
        return first >>> 4 == 4 && bytes >= IPV4_HEADER && known >= transport;
    }

    private boolean ipv6(Region memory, long at, int known) {
        if (known < network + IPV6_HEADER || memory.u8(at + network) >>> 4 != 6) {
            return false;
        }
        version = 6;
        int next = memory.u8(at + network + 6);
        int where = network + IPV6_HEADER;
        while (next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT_HEADER || next == DESTINATION) {
            // Each takes at least eight bytes, so the walk ends with what is known.
            if (known < where + 8) {
                return false;
            }
            fragment |= next == FRAGMENT_HEADER;
            routed |= next == ROUTING;
            int bytes = next == FRAGMENT_HEADER ? 8 : (memory.u8(at + where + 1) + 1) * 8;
            next = memory.u8(at + where);
            where += bytes;
        }
        transport = where;
        protocol = next;
        return known >= transport;
    }
}
