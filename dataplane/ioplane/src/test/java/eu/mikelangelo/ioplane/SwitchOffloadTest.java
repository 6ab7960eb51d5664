package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.offload.Packets;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.mock.MockNic;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames with work left to do, between guests that take such and guests that do not. */
class SwitchOffloadTest {
    private static final long MERGE = Features.VERSION_1 | Features.NET_MRG_RXBUF;
    private static final long ALL = Features.NET_OFFERED;
    private static final long TO = Frames.mac(2);
    private static final long FROM = Frames.mac(1);

    private final Random random = new Random(41);

    private byte[] payload(int bytes) {
        byte[] payload = new byte[bytes];
        random.nextBytes(payload);
        return payload;
    }

    private byte[] packet(Packets.Kind kind, int bytes) {
        return Packets.partial(kind, TO, FROM, payload(bytes), random.nextInt(256) & ~6, random.nextInt());
    }

    /** Two open ports: the first may leave everything to others. */
    private static Bench bench(long receiver, int queue, int buffer) {
        Bench bench = new Bench(false);
        bench.machine(0, 64, 2048, ALL);
        bench.machine(0, queue, buffer, receiver);
        return bench;
    }

    private static List<byte[]> received(MockNic nic) {
        List<byte[]> frames = new ArrayList<>();
        for (byte[] frame = nic.poll(); frame != null; frame = nic.poll()) {
            frames.add(frame);
        }
        return frames;
    }

    @ParameterizedTest
    @ValueSource(ints = {2048, 65_700})
    void aLongSegmentCrossesAsOne(int buffer) {
        // Without mergeable buffers each has to take it whole.
        Bench bench = bench(buffer > 65_000 ? ALL & ~Features.NET_MRG_RXBUF : ALL, 64, buffer);
        for (int i = 0; i < 100; i++) {
            Packets.Kind kind = Packets.anyKind(random);
            int most = 65_535 - kind.headers() + kind.network() - (kind.version() == 4 ? 0 : kind.extra());
            int bytes = i == 0 ? most : 2 + random.nextInt(most - 2);
            byte[] frame = packet(kind, bytes);
            int size = Math.max(1 + bytes / 50, 1 + random.nextInt(bytes - 1));
            assertTrue(bench.nics.get(0).send(Packets.header(kind, size), frame, random.nextInt(300), false));
            assertEquals(1, bench.turn(), kind + ", " + bytes + " bytes, " + bench.ports.get(0).drops(Drop.MALFORMED));
            assertArrayEquals(frame, bench.nics.get(1).poll());
            byte[] header = bench.nics.get(1).lastHeader();
            byte[] expected = Packets.header(kind, size);
            boolean congested = !kind.udp() && (frame[kind.transport() + 13] & Packets.CWR) != 0;
            expected[1] |= (byte) (congested ? 0x80 : 0);
            expected[2] = (byte) kind.headers();
            expected[10] = header[10];
            assertArrayEquals(expected, header, kind + ", " + size);
            bench.nics.get(1).refill(64);
        }
        assertEquals(100, bench.ports.get(1).rxFrames());
    }

    @ParameterizedTest
    @ValueSource(longs = {MERGE, 0, MERGE | Features.NET_GUEST_TSO4, MERGE | Features.EVENT_IDX})
    void aReceiverThatTakesNoPartialChecksumGetsACompleteOne(long features) {
        Bench bench = bench(features, 64, 9000);
        for (int i = 0; i < 500; i++) {
            Packets.Kind kind = Packets.anyKind(random);
            byte[] frame = packet(kind, random.nextInt(i % 4 == 0 ? 8000 : 200));
            assertTrue(bench.nics.get(0).send(Packets.header(kind, 0), frame, random.nextInt(200), false));
            assertEquals(1, bench.turn());
            byte[] got = bench.nics.get(1).poll();
            assertNull(Packets.wrong(got, kind), kind.toString());
            int place = kind.transport() + kind.checksumOffset();
            got[place] = frame[place];
            got[place + 1] = frame[place + 1];
            assertArrayEquals(frame, got, "nothing but the checksum");
            byte[] header = bench.nics.get(1).lastHeader();
            assertArrayEquals(new byte[10], Arrays.copyOf(header, 10));
            bench.nics.get(1).refill(64);
        }
        assertEquals(500, bench.ports.get(1).rxFrames());
    }

