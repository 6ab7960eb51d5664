package eu.mikelangelo.linux.net;

/** Structs, options and flags of packet sockets (linux/if_packet.h) as far as version 2 of the rings needs them. */
public final class PacketLayout {
    /** {@code struct tpacket2_hdr}, at the start of a slot. */
    public static final long STATUS = 0;
    public static final long LENGTH = 4;
    public static final long CAPTURED = 8;
    public static final long FRAME = 12;
    public static final long TAG = 24;
    public static final long TAG_TYPE = 26;
    /** Bytes of the header of a slot, rounded up: no frame begins before that. */
    public static final int SLOT_HEADER = 32;

    /** Of a slot to receive: the frame is ours. */
    public static final int TP_STATUS_USER = 1;
    /** The whole frame, which did not fit the slot, can be had by recv(2). */
    public static final int TP_STATUS_COPY = 1 << 1;
    /** Frames were lost because all slots were full. */
    public static final int TP_STATUS_LOSING = 1 << 2;
    /** {@link #TAG} is a VLAN tag that was taken out of the frame. */
    public static final int TP_STATUS_VLAN_VALID = 1 << 4;
    public static final int TP_STATUS_VLAN_TPID_VALID = 1 << 6;
    /** Of any slot: it is the kernel's to fill, or ours to fill. */
    public static final int TP_STATUS_FREE = 0;
    /** Of a slot to send: the frame is the kernel's. */
    public static final int TP_STATUS_SEND_REQUEST = 1;

    /** Where in a slot to send the data begin: behind the header, without its sockaddr_ll. */
    public static final int SEND_DATA = 32;

    static final int AF_PACKET = 17;
    static final int SOCK_RAW = 3;
    static final int ETH_P_ALL = 3;
    static final int SOL_PACKET = 263;
    static final int PACKET_ADD_MEMBERSHIP = 1;
    static final int PACKET_RX_RING = 5;
    static final int PACKET_STATISTICS = 6;
    static final int PACKET_COPY_THRESH = 7;
    static final int PACKET_VERSION = 10;
    static final int PACKET_TX_RING = 13;
    static final int PACKET_LOSS = 14;
    static final int PACKET_VNET_HDR = 15;
    static final int PACKET_QDISC_BYPASS = 20;
    static final int PACKET_IGNORE_OUTGOING = 23;
    static final int PACKET_MR_PROMISC = 1;
    static final int TPACKET_V2 = 1;
    static final int SOL_SOCKET = 1;
    static final int SO_ERROR = 4;
    static final int SO_SNDBUF = 7;
    static final int SO_RCVBUF = 8;
    static final int SO_SNDBUFFORCE = 32;
    static final int SO_RCVBUFFORCE = 33;

    /** {@code struct sockaddr_ll}. */
    static final long ADDRESS_SIZE = 20;
    static final long ADDRESS_PROTOCOL = 2;
    static final long ADDRESS_INTERFACE = 4;
    /** {@code struct tpacket_req}: four ints. */
    static final int REQUEST_INTS = 4;
    /** {@code struct packet_mreq}. */
    static final long MEMBERSHIP_SIZE = 16;
    static final long MEMBERSHIP_TYPE = 4;
    /** {@code struct tpacket_stats}. */
    static final long STATISTICS_SIZE = 8;
    static final long STATISTICS_DROPS = 4;

    private PacketLayout() {}
}
