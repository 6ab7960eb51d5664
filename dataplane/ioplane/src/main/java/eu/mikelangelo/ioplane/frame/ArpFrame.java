package eu.mikelangelo.ioplane.frame;

import eu.mikelangelo.memory.Region;

/** Frames of ARP (RFC 826) and RARP (RFC 903) over Ethernet for IPv4, {@value #BYTES} bytes each. */
public final class ArpFrame {
    public static final int BYTES = EtherLayout.ETHER_HEADER + 28;
    private static final int TYPE_RARP = 0x8035;
    private static final long BROADCAST = 0xffff_ffff_ffffL;
    private static final int REQUEST = 1;
    private static final int REPLY = 2;
    private static final int REVERSE_REQUEST = 3;

    private ArpFrame() {}

    /** Who has {@code mac} and {@code ipv4} asks everybody for {@code target}. */
    public static void request(Region out, int at, long mac, int ipv4, int target) {
        write(out, at, BROADCAST, EtherLayout.TYPE_ARP, REQUEST, mac, ipv4);
        out.big48(at + 32, 0);
        out.big32(at + 38, target);
    }

    /** Who has {@code mac} and {@code ipv4} tells that to who has {@code toMac} and {@code toIpv4}. */
    public static void reply(Region out, int at, long mac, int ipv4, long toMac, int toIpv4) {
        write(out, at, toMac, EtherLayout.TYPE_ARP, REPLY, mac, ipv4);
        out.big48(at + 32, toMac);
        out.big32(at + 38, toIpv4);
    }

    /** Who has {@code mac} asks everybody for its own address, which tells switches on the way where it is. */
    public static void reverse(Region out, int at, long mac) {
        write(out, at, BROADCAST, TYPE_RARP, REVERSE_REQUEST, mac, 0);
        out.big48(at + 32, mac);
        out.big32(at + 38, 0);
    }

    private static void write(Region out, int at, long target, int type, int operation, long mac, int ipv4) {
        out.big48(at, target);
        out.big48(at + 6, mac);
        out.big16(at + 12, type);
        // Ethernet, IPv4, with addresses of six and four bytes.
        out.big32(at + 14, 0x0001_0800);
        out.big16(at + 18, 0x0604);
        out.big16(at + 20, operation);
        out.big48(at + 22, mac);
        out.big32(at + 28, ipv4);
    }
}
