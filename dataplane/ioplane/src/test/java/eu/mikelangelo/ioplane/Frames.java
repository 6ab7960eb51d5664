package eu.mikelangelo.ioplane;

import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/** Frames for tests. */
final class Frames {
    static final long GATEWAY_MAC = 0x024dff000001L;
    static final int GATEWAY_IP = 0x0abb0001;
    static final long BROADCAST = 0xffffffffffffL;

    private Frames() {
    }

    /** Machine numbers begin behind the gateway's address. */
    static long mac(int machine) {
        return 0x024d00000000L | machine + 1;
    }

    static int ip(int machine) {
        return 0x0abb0000 | machine + 1;
    }

    static ByteBuffer ethernet(long to, long from, int type, int payload) {
        ByteBuffer frame = ByteBuffer.allocate(14 + payload);
        frame.putShort((short) (to >>> 32)).putInt((int) to);
        frame.putShort((short) (from >>> 32)).putInt((int) from);
        return frame.putShort((short) type);
    }

    /** A frame of a type the rules do not look into, with random bytes. */
    static byte[] plain(long to, long from, int length, Random random) {
        byte[] payload = new byte[length - 14];
        random.nextBytes(payload);
        return ethernet(to, from, 0x88b5, payload.length).put(payload).array();
    }

    static byte[] arp(long to, long from, int operation, long senderMac, int senderIp, int targetIp) {
        ByteBuffer frame = ethernet(to, from, 0x0806, 28);
        frame.putShort((short) 1).putShort((short) 0x0800).put((byte) 6).put((byte) 4).putShort((short) operation);
        frame.putShort((short) (senderMac >>> 32)).putInt((int) senderMac).putInt(senderIp);
        return frame.putShort((short) 0).putInt(0).putInt(targetIp).array();
    }

    static byte[] udp(long to, long from, int senderIp, int targetIp, int senderPort, int targetPort) {
        ByteBuffer frame = ethernet(to, from, 0x0800, 20 + 8 + 10);
        frame.put((byte) 0x45).put((byte) 0).putShort((short) 38).putInt(0).put((byte) 64).put((byte) 17)
                .putShort((short) 0);
        frame.putInt(senderIp).putInt(targetIp).putShort((short) senderPort).putShort((short) targetPort);
        return frame.array();
    }

    /** The frame with a tag behind its addresses. @param control priority, drop eligible, VLAN */
    static byte[] tagged(byte[] frame, int type, int control) {
        return ByteBuffer.allocate(frame.length + 4).put(frame, 0, 12).putShort((short) type).putShort((short) control)
                .put(frame, 12, frame.length - 12).array();
    }

    /** A TCP segment without data or options from a machine to the gateway. */
    static byte[] tcp(int machine, int port, int flags) {
        ByteBuffer frame = ethernet(GATEWAY_MAC, mac(machine), 0x0800, 20 + 20);
        frame.put((byte) 0x45).put((byte) 0).putShort((short) 40).putInt(0).put((byte) 64).put((byte) 6)
                .putShort((short) 0);
        frame.putInt(ip(machine)).putInt(GATEWAY_IP).putShort((short) 80).putShort((short) port).putLong(0);
        return frame.put((byte) 0x50).put((byte) flags).array();
    }

    /** The same from the gateway: the other direction of that connection. */
    static byte[] tcpBack(int machine, int port, int flags) {
        byte[] frame = tcp(machine, port, flags);
        ethernet(mac(machine), GATEWAY_MAC, 0x0800, 0).flip().get(frame, 0, 14);
        ByteBuffer.wrap(frame).putInt(26, GATEWAY_IP).putInt(30, ip(machine)).putShort(34, (short) port)
                .putShort(36, (short) 80);
        return frame;
    }

    /** ICMPv6 of a type. */
    static byte[] icmp6(long to, long from, int type) {
        ByteBuffer frame = ethernet(to, from, 0x86dd, 40 + 8);
        frame.putInt(0x60000000).putShort((short) 8).put((byte) 58).put((byte) 255);
        return frame.position(54).put((byte) type).array();
    }

    static byte[] udp6(long to, long from, int targetPort) {
        ByteBuffer frame = ethernet(to, from, 0x86dd, 40 + 8);
        frame.putInt(0x60000000).putShort((short) 8).put((byte) 17).put((byte) 255);
        return frame.position(56).putShort((short) targetPort).array();
    }

    /** An IPv6 frame with an extension header before its payload. @param units of 8 bytes beyond the first */
    static byte[] behind(byte[] frame, int type, int units) {
        int bytes = (units + 1) * 8;
        byte[] longer = Arrays.copyOf(frame, frame.length + bytes);
        System.arraycopy(frame, 54, longer, 54 + bytes, frame.length - 54);
        Arrays.fill(longer, 54, 54 + bytes, (byte) 0);
        longer[54] = frame[20];
        // RFC 8200, section 4.5: the byte of the length is reserved in a fragment's header.
        longer[55] = (byte) (type == 44 ? 0 : units);
        longer[20] = (byte) type;
        return longer;
    }
}