    @ParameterizedTest
    @ValueSource(longs = {MERGE, Features.VERSION_1, 0, MERGE | Features.NET_GUEST_CSUM})
    void aReceiverThatTakesNoSegmentsGetsThemCut(long features) {
        Bench bench = bench(features, 256, 2048);
        for (int i = 0; i < 120; i++) {
            long frames0 = bench.ports.get(1).rxFrames();
            long bytes0 = bench.ports.get(1).rxBytes();
            Packets.Kind kind = Packets.anyKind(random);
            int size = 8 + random.nextInt(1500);
            int bytes = Math.min(size + 1 + random.nextInt(40 * size), 65_000);
            byte[] frame = packet(kind, bytes);
            assertTrue(bench.nics.get(0).send(Packets.header(kind, size), frame, 0, false));
            assertEquals(1, bench.turn());
            List<byte[]> frames = received(bench.nics.get(1));
            byte[] payload = Arrays.copyOfRange(frame, kind.headers(), frame.length);
            assertArrayEquals(payload, Packets.joined(frames, frame, kind, size));
            assertEquals((bytes + size - 1) / size, frames.size());
            assertEquals(frames.size(), bench.ports.get(1).rxFrames() - frames0);
            assertEquals(frames.stream().mapToInt(each -> each.length).sum(), bench.ports.get(1).rxBytes() - bytes0);
            assertEquals(i + 1, bench.ports.get(0).txFrames());
            bench.nics.get(1).refill(256);
        }
    }

