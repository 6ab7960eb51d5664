package eu.mikelangelo.ioplane.link;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetTransmit;
import java.io.ByteArrayOutputStream;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the kernel hands over becomes frames as they are on a wire; checked with sums made in the plainest way. */
class ArrivalTest {
    private static final int AT = 100;
    private final Random random = new Random(11);
    private final Arrival arrival = new Arrival();

    /** @param extra bytes of options or extension headers, a multiple of 8 */
    private byte[] packet(boolean ipv6, boolean tcp, int extra, int payload) {
        int transport = (tcp ? 32 : 8) + payload;
        ByteBuffer frame = ByteBuffer.allocate(14 + (ipv6 ? 40 : 20) + extra + transport);
        frame.putLong(0x0200000000010200L).putInt(2).putShort((short) (ipv6 ? 0x86dd : 0x0800));
        byte[] addresses = new byte[ipv6 ? 32 : 8];
        random.nextBytes(addresses);
        if (ipv6) {
            frame.putInt(0x60000000).putShort((short) (extra + transport)).put((byte) (extra > 0 ? 60 : tcp ? 6 : 17));
            frame.put((byte) 64).put(addresses);
            if (extra > 0) {
                frame.put((byte) (tcp ? 6 : 17)).put((byte) (extra / 8 - 1)).position(frame.position() + extra - 2);
            }
        } else {
            frame.put((byte) (0x45 + extra / 4)).put((byte) 0).putShort((short) (20 + extra + transport));
            frame.putShort((short) 0xfffe).putShort((short) 0x4000).put((byte) 64).put((byte) (tcp ? 6 : 17));
            frame.putShort((short) 0).put(addresses).position(frame.position() + extra);
        }
        frame.putShort((short) 80).putShort((short) 1234);
        if (tcp) {
            frame.putInt(0xfffffff0).putInt(77).put((byte) 0x80).put((byte) (0x80 | 16 | 8 | 1)).putShort((short) 500);
            frame.putInt(0).position(frame.position() + 12);
        } else {
            frame.putShort((short) transport).putShort((short) 0);
        }
        byte[] bytes = new byte[payload];
        random.nextBytes(bytes);
        return frame.put(bytes).array();
    }

    /** Puts a frame where the kernel would, behind a header. */
    private int begin(byte[] frame, int tag, int flags, int gso, int size, int start, int offset) {
        Region memory = new Region(Arena.ofAuto().allocate(AT + frame.length + 16, 8));
        memory.u8(AT - 10, flags);
        memory.u8(AT - 9, gso);
        memory.u16(AT - 6, size);
        memory.u16(AT - 4, start);
        memory.u16(AT - 2, offset);
        MemorySegment.copy(frame, 0, memory.segment(), ValueLayout.JAVA_BYTE, AT, frame.length);
        return arrival.begin(memory, AT - 10, AT, frame.length, tag);
    }

    private List<byte[]> all() {
        List<byte[]> frames = new ArrayList<>();
        while (arrival.held()) {
            int length = arrival.length();
            assertEquals(12 + length, arrival.pieces().bytes());
            Region flat = new Region(Arena.ofAuto().allocate(12 + length));
            arrival.pieces().read(0, flat, 0, 12 + length);
            byte[] bytes = flat.segment().toArray(ValueLayout.JAVA_BYTE);
            assertArrayEquals(new byte[12], Arrays.copyOf(bytes, 12), "the header says nothing");
            frames.add(Arrays.copyOfRange(bytes, 12, bytes.length));
            arrival.done();
        }
        return frames;
    }

