package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.frame.EtherLayout;
import eu.mikelangelo.memory.Region;

/**
 * The rules of ARCHITECTURE.md, "Network", for a frame that a guest sent: may it be sent at all, and is it for the
 * uplink or for other machines? A pure function of the frame's first bytes, which are a private copy: the guest
 * cannot change them after they were judged. Immutable.
 */
final class FrameRules {
    /**
     * How many bytes are judged: Ethernet, the longest IPv4 header and UDP ports fit, and IPv6 with the type of ICMP.
     */
    static final int HEAD_BYTES = 96;

    /** Verdicts besides drops; a drop is -1 minus the reason's ordinal. */
    static final int UNICAST = 0;
    static final int FLOOD = 1;
    static final int UPLINK = 2;

    /** No gateway: an open switch without uplinks. */
    static final long NO_GATEWAY = -1;

    static final long BROADCAST = 0xffff_ffff_ffffL;
    static final int ETHER_HEADER = EtherLayout.ETHER_HEADER;
    static final int TYPE_IPV4 = EtherLayout.TYPE_IPV4;
    static final int TYPE_ARP = EtherLayout.TYPE_ARP;
    static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_QINQ = 0x88a8;
    private static final int TYPE_OLD_QINQ = 0x9100;
    /** RFC 826 over Ethernet and IPv4. */
    private static final int ARP_BYTES = 28;
    private static final int ARP_REQUEST = 1;
    static final int IPV4_HEADER = EtherLayout.IPV4_HEADER;
    private static final int IPV6_HEADER = 40;
    private static final int UDP = 17;
    private static final int ICMPV6 = 58;
    /** RFC 8200, section 4: headers that may stand before the payload's. */
    private static final int HOP_BY_HOP = 0;
    private static final int ROUTING = 43;
    private static final int FRAGMENT_HEADER = 44;
    private static final int DESTINATION = 60;
    /** RFC 4861. */
    private static final int ROUTER_SOLICITATION = 133;
    private static final int ROUTER_ADVERTISEMENT = 134;
    private static final int REDIRECT = 137;

    private final long gatewayMac;
    private final int gatewayIpv4;

    /**
     * @param gatewayMac 48 bits, or {@link #NO_GATEWAY}
     * @param gatewayIpv4 the gateway's address, read big-endian
     */
    FrameRules(long gatewayMac, int gatewayIpv4) {
        this.gatewayMac = gatewayMac;
        this.gatewayIpv4 = gatewayIpv4;
    }

    static int drop(Drop reason) {
        return -1 - reason.ordinal();
    }

    static long target(Region head) {
        return head.big48(0);
    }

    static long source(Region head) {
        return head.big48(6);
    }

    /**
     * Whether nothing is asked of what this port sends but that its source address is that of one card: what is in its
     * frames is their receivers' affair.
     */
    boolean open(PortConfig port) {
        return gatewayMac == NO_GATEWAY && port.mac() == PortConfig.ANY_MAC && port.ipv4() == 0;
    }

    /**
     * @param head the first bytes of the frame
     * @param length how many of them there are, at least 14, at most {@link #HEAD_BYTES}; all of them when the frame
     *     is shorter
     * @return {@link #UNICAST}, {@link #FLOOD}, {@link #UPLINK} or a drop
     */
    int judge(Region head, int length, PortConfig port) {
        long source = source(head);
        if ((source >>> 40 & 1) != 0 || source == gatewayMac || !port.mayUse(source)) {
            return drop(Drop.SPOOFED_MAC);
        }
        int type = head.big16(12);
        if (type == TYPE_VLAN || type == TYPE_QINQ || type == TYPE_OLD_QINQ) {
            if (port.ipv4() != 0) {
                return drop(Drop.TAGGED);
            }
        } else if (!open(port)) {
            int verdict = switch (type) {
                case TYPE_ARP -> arp(head, length, port);
                case TYPE_IPV4 -> ipv4(head, length, port);
                case TYPE_IPV6 -> ipv6(head, length, port);
                default -> UNICAST;
            };
            if (verdict != UNICAST) {
                return verdict;
            }
        }
        long target = target(head);
        if (target == gatewayMac) {
            return UPLINK;
        }
        return (target >>> 40 & 1) != 0 ? FLOOD : UNICAST;
    }

