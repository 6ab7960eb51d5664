package eu.mikelangelo.ioplane;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * Completes the TCP handshake of connections that come in through an uplink: for the SYN-ACK that a guest sends to
 * the gateway's MAC it makes the ACK that ends the handshake (RFC 9293, section 3.5).
 *
 * <p>passt before the middle of 2023 (Debian 12 has such a one) sends none until its client says or ends something.
 * A server that speaks first (SMTP, SSH, MySQL, FTP) waits for its connection and its client for the greeting, for
 * ever. A later passt sends the ACK itself; then the guest sees it twice, which TCP takes for nothing new.
 *
 * <p>It must only be given to the guest when the SYN-ACK is on its way to passt: without this ACK the guest would
 * send it again, with it the guest does not. One that the guest loses is made again for its next SYN-ACK.
 *
 * <p>The ACK has no timestamp: passt's SYN has no such option, so none was negotiated (RFC 7323, section 3.2).
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
final class HandshakeAnswer {
    static final int FRAME_BYTES = FrameRules.ETHER_HEADER + 20 + 20;
    /**
     * What the guest may send before passt says how much it takes, in units of passt's window scale, 256: the initial
     * window of RFC 6928 for 1,460-byte segments. A guest that scales no windows may send 57 bytes, which is enough to
     * be told more.
     */
    static final int WINDOW = 57;

    private static final int IPV4_HEADER = 20;
    private static final int TCP_HEADER = 20;
    private static final int TCP = 6;
    private static final int FIN_SYN_RST_ACK = 0x17;
    private static final int SYN_ACK = 0x12;
    private static final int ACK = 0x10;
    private static final int FRAGMENT = 0x3fff;

    private final Region out = new Region(Arena.ofAuto().allocate(FRAME_BYTES, 8));

    /**
     * @param head the first bytes of a frame that the guest sent and that was judged to be for the uplink
     * @param length how many of them there are, at least 14, at most {@link FrameRules#HEAD_BYTES}; all of them when
     *     the frame is shorter
     * @return true when it is a SYN-ACK; its answer is then in {@link #frame} until the next call
     */
    boolean answers(Region head, int length) {
        int ip = FrameRules.ETHER_HEADER;
        if (length < FRAME_BYTES || u16(head, 12) != FrameRules.TYPE_IPV4 || head.u8(ip) >>> 4 != 4
                || head.u8(ip + 9) != TCP || (u16(head, ip + 6) & FRAGMENT) != 0) {
            return false;
        }
        int ipBytes = (head.u8(ip) & 0xf) * 4;
        int tcp = ip + ipBytes;
        // The longest IPv4 header ends at 74, so all that is read of TCP's lies within the head of a long frame.
        if (ipBytes < IPV4_HEADER || u16(head, ip + 2) < ipBytes + TCP_HEADER || length < tcp + TCP_HEADER
                || (head.u8(tcp + 13) & FIN_SYN_RST_ACK) != SYN_ACK) {
            return false;
        }
        write(head, tcp);
        return true;
    }

    private static int u16(Region head, int at) {
        return head.u8(at) << 8 | head.u8(at + 1);
    }

    private void write(Region head, int theirTcp) {
        int ip = FrameRules.ETHER_HEADER;
        Region.copy(head, 6, out, 0, 6);
        Region.copy(head, 0, out, 6, 6);
        big16(12, FrameRules.TYPE_IPV4);
        big16(ip, 0x4500);
        big16(ip + 2, IPV4_HEADER + TCP_HEADER);
        out.u32(ip + 4, 0);
        big16(ip + 8, 64 << 8 | TCP);
        out.u16(ip + 10, 0);
        Region.copy(head, ip + 16, out, ip + 12, 4);
        Region.copy(head, ip + 12, out, ip + 16, 4);
        out.u16(ip + 10, checksum(0, ip, IPV4_HEADER));

        int tcp = ip + IPV4_HEADER;
        Region.copy(head, theirTcp + 2, out, tcp, 2);
        Region.copy(head, theirTcp, out, tcp + 2, 2);
        Region.copy(head, theirTcp + 8, out, tcp + 4, 4);
        // A SYN counts as one byte.
        out.u32(tcp + 8, Integer.reverseBytes(Integer.reverseBytes(head.u32(theirTcp + 4)) + 1));
        big16(tcp + 12, TCP_HEADER / 4 << 12 | ACK);
        big16(tcp + 14, WINDOW);
        out.u32(tcp + 16, 0);
        // The pseudo header of RFC 9293, section 3.1: the addresses before TCP's header, protocol and length.
        int pseudo = Short.reverseBytes((short) (TCP + TCP_HEADER)) & 0xffff;
        out.u16(tcp + 16, checksum(pseudo, ip + 12, 8 + TCP_HEADER));
    }

    private void big16(int at, int value) {
        out.u16(at, Short.reverseBytes((short) value) & 0xffff);
    }

    /** RFC 1071; in the bytes' own order (section 2 B), so it is stored as it is. @param length even */
    private int checksum(int start, int at, int length) {
        int sum = start;
        for (int i = 0; i < length; i += 2) {
            sum += out.u16(at + i);
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum += sum >>> 16;
        return ~sum & 0xffff;
    }

    /** Makes a list of the answer alone. */
    void frame(ScatterList list) {
        list.clear();
        list.add(out, 0, FRAME_BYTES);
    }
}
