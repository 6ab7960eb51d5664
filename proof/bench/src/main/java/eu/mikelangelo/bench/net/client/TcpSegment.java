package eu.mikelangelo.bench.net.client;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetHeaderLayout;

/** The headers of a TCP segment over IPv4 that a card is to cut, as Linux fills them in. */
final class TcpSegment {
    static final int IPV4 = 0x0800;
    private static final int IP = Ethernet.SIZE;
    private static final int IP_SIZE = 20;
    private static final int TCP = IP + IP_SIZE;
    /** With time stamps. */
    private static final int TCP_SIZE = 32;
    /** Of all of them. */
    static final int HEADERS = TCP + TCP_SIZE;
    private static final int MSS = 1448;
    private static final int TCP_PROTOCOL = 6;
    private static final int TCP_CHECKSUM = 16;
    private static final int FIRST_ADDRESS = 10 << 24 | 1;
    private static final int ACK = 0x10;
    /** Two fillers, then the time stamps' kind and length (RFC 7323). */
    private static final int TIME_STAMPS = 0x0101_080a;

    private TcpSegment() {}

    /** The header before the frame (VIRTIO 1.3 section 5.1.6.2). */
    static void writeOffload(Region memory, long at) {
        memory.u8(at + NetHeaderLayout.FLAGS, NetHeaderLayout.FLAG_NEEDS_CHECKSUM);
        memory.u8(at + NetHeaderLayout.GSO_TYPE, NetHeaderLayout.GSO_TCPV4);
        memory.u16(at + NetHeaderLayout.HEADER_LENGTH, HEADERS);
        memory.u16(at + NetHeaderLayout.GSO_SIZE, MSS);
        memory.u16(at + NetHeaderLayout.CHECKSUM_START, TCP);
        memory.u16(at + NetHeaderLayout.CHECKSUM_OFFSET, TCP_CHECKSUM);
        memory.u16(at + NetHeaderLayout.BUFFERS, 0);
    }

    /** @throws IllegalStateException unless the receiver is told what {@link #writeOffload} says */
    static void checkOffload(Region memory, long at, long number) {
        Traffic.check(memory.u8(at + NetHeaderLayout.FLAGS) == NetHeaderLayout.FLAG_NEEDS_CHECKSUM
                && memory.u16(at + NetHeaderLayout.CHECKSUM_START) == TCP
                && memory.u16(at + NetHeaderLayout.CHECKSUM_OFFSET) == TCP_CHECKSUM, "checksum to be made", number);
        Traffic.check(memory.u8(at + NetHeaderLayout.GSO_TYPE) == NetHeaderLayout.GSO_TCPV4
                && memory.u16(at + NetHeaderLayout.GSO_SIZE) == MSS, "cut to be made", number);
    }

    /** Both headers. @param at where the frame begins */
    static void write(Region memory, long at, int from, int payload) {
        memory.big16(at + IP, 0x4500);
        memory.big16(at + IP + 2, IP_SIZE + TCP_SIZE + payload);
        memory.big32(at + IP + 4, 0x4000);
        memory.big16(at + IP + 8, 64 << 8 | TCP_PROTOCOL);
        memory.big16(at + IP + 10, 0);
        memory.big32(at + IP + 12, FIRST_ADDRESS + from);
        memory.big32(at + IP + 16, FIRST_ADDRESS + 1 - from);
        memory.big16(at + IP + 10, ~sum(memory, at + IP, IP_SIZE, 0));
        memory.big32(at + TCP, 5201 << 16 | 40_000);
        memory.big32(at + TCP + 4, 1);
        memory.big32(at + TCP + 8, 1);
        memory.big16(at + TCP + 12, TCP_SIZE / 4 << 12 | ACK);
        memory.big16(at + TCP + 14, 0xffff);
        // The sum of the pseudo-header (RFC 9293 section 3.1): what is left to the card adds the rest.
        memory.big16(at + TCP + TCP_CHECKSUM, sum(memory, at + IP + 12, 8, TCP_PROTOCOL + TCP_SIZE + payload));
        memory.big16(at + TCP + 18, 0);
        memory.big32(at + TCP + 20, TIME_STAMPS);
        memory.big32(at + TCP + 24, 1);
        memory.big32(at + TCP + 28, 1);
        // What is between the headers and the first word of eight.
        memory.u16(at + HEADERS, 0);
    }

    /** Whether these are they; a switch may write other checksums. */
    static boolean is(Region memory, long at, int from, int payload) {
        return memory.big16(at + IP + 2) == IP_SIZE + TCP_SIZE + payload
                && memory.big32(at + IP + 12) == FIRST_ADDRESS + from
                && memory.big32(at + IP + 16) == FIRST_ADDRESS + 1 - from
                && memory.big32(at + TCP) == (5201 << 16 | 40_000) && memory.big32(at + TCP + 20) == TIME_STAMPS;
    }

    /** Of pairs of bytes, folded. */
    private static int sum(Region memory, long at, int bytes, int start) {
        int sum = start;
        for (int i = 0; i < bytes; i += 2) {
            sum += memory.big16(at + i);
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        return (sum & 0xffff) + (sum >>> 16);
    }
}
