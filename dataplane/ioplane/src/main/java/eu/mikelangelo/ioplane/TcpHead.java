package eu.mikelangelo.ioplane;

import eu.mikelangelo.memory.Region;

/**
 * Where things are in a frame that carries the beginning of a TCP segment over IPv4. Reused for every frame; fields
 * mean something only after {@link #read} said yes.
 */
final class TcpHead {
    static final int FIN = 1;
    static final int SYN = 2;
    static final int RST = 4;
    static final int ACK = 0x10;

    static final int IPV4_HEADER = 20;
    static final int TCP_HEADER = 20;
    static final int TCP = 6;
    private static final int FRAGMENT = 0x3fff;

    private Region head;
    private int tcp;
    private int payload;

    /**
     * @param frame the first bytes of a frame
     * @param length how many of them there are, at least 14, at most {@link FrameRules#HEAD_BYTES}; all of them when
     *     the frame is shorter
     * @return whether it is an unfragmented TCP segment whose lengths fit each other
     */
    boolean read(Region frame, int length) {
        int ip = FrameRules.ETHER_HEADER;
        if (length < ip + IPV4_HEADER + TCP_HEADER || FrameRules.u16(frame, 12) != FrameRules.TYPE_IPV4
                || frame.u8(ip) >>> 4 != 4 || frame.u8(ip + 9) != TCP
                || (FrameRules.u16(frame, ip + 6) & FRAGMENT) != 0) {
            return false;
        }
        int ipBytes = (frame.u8(ip) & 0xf) * 4;
        int begin = ip + ipBytes;
        // The longest IPv4 header ends at 74, so all that is read of TCP's lies within the head of a long frame.
        if (ipBytes < IPV4_HEADER || length < begin + TCP_HEADER) {
            return false;
        }
        int tcpBytes = (frame.u8(begin + 12) >>> 4) * 4;
        int bytes = FrameRules.u16(frame, ip + 2) - ipBytes - tcpBytes;
        if (tcpBytes < TCP_HEADER || bytes < 0) {
            return false;
        }
        head = frame;
        tcp = begin;
        payload = bytes;
        return true;
    }

    /** The frame that was read, valid until its memory is used again. */
    Region frame() {
        return head;
    }

    /** Offset of TCP's header in the frame. */
    int tcp() {
        return tcp;
    }

    /** Bytes of data that the segment says it has. */
    int payload() {
        return payload;
    }

    boolean has(int flags) {
        return (flags() & flags) != 0;
    }

    int flags() {
        return head.u8(tcp + 13);
    }

    int sequence() {
        return FrameRules.u32(head, tcp + 4);
    }

    int acknowledged() {
        return FrameRules.u32(head, tcp + 8);
    }

    int window() {
        return FrameRules.u16(head, tcp + 14);
    }

    /** Tells connections of one guest apart: the other side's address and both ports. */
    long connection() {
        long address = FrameRules.u32(head, FrameRules.ETHER_HEADER + 16);
        return address << 32 | FrameRules.u32(head, tcp) & 0xffffffffL;
    }
}
