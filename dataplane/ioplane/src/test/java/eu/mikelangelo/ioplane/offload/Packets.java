package eu.mikelangelo.ioplane.offload;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;

/**
 * Packets for tests, and a check of their checksums that shares nothing with the code under test: bytes added up one
 * by one, as RFC 1071 describes it.
 */
public final class Packets {
    public static final int FIN = 1;
    public static final int SYN = 2;
    public static final int PSH = 8;
    public static final int ACK = 16;
    public static final int CWR = 0x80;

    /**
     * What is before the payload.
     *
     * @param version 4 or 6
     * @param udp or TCP
     * @param tags VLAN tags
     * @param extra bytes of IPv4's options or of IPv6's extension headers; a multiple of 4, or of 8
     * @param options bytes of TCP's options, a multiple of 4
     */
    public record Kind(int version, boolean udp, int tags, int extra, int options) {
        /** Where what IP carries begins. */
        public int transport() {
            return network() + (version == 4 ? 20 : 40) + extra;
        }

        public int network() {
            return 14 + 4 * tags;
        }

        public int headers() {
            return transport() + (udp ? 8 : 20 + options);
        }

        public int checksumOffset() {
            return udp ? 6 : 16;
        }

        /** The type of the segments to be cut, as in virtio's header. */
        public int segments() {
            return udp ? 5 : version == 4 ? 1 : 4;
        }
    }

    private Packets() {
    }

    public static Kind anyKind(Random random) {
        int version = random.nextBoolean() ? 4 : 6;
        boolean udp = random.nextInt(3) == 0;
        // All headers up to TCP's flags lie within the first 96 bytes.
        int extra = version == 4 ? 4 * random.nextInt(11) : 8 * random.nextInt(3);
        return new Kind(version, udp, random.nextInt(3), random.nextBoolean() ? 0 : extra, 4 * random.nextInt(11));
    }

    /**
     * A packet whose transport checksum is the pseudo header's sum: the rest is left to others.
     *
     * @param flags TCP's, of which CWR is 0x80
     */
    public static byte[] partial(Kind kind, long to, long from, byte[] payload, int flags, int sequence) {
        ByteBuffer frame = ByteBuffer.allocate(kind.headers() + payload.length);
        frame.putShort((short) (to >>> 32)).putInt((int) to).putShort((short) (from >>> 32)).putInt((int) from);
        for (int i = 0; i < kind.tags; i++) {
            frame.putShort((short) (i == 0 && kind.tags == 2 ? 0x88a8 : 0x8100)).putShort((short) (7 + i));
        }
        int carried = frame.capacity() - kind.transport();
        if (kind.version == 4) {
            frame.putShort((short) 0x0800).put((byte) (0x45 + kind.extra / 4)).put((byte) 2);
            frame.putShort((short) (frame.capacity() - kind.network())).putShort((short) sequence).putShort((short) 0x4000);
            frame.put((byte) 64).put((byte) (kind.udp ? 17 : 6)).putShort((short) 0).putInt(0x0abb0002).putInt(0x0abb0003);
            Arrays.fill(frame.array(), frame.position(), frame.position() + kind.extra, (byte) 1);
            frame.putShort(kind.network() + 10, (short) checksum(frame.array(), kind.network(), kind.transport(), 0));
        } else {
            frame.putShort((short) 0x86dd).putInt(0x60200001).putShort((short) (carried + kind.extra));
            frame.put((byte) (kind.extra > 0 ? 60 : kind.udp ? 17 : 6)).put((byte) 64);
            frame.putLong(0xfd00_0000_0000_0000L).putLong(2).putLong(0xfd00_0000_0000_0001L).putLong(0xabcdef);
            for (int i = 8; i <= kind.extra; i += 8) {
                frame.put((byte) (i < kind.extra ? 60 : kind.udp ? 17 : 6)).put((byte) 0).putShort((short) 0x0104).putInt(0);
            }
        }
        frame.position(kind.transport()).putShort((short) 40_000).putShort((short) 5001);
        if (kind.udp) {
            frame.putShort((short) carried);
        } else {
            frame.putInt(sequence).putInt(77).put((byte) (0x50 + kind.options / 4 * 16)).put((byte) flags);
            frame.putShort((short) 512);
            Arrays.fill(frame.array(), kind.transport() + 20, kind.headers(), (byte) 1);
        }
        frame.putShort(kind.transport() + kind.checksumOffset(), (short) ~complement(pseudo(frame.array(), kind, carried)));
        frame.position(kind.headers()).put(payload);
        return frame.array();
    }

    /** The same packet over IPv4 from another address, its partial checksum put right. */
    public static byte[] from(byte[] packet, Kind kind, int address) {
        byte[] frame = packet.clone();
        ByteBuffer.wrap(frame).putInt(kind.network() + 12, address).putShort(kind.network() + 10, (short) 0);
        int ip = checksum(frame, kind.network(), kind.transport(), 0);
        int partial = ~complement(pseudo(frame, kind, frame.length - kind.transport()));
        ByteBuffer.wrap(frame).putShort(kind.network() + 10, (short) ip)
                .putShort(kind.transport() + kind.checksumOffset(), (short) partial);
        return frame;
    }