    /** A receiver with few buffers gets them all, in order, each once, and the sender's frame is given back then. */
    @Test
    void cutSegmentsWaitForBuffers() {
        Bench bench = bench(Features.VERSION_1, 8, 2048);
        assertEquals(1, bench.reach(1, Frames.plain(FROM, TO, 60, random)), "learned");
        Packets.Kind kind = new Packets.Kind(4, false, 0, 0, 12);
        byte[] frame = packet(kind, 60_000);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, 1448), frame, 0, false));
        List<byte[]> frames = new ArrayList<>();
        int turns = 0;
        for (; bench.ports.get(0).txFrames() == 0; turns++) {
            assertTrue(turns < 100, "it ends");
            bench.turn();
            bench.turn();
            frames.addAll(received(bench.nics.get(1)));
            bench.nics.get(1).refill(8);
        }
        assertEquals(6, turns);
        assertArrayEquals(Arrays.copyOfRange(frame, kind.headers(), frame.length),
                Packets.joined(frames, frame, kind, 1448));
        assertEquals(0, bench.ports.get(1).drops(Drop.NO_BUFFERS));
        byte[] next = packet(kind, 100);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, 0), next, 0, false));
        bench.turn();
        assertEquals(next.length, bench.nics.get(1).poll().length, "the next one is begun from its beginning");
    }

    /** Parts earn patience as whole frames do: a receiver that goes on taking them loses none. */
    @Test
    void aSlowReceiverGetsAllParts() {
        Bench bench = bench(Features.VERSION_1, 8, 2048);
        assertEquals(1, bench.reach(1, Frames.plain(FROM, TO, 60, random)), "learned");
        Packets.Kind kind = new Packets.Kind(4, false, 0, 0, 12);
        byte[] frame = packet(kind, 65_000);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, 500), frame, 0, false));
        List<byte[]> frames = new ArrayList<>();
        for (int i = 0; bench.ports.get(0).txFrames() == 0 && i < 100; i++) {
            bench.turn();
            bench.turn();
            bench.nowNs += 8 * Delivery.EARN_FRAME_NS;
            frames.addAll(received(bench.nics.get(1)));
            bench.nics.get(1).refill(8);
        }
        frames.addAll(received(bench.nics.get(1)));
        assertArrayEquals(Arrays.copyOfRange(frame, kind.headers(), frame.length),
                Packets.joined(frames, frame, kind, 500));
    }

    /** One that takes a part now and then is not waited for longer than that earned. */
    @Test
    void aTricklingReceiverLosesParts() {
        Bench bench = bench(Features.VERSION_1, 4, 2048);
        assertEquals(1, bench.reach(1, Frames.plain(FROM, TO, 60, random)), "learned");
        Packets.Kind kind = new Packets.Kind(4, false, 0, 0, 12);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, 500), packet(kind, 65_000), 0, false));
        long waited = 0;
        while (bench.ports.get(0).txFrames() == 0) {
            bench.turn();
            bench.nowNs += 10_000;
            waited += 10_000;
            if (waited % 100_000 == 0) {
                received(bench.nics.get(1));
                bench.nics.get(1).refill(1);
            }
            assertTrue(waited < 20_000_000, "it ends");
        }
        assertEquals(1, bench.ports.get(1).drops(Drop.NO_BUFFERS));
    }

    @Test
    void buffersTooSmallForASegmentGetItCut() {
        Bench bench = bench(ALL & ~Features.NET_MRG_RXBUF, 64, 1526);
        Packets.Kind kind = new Packets.Kind(6, false, 0, 0, 12);
        byte[] frame = packet(kind, 20_000);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, 1400), frame, 0, false));
        bench.turn();
        assertArrayEquals(Arrays.copyOfRange(frame, kind.headers(), frame.length),
                Packets.joined(received(bench.nics.get(1)), frame, kind, 1400));
    }

    @Test
    void aFloodReachesEachReceiverAsItTakesIt() {
        Bench bench = new Bench(false);
        bench.machine(0, 64, 2048, ALL);
        bench.machine(0, 64, 2048, MERGE);
        bench.machine(0, 64, 2048, ALL);
        bench.machine(0, 64, 2048, MERGE | Features.NET_GUEST_CSUM);
        Packets.Kind kind = new Packets.Kind(4, true, 0, 0, 0);
        byte[] frame = Packets.partial(kind, Frames.BROADCAST, FROM, payload(1200), 0, 1);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, 500), frame, 0, false));
        assertEquals(1, bench.turn());
        for (int i : new int[] {1, 3}) {
            assertEquals(1200, Packets.joined(received(bench.nics.get(i)), frame, kind, 500).length);
        }
        assertArrayEquals(frame, bench.nics.get(2).poll());
    }

    /** A thousand tiny segments are one frame of the sender's; its neighbours get their turn after it. */
    @Test
    void cuttingEndsATurn() {
        Bench bench = bench(MERGE, 1024, 256);
        Packets.Kind kind = new Packets.Kind(4, false, 0, 0, 0);
        for (int i = 0; i < 4; i++) {
            assertTrue(bench.nics.get(0).send(Packets.header(kind, 100), packet(kind, 10_000), 0, false));
        }
        assertEquals(1, bench.turn());
        assertEquals(100, bench.ports.get(1).rxFrames());
    }

    @Test
    void whatWasNotNegotiatedIsDropped() {
        Packets.Kind four = new Packets.Kind(4, false, 0, 0, 0);
        Packets.Kind six = new Packets.Kind(6, false, 0, 0, 0);
        Packets.Kind datagrams = new Packets.Kind(4, true, 0, 0, 0);
        refused(0, four, 0);
        refused(Features.NET_CSUM, four, 1000);
        refused(Features.NET_CSUM | Features.NET_HOST_TSO4, six, 1000);
        refused(Features.NET_CSUM | Features.NET_HOST_TSO6, four, 1000);
        refused(Features.NET_CSUM | Features.NET_HOST_TSO4 | Features.NET_HOST_TSO6, datagrams, 1000);
    }

    private void refused(long features, Packets.Kind kind, int size) {
        Bench bench = new Bench(false);
        bench.machine(0, 64, 2048, MERGE | features);
        bench.machine(0, 64, 2048, ALL);
        assertTrue(bench.nics.get(0).send(Packets.header(kind, size), packet(kind, 3000), 0, false));
        assertEquals(1, bench.turn());
        assertEquals(1, bench.ports.get(0).drops(Drop.MALFORMED));
        assertNull(bench.nics.get(1).poll());
    }

    /** What is unknown or unused in a header is not looked at (VIRTIO 1.3, section 5.1.6.2.2). */
    @Test
    void otherFlagsAndFieldsAreIgnored() {
        Bench bench = bench(ALL, 64, 2048);
        byte[] frame = Frames.plain(TO, FROM, 100, random);
        byte[] header = {(byte) 0xfe, 0, -1, -1, -1, -1, -1, -1, -1, -1, -1, -1};
        assertTrue(bench.nics.get(0).send(header, frame, 5, false));
        assertEquals(1, bench.turn());
        assertArrayEquals(frame, bench.nics.get(1).poll());
        assertArrayEquals(new byte[] {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 0}, bench.nics.get(1).lastHeader());
    }
}
