package eu.mikelangelo.ioplane.frame;

import eu.mikelangelo.memory.Region;

/**
 * What tells one flow from another: a hash of addresses and ports that is the same for both directions, so that what a
 * guest sends says where it wants to receive. A pure function of the frame's first bytes.
 *
 * <p>IPv4 and IPv6, behind one VLAN tag as well: protocol and addresses, and the ports of TCP, UDP, DCCP and SCTP
 * right behind the IP header. Fragments have the same hash whether they carry ports or not. Of anything else the MAC
 * addresses and the type.
 */
public final class FlowHash {
    /** No byte behind these is looked at, so that each way through the switch, which has as many, finds the same. */
    public static final int REACH = 64;

    private static final int TAG = 4;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_VLAN = 0x8100;
    private static final int IPV6_HEADER = 40;
    /** More fragments, or an offset (RFC 791). */
    private static final int FRAGMENT = 0x3fff;
    private static final int TCP = 6;
    private static final int UDP = 17;
    private static final int DCCP = 33;
    private static final int SCTP = 132;

    private FlowHash() {
    }

    /**
     * @param head the first bytes of the frame, private to us
     * @param judged how many of them there are
     */
    public static int of(Region head, int judged) {
        int length = Math.min(judged, REACH);
        if (length < EtherLayout.ETHER_HEADER) {
            return 0;
        }
        int type = head.big16(EtherLayout.ETHER_HEADER - Short.BYTES);
        int at = EtherLayout.ETHER_HEADER;
        if (type == TYPE_VLAN && length >= at + TAG) {
            type = head.big16(at + TAG - Short.BYTES);
            at += TAG;
        }
        if (type == EtherLayout.TYPE_IPV4 && length >= at + EtherLayout.IPV4_HEADER) {
            return ipv4(head, at, length);
        }
        if (type == TYPE_IPV6 && length >= at + IPV6_HEADER) {
            return ipv6(head, at, length);
        }
        return fold(mixed(head.big48(0)) + mixed(head.big48(6)) + type);
    }

    private static int ipv4(Region head, int at, int length) {
        int protocol = head.u8(at + 9);
        int payload = at + 4 * (head.u8(at) & 0xf);
        boolean ports = (head.big16(at + 6) & FRAGMENT) == 0 && hasPorts(protocol) && length >= payload + 4;
        long from = (head.big32(at + 12) & 0xffff_ffffL) << Short.SIZE | (ports ? head.big16(payload) : 0);
        long to = (head.big32(at + 16) & 0xffff_ffffL) << Short.SIZE | (ports ? head.big16(payload + 2) : 0);
        return fold(mixed(from) + mixed(to) + protocol);
    }

    private static int ipv6(Region head, int at, int length) {
        int protocol = head.u8(at + 6);
        int payload = at + IPV6_HEADER;
        boolean ports = hasPorts(protocol) && length >= payload + 4;
        long from = mixed(head.u64(at + 8)) + mixed(head.u64(at + 16) ^ (ports ? head.big16(payload) : 0));
        long to = mixed(head.u64(at + 24)) + mixed(head.u64(at + 32) ^ (ports ? head.big16(payload + 2) : 0));
        // With another header before the payload, fragments' among them, all between these two is one flow.
        return fold(mixed(from) + mixed(to) + protocol);
    }

    private static boolean hasPorts(int protocol) {
        return protocol == TCP || protocol == UDP || protocol == DCCP || protocol == SCTP;
    }

    /** One end: a bijection, so that different ends differ, and their sums nearly always. */
    private static long mixed(long end) {
        long h = (end ^ end >>> 32) * 0x9e3779b97f4a7c15L;
        h ^= h >>> 29;
        return h * 0xbf58476d1ce4e5b9L;
    }

    private static int fold(long both) {
        return (int) (mixed(both) >>> Integer.SIZE);
    }
}
