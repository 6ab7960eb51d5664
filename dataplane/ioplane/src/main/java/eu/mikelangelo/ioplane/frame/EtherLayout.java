package eu.mikelangelo.ioplane.frame;

/** The few numbers of Ethernet and IPv4 (IEEE 802.3, RFC 791) that headers are found by. */
public final class EtherLayout {
    /** Bytes of an Ethernet header without tags. */
    public static final int ETHER_HEADER = 14;
    public static final int TYPE_IPV4 = 0x0800;
    public static final int TYPE_ARP = 0x0806;
    /** Bytes of an IPv4 header without options. */
    public static final int IPV4_HEADER = 20;

    private EtherLayout() {
    }
}
