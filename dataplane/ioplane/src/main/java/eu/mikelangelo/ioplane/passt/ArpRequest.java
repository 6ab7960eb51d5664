package eu.mikelangelo.ioplane.passt;

import eu.mikelangelo.ioplane.frame.EtherLayout;
import eu.mikelangelo.memory.Region;

/** An ARP request (RFC 826) that a guest could have sent. */
public final class ArpRequest {
    public static final int BYTES = EtherLayout.ETHER_HEADER + 28;
    private static final long BROADCAST = 0xffff_ffff_ffffL;

    private ArpRequest() {}

    /** Writes {@value #BYTES} bytes: who has {@code mac} and {@code ipv4} asks everybody for {@code target}. */
    public static void write(Region out, int at, long mac, int ipv4, int target) {
        out.big48(at, BROADCAST);
        out.big48(at + 6, mac);
        out.big16(at + 12, EtherLayout.TYPE_ARP);
        // Ethernet, IPv4; six and four bytes, request.
        out.big32(at + 14, 0x0001_0800);
        out.big32(at + 18, 0x0604_0001);
        out.big48(at + 22, mac);
        out.big32(at + 28, ipv4);
        out.big48(at + 32, 0);
        out.big32(at + 38, target);
    }
}