    /** RFC 826. A sender of 0.0.0.0 is a probe whether an address is taken (RFC 5227). */
    private int arp(Region head, int length, PortConfig port) {
        if (length < ETHER_HEADER + ARP_BYTES) {
            return drop(Drop.MALFORMED);
        }
        int senderIp = head.big32(28);
        if (port.ipv4() != 0 && senderIp != port.ipv4() && senderIp != 0) {
            return drop(Drop.SPOOFED_ADDRESS);
        }
        if (!port.mayUse(head.big48(22))) {
            return drop(Drop.SPOOFED_MAC);
        }
        if (gatewayMac == NO_GATEWAY) {
            return UNICAST;
        }
        if (senderIp == gatewayIpv4) {
            return drop(Drop.SPOOFED_ADDRESS);
        }
        return head.big16(20) == ARP_REQUEST && head.big32(38) == gatewayIpv4 ? UPLINK : UNICAST;
    }

    private int ipv4(Region head, int length, PortConfig port) {
        int headerBytes = (head.u8(ETHER_HEADER) & 0xf) * 4;
        if (length < ETHER_HEADER + IPV4_HEADER || headerBytes < IPV4_HEADER) {
            return drop(Drop.MALFORMED);
        }
        boolean dhcp = false;
        boolean firstFragment = (head.big16(20) & 0x1fff) == 0;
        if (head.u8(23) == UDP && firstFragment) {
            if (length < ETHER_HEADER + headerBytes + 4) {
                return drop(Drop.MALFORMED);
            }
            int targetPort = head.big16(ETHER_HEADER + headerBytes + 2);
            dhcp = targetPort == 67 || targetPort == 68;
        }
        int sender = head.big32(26);
        // Who asks for an address by DHCP has none yet (RFC 2131, section 4.1).
        if (port.ipv4() != 0 && sender != port.ipv4() && !(dhcp && sender == 0)) {
            return drop(Drop.SPOOFED_ADDRESS);
        }
        return dhcp && gatewayMac != NO_GATEWAY ? UPLINK : UNICAST;
    }

    private int ipv6(Region head, int length, PortConfig port) {
        if (length < ETHER_HEADER + IPV6_HEADER) {
            return drop(Drop.MALFORMED);
        }
        if (gatewayMac == NO_GATEWAY) {
            return UNICAST;
        }
        int next = head.u8(ETHER_HEADER + 6);
        int at = ETHER_HEADER + IPV6_HEADER;
        // RFC 7113: who looks at the first header only is told anything behind a second one.
        while (next == HOP_BY_HOP || next == ROUTING || next == FRAGMENT_HEADER || next == DESTINATION) {
            if (length < at + 8) {
                return drop(Drop.MALFORMED);
            }
            if (next == FRAGMENT_HEADER && (head.big16(at + 2) & 0xfff8) != 0) {
                return UNICAST;
            }
            int bytes = next == FRAGMENT_HEADER ? 8 : (head.u8(at + 1) + 1) * 8;
            next = head.u8(at);
            at += bytes;
        }
        return payload6(head, length, at, next);
    }

    /** @param at where the header of type {@code next} is, within the frame's first bytes or behind them */
    private static int payload6(Region head, int length, int at, int next) {
        if (length < at + 4 && at > ETHER_HEADER + IPV6_HEADER) {
            return drop(Drop.MALFORMED);
        }
        if (next == ICMPV6 && length > at) {
            int type = head.u8(at);
            if (type == ROUTER_ADVERTISEMENT || type == REDIRECT) {
                return drop(Drop.ROGUE_ROUTER);
            }
            return type == ROUTER_SOLICITATION ? UPLINK : UNICAST;
        }
        if (next == UDP && length >= at + 4) {
            int targetPort = head.big16(at + 2);
            return targetPort == 546 || targetPort == 547 ? UPLINK : UNICAST;
        }
        return UNICAST;
    }
}