    private static int sum(byte[] bytes, int from, int to, int before) {
        int sum = before;
        for (int i = from; i < to; i += 2) {
            sum += (bytes[i] & 0xff) << 8 | (i + 1 < to ? bytes[i + 1] & 0xff : 0);
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return sum;
    }

    /** Checks lengths and both checksums of a frame. @return where its transport header is */
    private static int check(byte[] frame, boolean ipv6, boolean tcp, int extra, int shift) {
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        int ip = 14 + shift;
        int transport = ip + (ipv6 ? 40 : 20) + extra;
        int length = frame.length - transport;
        if (ipv6) {
            assertEquals(extra + length, bytes.getShort(ip + 4) & 0xffff);
        } else {
            assertEquals(frame.length - ip, bytes.getShort(ip + 2) & 0xffff);
            assertEquals(0xffff, sum(frame, ip, transport, 0), "IPv4's checksum");
        }
        int addresses = ipv6 ? sum(frame, ip + 8, ip + 40, 0) : sum(frame, ip + 12, ip + 20, 0);
        assertEquals(0xffff, sum(frame, transport, frame.length, addresses + (tcp ? 6 : 17) + length), "the checksum");
        return transport;
    }

    @ParameterizedTest
    @CsvSource({"false,true,0,5000,1448", "false,true,8,65000,1000", "true,true,0,4097,1", "true,true,16,3001,1428",
        "false,false,0,4001,1000", "true,false,8,2999,999", "false,true,40,100,1448", "true,false,0,1400,700"})
    void longSegmentsAreCut(boolean ipv6, boolean tcp, int extra, int payload, int size) {
        for (int tag : new int[] {Arrival.NO_TAG, 0x8100_2005, 0x88a8_0001}) {
            byte[] frame = packet(ipv6, tcp, extra, payload);
            int gso = tcp ? (ipv6 ? Arrival.GSO_TCP6 : Arrival.GSO_TCP4 | 0x80) : Arrival.GSO_UDP;
            int start = 14 + (ipv6 ? 40 : 20) + extra;
            assertEquals(NetTransmit.FRAME, begin(frame, tag, 1, gso, size, start, tcp ? 16 : 6));
            List<byte[]> frames = all();
            assertEquals((payload + size - 1) / size, frames.size());
            ByteArrayOutputStream joined = new ByteArrayOutputStream();
            for (int i = 0; i < frames.size(); i++) {
                byte[] part = frames.get(i);
                int shift = tag == Arrival.NO_TAG ? 0 : 4;
                int transport = check(part, ipv6, tcp, extra, shift);
                ByteBuffer bytes = ByteBuffer.wrap(part);
                if (shift > 0) {
                    assertEquals(tag, bytes.getInt(12));
                }
                if (!ipv6) {
                    assertEquals(0xfffe + i & 0xffff, bytes.getShort(14 + shift + 4) & 0xffff);
                }
                if (tcp) {
                    assertEquals(0xfffffff0 + i * size, bytes.getInt(transport + 4));
                    int flags = 16 | (i == 0 ? 0x80 : 0) | (i == frames.size() - 1 ? 9 : 0);
                    assertEquals(flags, part[transport + 13] & 0xff);
                }
                joined.writeBytes(Arrays.copyOfRange(part, transport + (tcp ? 32 : 8), part.length));
            }
            assertArrayEquals(Arrays.copyOfRange(frame, frame.length - payload, frame.length), joined.toByteArray());
        }
    }

    @ParameterizedTest
    @CsvSource({"false,true,0,1000", "false,false,8,1001", "true,true,0,1", "true,false,8,0"})
    void checksumsAreFinished(boolean ipv6, boolean tcp, int extra, int payload) {
        byte[] frame = packet(ipv6, tcp, extra, payload);
        int start = 14 + (ipv6 ? 40 : 20) + extra;
        int length = frame.length - start;
        ByteBuffer bytes = ByteBuffer.wrap(frame);
        if (!ipv6) {
            bytes.putShort(24, (short) ~sum(frame, 14, start, 0));
        }
        int pseudo = (ipv6 ? sum(frame, 22, 54, 0) : sum(frame, 26, 34, 0)) + (tcp ? 6 : 17) + length;
        bytes.putShort(start + (tcp ? 16 : 6), (short) ((pseudo & 0xffff) + (pseudo >>> 16)));
        assertEquals(NetTransmit.FRAME, begin(frame, Arrival.NO_TAG, 1, 0, 0, start, tcp ? 16 : 6));
        check(all().getFirst(), ipv6, tcp, extra, 0);
    }

    @Test
    void wholeFramesStayAndTagsAreBack() {
        byte[] frame = packet(false, true, 0, 10);
        assertEquals(NetTransmit.FRAME, begin(frame, Arrival.NO_TAG, 0, 0, 0, 0, 0));
        assertArrayEquals(frame, all().getFirst());
        assertEquals(NetTransmit.FRAME, begin(frame, 0x8100_0fff, 2, 0, 0, 0, 0));
        byte[] tagged = all().getFirst();
        assertEquals(0x8100_0fff, ByteBuffer.wrap(tagged).getInt(12));
        assertArrayEquals(Arrays.copyOf(frame, 12), Arrays.copyOf(tagged, 12));
        assertArrayEquals(Arrays.copyOfRange(frame, 12, frame.length), Arrays.copyOfRange(tagged, 16, tagged.length));
    }

    @Test
    void numbersThatDoNotFitAreMalformed() {
        byte[] frame = packet(false, true, 0, 3000);
        int[][] bad = {
            {0, Arrival.GSO_TCP4, 1000, 34, 16},    // cut without a checksum to be made
            {1, Arrival.GSO_TCP4, 0, 34, 16},
            {1, 3, 1000, 34, 16},                   // UFO
            {1, Arrival.GSO_TCP6, 1000, 34, 16},
            {1, Arrival.GSO_TCP4, 1000, 33, 16},    // not behind the IP header
            {1, Arrival.GSO_TCP4, 1000, 35, 16},
            {1, Arrival.GSO_TCP4, 1000, 3066, 16},
            {1, Arrival.GSO_TCP4, 65535, 34, 16},   // pieces longer than any frame
            {1, 0, 0, 3065, 0}, {1, 0, 0, 34, 3032}, {1, 0, 0, 13, 0}, {1, 0, 0, 65535, 65535}};
        for (int[] numbers : bad) {
            assertEquals(NetTransmit.MALFORMED, begin(frame, Arrival.NO_TAG, numbers[0], numbers[1], numbers[2],
                    numbers[3], numbers[4]), Arrays.toString(numbers));
            assertFalse(arrival.held());
            assertEquals(0, arrival.length());
        }
        assertEquals(NetTransmit.MALFORMED, begin(new byte[13], Arrival.NO_TAG, 0, 0, 0, 0, 0));
        assertEquals(NetTransmit.MALFORMED, begin(new byte[70_000], Arrival.NO_TAG, 0, 0, 0, 0, 0));
        assertEquals(NetTransmit.MALFORMED, begin(new byte[65_548], 0x8100_0001, 0, 0, 0, 0, 0));
        assertEquals(NetTransmit.FRAME, begin(new byte[65_546], 0x8100_0001, 0, 0, 0, 0, 0));
    }

    /** Whatever the numbers are: no access outside, and no frame longer than the longest. */
    @Test
    void anyNumbers() {
        int shown = 0;
        int cut = 0;
        for (int round = 0; round < 200_000; round++) {
            boolean ipv6 = random.nextBoolean();
            int extra = 8 * random.nextInt(3);
            boolean tcp = random.nextBoolean();
            byte[] frame = packet(ipv6, tcp, extra, random.nextInt(300));
            // Mostly right, so that one wrong number is what is met.
            boolean right = random.nextInt(4) > 0;
            int start = right ? 14 + (ipv6 ? 40 : 20) + extra : random.nextInt(120);
            int gso = random.nextInt(4) == 0 ? random.nextInt(256) : tcp ? (ipv6 ? 4 : 1) : 5;
            for (int i = random.nextInt(4); i > 0; i--) {
                frame[random.nextInt(frame.length)] = (byte) random.nextInt();
            }
            int what = begin(frame, random.nextBoolean() ? Arrival.NO_TAG : random.nextInt(), right ? 1
                    : random.nextInt(3), random.nextInt(4) == 0 ? 0 : gso, random.nextInt(400), start,
                    random.nextInt(24));
            assertEquals(what == NetTransmit.FRAME, arrival.held());
            int frames = 0;
            while (arrival.held()) {
                assertTrue(arrival.length() >= 14 && arrival.length() <= NetTransmit.MAX_FRAME);
                assertEquals(arrival.length() + 12, arrival.pieces().bytes());
                assertTrue(++frames <= 400);
                arrival.done();
            }
            shown += frames > 0 ? 1 : 0;
            cut += frames > 1 ? 1 : 0;
        }
        assertTrue(shown > 30_000 && cut > 10_000, shown + " were shown, of them " + cut + " cut");
    }
}
