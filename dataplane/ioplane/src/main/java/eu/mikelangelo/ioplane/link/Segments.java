package eu.mikelangelo.ioplane.link;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;

/**
 * Cuts a TCP segment or UDP datagram that is longer than its path allows into frames (as the kernel's
 * tcp_gso_segment and __udp_gso_segment do): the payload stays where it is, each frame gets a head of its own with
 * lengths, numbers and checksums of its piece. One thread owns it.
 */
final class Segments {
    /** Room for a head: Ethernet with tags, the longest IPv4 and TCP headers, or IPv6 with some extension headers. */
    static final int MAX_HEAD = 244;

    private static final int TYPE_IPV4 = 0x0800;
    private static final int TYPE_IPV6 = 0x86dd;
    private static final int TYPE_VLAN = 0x8100;
    private static final int TYPE_QINQ = 0x88a8;
    private static final int IPV4_HEADER = 20;
    private static final int IPV6_HEADER = 40;
    private static final int TCP_HEADER = 20;
    private static final int UDP_HEADER = 8;
    private static final int TCP = 6;
    private static final int UDP = 17;
    /** RFC 9293 and RFC 3168: bits of TCP's flags. */
    private static final int FIN = 1;
    private static final int PUSH = 8;
    private static final int WINDOW_REDUCED = 0x80;

    private final Region front;
    private final int headAt;
    private final ScatterList pieces;
    private Region memory;
    private long frameAt;
    /** Bytes of the head where it lies, and in front, where it has its VLAN tag again. */
    private int sourceHead;
    private int head;
    private int tag;
    /** Where in {@link #front} the headers begin. */
    private int ipAt;
    private int transportAt;
    private boolean version4;
    private boolean tcp;
    private int size;
    private int payload;
    private int cut;
    private int index;

    /**
     * @param front where the heads are made, from {@code headAt} on, behind something that precedes each frame
     * @param pieces receives each frame with all of {@code front} before it
     */
    Segments(Region front, int headAt, ScatterList pieces) {
        this.front = front;
        this.headAt = headAt;
        this.pieces = pieces;
    }

    /**
     * Begins with a long frame.
     *
     * @param vlan a tag to be put in, or {@link Arrival#NO_TAG}
     * @param type one of {@link Arrival}'s GSO types
     * @param transport where in the frame the TCP or UDP header begins
     * @param sizes bytes of payload of each piece but the last
     * @return false when the numbers do not fit the frame
     */
    boolean begin(Region from, long at, int bytes, int vlan, int type, int transport, int sizes) {
        stop();
        tcp = type == Arrival.GSO_TCP4 || type == Arrival.GSO_TCP6;
        int least = tcp ? TCP_HEADER : UDP_HEADER;
        if (!tcp && type != Arrival.GSO_UDP || sizes == 0 || transport < Arrival.ETHER_HEADER + IPV4_HEADER
                || transport + least > bytes) {
            return false;
        }
        int header = tcp ? (from.u8(at + transport + 12) >>> 4) * 4 : UDP_HEADER;
        int shift = vlan == Arrival.NO_TAG ? 0 : Arrival.TAG_BYTES;
        sourceHead = transport + header;
        head = sourceHead + shift;
        if (header < least || head > MAX_HEAD || sourceHead >= bytes || head + sizes > NetTransmit.MAX_FRAME) {
            return false;
        }
        memory = from;
        frameAt = at;
        tag = vlan;
        size = sizes;
        transportAt = headAt + shift + transport;
        makeHead();
        if (!findIp(type)) {
            return false;
        }
        payload = bytes - sourceHead;
        return true;
    }

    private boolean findIp(int type) {
        int at = headAt + Arrival.MACS;
        int ether = front.big16(at);
        while ((ether == TYPE_VLAN || ether == TYPE_QINQ) && at + Arrival.TAG_BYTES + IPV4_HEADER < transportAt) {
            at += Arrival.TAG_BYTES;
            ether = front.big16(at);
        }
        ipAt = at + Short.BYTES;
        version4 = ether == TYPE_IPV4;
        if (version4) {
            return type != Arrival.GSO_TCP6 && ipAt + IPV4_HEADER <= transportAt
                    && ipAt + (front.u8(ipAt) & 0xf) * 4 == transportAt;
        }
        return ether == TYPE_IPV6 && type != Arrival.GSO_TCP4 && ipAt + IPV6_HEADER <= transportAt;
    }

    private void makeHead() {
        if (tag == Arrival.NO_TAG) {
            Region.copy(memory, frameAt, front, headAt, sourceHead);
            return;
        }
        Region.copy(memory, frameAt, front, headAt, Arrival.MACS);
        front.big32(headAt + Arrival.MACS, tag);
        Region.copy(memory, frameAt + Arrival.MACS, front, headAt + Arrival.MACS + Arrival.TAG_BYTES,
                sourceHead - Arrival.MACS);
    }

    /** Nothing more is to be shown. */
    void stop() {
        payload = 0;
        cut = 0;
        index = 0;
    }

    /** Makes the next frame. @return its length in bytes; 0 when there is none */
    int next() {
        if (cut == payload) {
            return 0;
        }
        int bytes = Math.min(size, payload - cut);
        if (index > 0) {
            makeHead();
        }
        int transport = headAt + head - transportAt + bytes;
        if (version4) {
            internet4(transport);
        } else {
            front.big16(ipAt + 4, transportAt - ipAt - IPV6_HEADER + transport);
        }
        if (tcp) {
            control(bytes);
        } else {
            front.big16(transportAt + 4, transport);
        }
        checksum(transport, bytes);
        pieces.clear();
        pieces.add(front, 0, headAt + head);
        pieces.add(memory, frameAt + sourceHead + cut, bytes);
        cut += bytes;
        index++;
        return head + bytes;
    }

    /** RFC 791: total length, identification, header checksum. @param bytes behind the header */
    private void internet4(int bytes) {
        int header = transportAt - ipAt;
        front.big16(ipAt + 2, header + bytes);
        front.big16(ipAt + 4, front.big16(ipAt + 4) + index);
        front.u16(ipAt + 10, 0);
        front.u16(ipAt + 10, InternetSum.finish(InternetSum.add(0, front, ipAt, header)));
    }

    /** RFC 9293: the sequence number goes on; the end is the last piece's, a reduced window the first's (RFC 3168). */
    private void control(int bytes) {
        front.big32(transportAt + 4, front.big32(transportAt + 4) + cut);
        int flags = front.u8(transportAt + 13);
        if (cut + bytes < payload) {
            flags &= ~(FIN | PUSH);
        }
        if (index > 0) {
            flags &= ~WINDOW_REDUCED;
        }
        front.u8(transportAt + 13, flags);
    }

    /** @param transport bytes from the transport header on, of which the last {@code bytes} are payload */
    private void checksum(int transport, int bytes) {
        int field = transportAt + (tcp ? 16 : 6);
        front.u16(field, 0);
        // The pseudo header: both addresses, protocol, length (RFC 9293 section 3.1, RFC 8200 section 8.1).
        long sum = version4 ? InternetSum.add(0, front, ipAt + 12, 8) : InternetSum.add(0, front, ipAt + 8, 32);
        sum = InternetSum.addWord(InternetSum.addWord(sum, tcp ? TCP : UDP), transport);
        sum = InternetSum.add(sum, front, transportAt, transport - bytes);
        sum = InternetSum.add(sum, memory, frameAt + sourceHead + cut, bytes);
        front.u16(field, tcp ? InternetSum.finish(sum) : InternetSum.finishUdp(sum));
    }
}
