package eu.mikelangelo.ioplane.passt;

import eu.mikelangelo.ioplane.frame.EtherLayout;
import eu.mikelangelo.memory.Region;

/**
 * Where things are in a frame that carries the beginning of a TCP segment over IPv4. Reused for every frame; fields
 * mean something only after {@link #read} said yes.
 */
public final class TcpHead {
    public static final int FIN = 1;
    public static final int SYN = 2;
    public static final int RST = 4;
    public static final int ACK = 0x10;

    public static final int TCP_HEADER = 20;
    public static final int TCP = 6;
    /** RFC 791, section 3.1: "more fragments", and the offset. */
    private static final int FRAGMENTED = 0x3fff;

    private Region frame;
    private int start;
    private int tcp;
    private int payload;

    /**
     * @param memory where the frame, or a private copy of its first bytes, begins at {@code at}
     * @param length how many bytes there are, at least 14; for a frame of which only the first bytes were copied,
     *     the 96 that the switch judges
     * @return whether it is an unfragmented TCP segment that its own IP length has room for; that is not compared
     *     with the frame's
     */
    public boolean read(Region memory, int at, int length) {
        return locate(memory, at, length) && whole();
    }

    /**
     * As {@link #read}, for what a sloppy or old receiver could take for a TCP segment: a fragment, or one that its
     * IP length has no room for. {@link #has} and {@link #connection} may be asked afterwards.
     */
    public boolean locate(Region memory, int at, int length) {
        if (length < EtherLayout.ETHER_HEADER + EtherLayout.IPV4_HEADER
                || memory.big16(at + 12) != EtherLayout.TYPE_IPV4
                || memory.u8(at + EtherLayout.ETHER_HEADER + 9) != TCP) {
            return false;
        }
        int begin = EtherLayout.ETHER_HEADER + (memory.u8(at + EtherLayout.ETHER_HEADER) & 0xf) * 4;
        // The longest IPv4 header ends at 74, so all that is read of TCP's lies within the head of a long frame.
        if (length < begin + TCP_HEADER) {
            return false;
        }
        frame = memory;
        start = at;
        tcp = at + begin;
        return true;
    }

    /** After {@link #locate}: as {@link #read}. */
    public boolean whole() {
        int ip = start + EtherLayout.ETHER_HEADER;
        int ipBytes = tcp - ip;
        int tcpBytes = (frame.u8(tcp + 12) >>> 4) * 4;
        payload = frame.big16(ip + 2) - ipBytes - tcpBytes;
        return frame.u8(ip) >>> 4 == 4 && ipBytes >= EtherLayout.IPV4_HEADER && (frame.big16(ip + 6) & FRAGMENTED) == 0
                && tcpBytes >= TCP_HEADER && payload >= 0;
    }

    /** The memory that was read, valid until it is used again. */
    public Region memory() {
        return frame;
    }

    /** Where the frame begins in {@link #memory}. */
    public int start() {
        return start;
    }

    /** Where TCP's header begins in {@link #memory}. */
    public int tcp() {
        return tcp;
    }

    /** Bytes of data that the segment says it has. */
    public int payload() {
        return payload;
    }

    public boolean has(int flags) {
        return (flags() & flags) != 0;
    }

    public int flags() {
        return frame.u8(tcp + 13);
    }

    public int sequence() {
        return frame.big32(tcp + 4);
    }

    public int acknowledged() {
        return frame.big32(tcp + 8);
    }

    public int window() {
        return frame.big16(tcp + 14);
    }

    /** Whether it is the second segment of a handshake. */
    public boolean accepts() {
        return (flags() & (FIN | SYN | RST | ACK)) == (SYN | ACK);
    }

    /** Tells connections of one guest apart, for a segment from it: the other side's address and both ports. */
    public long connection() {
        long address = frame.big32(start + EtherLayout.ETHER_HEADER + 16);
        return address << 32 | frame.big32(tcp) & 0xffffffffL;
    }

    /** As {@link #connection}, for a segment to the guest. */
    public long connectionToGuest() {
        long address = frame.big32(start + EtherLayout.ETHER_HEADER + 12);
        return address << 32 | Integer.rotateLeft(frame.big32(tcp), 16) & 0xffffffffL;
    }
}