    /** A header of virtio that leaves the checksum, and with a positive size the segments too. */
    public static byte[] header(Kind kind, int segmentBytes) {
        int type = segmentBytes > 0 ? kind.segments() : 0;
        return header(1, type, segmentBytes, kind.transport(), kind.checksumOffset());
    }

    public static byte[] header(int flags, int type, int size, int start, int offset) {
        return new byte[] {(byte) flags, (byte) type, 0, 0, (byte) size, (byte) (size >>> 8), (byte) start,
            (byte) (start >>> 8), (byte) offset, (byte) (offset >>> 8), 0, 0};
    }

    private static long pseudo(byte[] frame, Kind kind, int carried) {
        int from = kind.network() + (kind.version == 4 ? 12 : 8);
        return add(frame, from, from + (kind.version == 4 ? 8 : 32), (kind.udp ? 17 : 6) + carried);
    }

    private static long add(byte[] bytes, int from, int to, long start) {
        long sum = start;
        for (int i = from; i < to; i++) {
            sum += (i - from) % 2 == 0 ? (bytes[i] & 0xff) << 8 : bytes[i] & 0xff;
        }
        return sum;
    }

    private static int complement(long sum) {
        long folded = sum;
        while (folded > 0xffff) {
            folded = (folded & 0xffff) + (folded >>> 16);
        }
        return (int) ~folded & 0xffff;
    }

    private static int checksum(byte[] bytes, int from, int to, long start) {
        return complement(add(bytes, from, to, start));
    }

    /** @return what is wrong with a finished packet: lengths and checksums; null when nothing is */
    public static String wrong(byte[] frame, Kind kind) {
        ByteBuffer in = ByteBuffer.wrap(frame);
        int network = kind.network();
        int carried = frame.length - kind.transport();
        if (kind.version == 4 && (in.getShort(network + 2) & 0xffff) != frame.length - network) {
            return "IPv4's length " + (in.getShort(network + 2) & 0xffff);
        }
        if (kind.version == 4 && checksum(frame, network, kind.transport(), 0) != 0) {
            return "IPv4's checksum";
        }
        if (kind.version == 6 && (in.getShort(network + 4) & 0xffff) != carried + kind.extra) {
            return "IPv6's length";
        }
        if (kind.udp && (in.getShort(kind.transport() + 4) & 0xffff) != carried) {
            return "UDP's length";
        }
        if (kind.udp && in.getShort(kind.transport() + 6) == 0) {
            return "no UDP checksum";
        }
        return checksum(frame, kind.transport(), frame.length, pseudo(frame, kind, carried)) == 0 ? null
                : "the transport's checksum";
    }

    /**
     * Puts back together what was cut, and checks each piece: what the original's headers say of all, which flags the
     * first and the last have, how numbers go on.
     *
     * @return the payload
     */
    public static byte[] joined(Iterable<byte[]> frames, byte[] original, Kind kind, int segmentBytes) {
        ByteArrayOutputStream payload = new ByteArrayOutputStream();
        ByteBuffer whole = ByteBuffer.wrap(original);
        int total = original.length - kind.headers();
        int index = 0;
        for (byte[] frame : frames) {
            ByteBuffer in = ByteBuffer.wrap(frame);
            String name = "piece " + index + " of " + kind;
            int bytes = frame.length - kind.headers();
            boolean last = payload.size() + bytes == total;
            expect(wrong(frame, kind) == null, name + ": " + wrong(frame, kind));
            expect(last ? bytes <= segmentBytes : bytes == segmentBytes, name + " has " + bytes + " bytes");
            expect(Arrays.equals(original, 0, kind.network(), frame, 0, kind.network()), name + ": Ethernet");
            if (kind.version == 4) {
                int number = whole.getShort(kind.network() + 4) + index & 0xffff;
                expect((in.getShort(kind.network() + 4) & 0xffff) == number, name + ": identification");
            }
            if (!kind.udp) {
                int at = kind.transport();
                expect(in.getInt(at + 4) == whole.getInt(at + 4) + payload.size(), name + ": sequence");
                int flags = original[at + 13] & (last ? 0xff : ~(FIN | PSH)) & (index == 0 ? 0xff : ~CWR);
                expect(frame[at + 13] == (byte) flags, name + ": flags " + frame[at + 13]);
                expect(Arrays.equals(original, at + 18, kind.headers(), frame, at + 18, kind.headers()),
                        name + ": options");
            }
            payload.write(frame, kind.headers(), bytes);
            index++;
        }
        return payload.toByteArray();
    }

    private static void expect(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
