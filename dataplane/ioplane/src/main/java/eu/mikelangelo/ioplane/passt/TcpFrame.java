package eu.mikelangelo.ioplane.passt;

import eu.mikelangelo.ioplane.frame.EtherLayout;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/** One frame of ours with a TCP segment over IPv4: no options, the flag ACK, data that is all zero. Reused. */
final class TcpFrame {
    private static final int IP = EtherLayout.ETHER_HEADER;
    private static final int TCP = IP + EtherLayout.IPV4_HEADER;
    private static final int DATA = TCP + TcpHead.TCP_HEADER;
    /** Room for one byte of data and the one that makes it even for the checksum. */
    private static final int MAX_BYTES = DATA + 2;

    private final Region out = new Region(Arena.ofAuto().allocate(MAX_BYTES, 8));
    private int length;

    /** A segment to the sender of another, or from it along the same way. @param data bytes, 0 or 1 */
    void make(TcpHead of, boolean back, int sequence, int acknowledged, int window, int data) {
        Region from = of.memory();
        int at = of.start();
        Region.copy(from, at + (back ? 6 : 0), out, 0, 6);
        Region.copy(from, at + (back ? 0 : 6), out, 6, 6);
        out.big16(12, EtherLayout.TYPE_IPV4);
        out.big16(IP, 0x4500);
        out.big16(IP + 2, EtherLayout.IPV4_HEADER + TcpHead.TCP_HEADER + data);
        out.u32(IP + 4, 0);
        out.big16(IP + 8, 64 << 8 | TcpHead.TCP);
        out.u16(IP + 10, 0);
        Region.copy(from, at + IP + (back ? 16 : 12), out, IP + 12, 4);
        Region.copy(from, at + IP + (back ? 12 : 16), out, IP + 16, 4);
        out.u16(IP + 10, checksum(0, IP, EtherLayout.IPV4_HEADER));

        Region.copy(from, of.tcp() + (back ? 2 : 0), out, TCP, 2);
        Region.copy(from, of.tcp() + (back ? 0 : 2), out, TCP + 2, 2);
        out.big32(TCP + 4, sequence);
        out.big32(TCP + 8, acknowledged);
        out.big16(TCP + 12, TcpHead.TCP_HEADER / 4 << 12 | TcpHead.ACK);
        out.big16(TCP + 14, window);
        out.u32(TCP + 16, 0);
        out.u16(DATA, 0);
        // The pseudo header of RFC 9293, section 3.1: the addresses before TCP's header, protocol and length.
        int pseudo = Short.reverseBytes((short) (TcpHead.TCP + TcpHead.TCP_HEADER + data)) & 0xffff;
        out.u16(TCP + 16, checksum(pseudo, IP + 12, 8 + TcpHead.TCP_HEADER + 2));
        length = DATA + data;
    }

    /** RFC 1071; in the bytes' own order (section 2 B), so it is stored as it is. @param bytes even */
    private int checksum(int start, int at, int bytes) {
        int sum = start;
        for (int i = 0; i < bytes; i += 2) {
            sum += out.u16(at + i);
        }
        sum = (sum & 0xffff) + (sum >>> 16);
        sum += sum >>> 16;
        return ~sum & 0xffff;
    }

    /** Makes a list of the frame alone. @return its length */
    int frame(ScatterList list) {
        list.clear();
        list.add(out, 0, length);
        return length;
    }
}
