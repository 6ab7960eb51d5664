package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.link.FakeLink;
import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.offload.Packets;
import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.Rate;
import eu.mikelangelo.ioplane.policy.Vlans;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.mock.MockNic;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Rules of ports where frames go in batches, are cut, come from the host or are mirrored. */
class RulesTogetherTest {
    private static final long PLAIN = Features.VERSION_1 | Features.NET_MRG_RXBUF;
    private static final long ALL = Features.NET_OFFERED & ~Features.PACKED;
    /** The VLAN of {@link Packets}' tag. */
    private static final int VLAN = 7;
    private static final int TAG = 0x8100;
    private static final Rate MUCH = new Rate(Rate.MOST_BITS, Rate.MOST_FRAMES, Rate.MOST_BURST);

    private final Random random = new Random(29);
    private final Bench bench = new Bench(false);

    private static Vlans trunk(int... vlans) {
        BitSet set = new BitSet();
        for (int vlan : vlans) {
            set.set(vlan);
        }
        return Vlans.trunk(set, 0);
    }

    private int machine(PortPolicy policy, long features) {
        return bench.machine(new PortConfig("p" + bench.ports.size(), PortConfig.ANY_MAC, 0, null, new long[0], policy),
                256, 2048, features);
    }

    private static long mac(int port) {
        return 0x020000000200L + port;
    }

    private byte[] frame(int to, int from, int length) {
        return Frames.plain(to < 0 ? Frames.BROADCAST : mac(to), mac(from), length, random);
    }

    private static List<byte[]> received(MockNic nic) {
        List<byte[]> frames = new ArrayList<>();
        for (byte[] frame = nic.poll(); frame != null; frame = nic.poll()) {
            frames.add(frame);
        }
        nic.refill(256);
        return frames;
    }

    private void introduce() {
        for (int i = 0; i < bench.ports.size(); i++) {
            byte[] hello = frame(-1, i, 60);
            boolean tagged = bench.ports.get(i).rules.trunk();
            assertTrue(bench.nics.get(i).send(tagged ? Frames.tagged(hello, TAG, VLAN) : hello));
        }
        bench.turn();
        bench.nics.forEach(RulesTogetherTest::received);
    }

    /** Batches end where a rule has a say: each frame arrives once, in order and in its receiver's form, or nowhere. */
    @Test
    void batchesKeepTheRules() {
        PortPolicy here = PortPolicy.NONE.limited(MUCH, MUCH).of("m", MUCH, MUCH).in(Vlans.access(VLAN));
        machine(here, PLAIN);
        machine(here, PLAIN);
        machine(here, PLAIN);
        machine(here.in(trunk(VLAN, 8)), PLAIN);
        machine(here.in(Vlans.access(8)), PLAIN);
        machine(here.in("red", PortPolicy.Standing.COMMON), PLAIN);
        introduce();
        List<Queue<byte[]>> expected = new ArrayList<>();
        bench.ports.forEach(port -> expected.add(new ArrayDeque<>()));
        long tagged = 0;
        for (int turn = 0; turn < 300; turn++) {
            for (int i = random.nextInt(80); i > 0; i--) {
                int to = random.nextInt(6) == 0 ? 3 : 1 + (turn & 1);
                byte[] frame = frame(to, 0, random.nextBoolean() ? 64 : 14 + random.nextInt(1500));
                boolean bad = random.nextInt(20) == 0;
                if (bench.nics.get(0).send(bad ? Frames.tagged(frame, TAG, VLAN) : frame)) {
                    tagged += bad ? 1 : 0;
                    if (!bad) {
                        expected.get(to).add(to == 3 ? Frames.tagged(frame, TAG, VLAN) : frame);
                    }
                }
            }
            while (bench.turn() > 0) {
                // Until all is taken.
            }
            for (int i = 0; i < bench.nics.size(); i++) {
                for (byte[] got : received(bench.nics.get(i))) {
                    assertArrayEquals(expected.get(i).poll(), got);
                }
                assertTrue(expected.get(i).isEmpty(), "all arrived at " + i);
            }
        }
        assertEquals(tagged, bench.ports.get(0).drops(Drop.TAGGED));
    }

    /** What waits or is lost over a limit is the same whether frames come one by one or by the dozen. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void batchesKeepTheLimits(boolean sender) {
        long bits = 80_000_000;
        int burst = 20_000;
        Rate rate = new Rate(bits, 0, burst);
        machine(sender ? PortPolicy.NONE.limited(rate, Rate.NONE) : PortPolicy.NONE, PLAIN);
        machine(sender ? PortPolicy.NONE : PortPolicy.NONE.limited(Rate.NONE, rate), PLAIN);
        introduce();
        Port from = bench.ports.get(0);
        Port to = bench.ports.get(1);
        long before = to.rxBytes();
        long sentBefore = from.txFrames();
        long receivedBefore = to.rxFrames();
        long accepted = 0;
        long stepNs = 100_000;
        int steps = 2_000;
        for (int i = 0; i < steps; i++) {
            for (int j = random.nextInt(70); j > 0; j--) {
                accepted += bench.nics.get(0).send(frame(1, 0, 400 + random.nextInt(200))) ? 1 : 0;
            }
            bench.turn();
            bench.turn();
            received(bench.nics.get(1));
            bench.nowNs += stepNs;
        }
        long earned = bits / 8 * stepNs / 1000 * steps / 1_000_000;
        long bytes = to.rxBytes() - before;
        assertTrue(bytes <= earned + burst + 600, bytes + " of " + earned);
        assertTrue(bytes >= earned - burst, bytes + " of " + earned + ": all of the rate is given");
        long taken = from.txFrames() - sentBefore;
        long lost = to.drops(Drop.OVER_RATE);
        assertEquals(taken, to.rxFrames() - receivedBefore + lost, "each taken frame arrived or is counted");
        assertEquals(sender, lost == 0);
        assertEquals(sender, taken < accepted);
    }

    /** An isolated port's batch does not reach another isolated one, nor does it hold up what is behind it. */
    @Test
    void batchesAreIsolated() {
        PortPolicy isolated = PortPolicy.NONE.in("", PortPolicy.Standing.ISOLATED);
        machine(isolated, PLAIN);
        machine(isolated, PLAIN);
        machine(PortPolicy.NONE.in("", PortPolicy.Standing.PROMISCUOUS), PLAIN);
        introduce();
        List<byte[]> expected = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            byte[] frame = frame(1 + i / 7 % 2, 0, 64);
            bench.nics.get(0).send(frame);
            if (i / 7 % 2 == 1) {
                expected.add(frame);
            }
        }
        while (bench.turn() > 0) {
            // Until all is taken.
        }
        List<byte[]> got = received(bench.nics.get(2));
        assertEquals(expected.size(), got.size());
        for (int i = 0; i < got.size(); i++) {
            assertArrayEquals(expected.get(i), got.get(i));
        }
        assertNull(bench.nics.get(1).poll());
        assertEquals(60 - expected.size(), bench.ports.get(0).drops(Drop.ISOLATED));
    }

    /** Long segments between forms of a frame: crossing as one, and cut; the checksum is found where it moved to. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void whatIsLeftToDoMovesWithTheTag(boolean toTrunk) {
        PortPolicy access = PortPolicy.NONE.in(Vlans.access(VLAN));
        PortPolicy trunk = PortPolicy.NONE.in(trunk(VLAN));
        machine(toTrunk ? access : trunk, ALL);
        machine(toTrunk ? trunk : access, ALL);
        machine((toTrunk ? trunk : access).limited(Rate.NONE, MUCH), PLAIN);
        introduce();
        for (int i = 0; i < 60; i++) {
            for (int to = 1; to < 3; to++) {
                Packets.Kind drawn = Packets.anyKind(random);
                Packets.Kind sent = new Packets.Kind(drawn.version(), drawn.udp(), toTrunk ? 0 : 1, drawn.extra(),
                        drawn.options());
                Packets.Kind kept = new Packets.Kind(drawn.version(), drawn.udp(), toTrunk ? 1 : 0, drawn.extra(),
                        drawn.options());
                int size = 200 + random.nextInt(1000);
                byte[] payload = new byte[size + 1 + random.nextInt(30 * size)];
                random.nextBytes(payload);
                byte[] frame = Packets.partial(sent, mac(to), mac(0), payload, Packets.ACK, i);
                byte[] expected = Packets.partial(kept, mac(to), mac(0), payload, Packets.ACK, i);
                bench.nics.get(0).send(Packets.header(sent, size), frame, 0, false);
                assertEquals(1, bench.turn());
                List<byte[]> got = received(bench.nics.get(to));
                if (to == 1) {
                    assertEquals(1, got.size());
                    assertArrayEquals(expected, got.getFirst());
                    byte[] header = bench.nics.get(1).lastHeader();
                    byte[] left = Packets.header(kept, size);
                    left[2] = (byte) kept.headers();
                    assertArrayEquals(Arrays.copyOf(left, 10), Arrays.copyOf(header, 10), kept.toString());
                } else {
                    assertArrayEquals(payload, Packets.joined(got, expected, kept, size), kept.toString());
                }
            }
        }
        assertEquals(0, bench.ports.get(0).drops(Drop.MALFORMED));
    }

    /** An interface of the host as a trunk: tags there and none here, and its limit holds. */
    @Test
    void aTrunkToTheHost() {
        int guest = machine(PortPolicy.NONE.in(Vlans.access(VLAN)), PLAIN);
        int other = machine(PortPolicy.NONE.in(Vlans.access(8)), PLAIN);
        FakeLink link = new FakeLink();
        PortPolicy policy = PortPolicy.NONE.in(trunk(VLAN, 8)).limited(new Rate(0, 10_000, 0), Rate.NONE);
        Port port = new Port(new PortConfig("tap:fake", PortConfig.ANY_MAC, 0, null, new long[0], policy), link);
        assertTrue(bench.fabric.add(port, bench.nowNs));
        port.linked = true;
        bench.fabric.keepMac(port, mac(9));
        byte[] arriving = frame(-1, 9, 100);
        link.arriving.add(Frames.tagged(arriving, TAG, VLAN));
        link.arriving.add(arriving);
        assertEquals(2, bench.fabric.fromLink(port, bench.nowNs));
        bench.fabric.flush();
        assertArrayEquals(arriving, received(bench.nics.get(guest)).getFirst());
        assertEquals(List.of(), received(bench.nics.get(other)));
        assertEquals(1, port.drops(Drop.UNTAGGED));
        byte[] answer = frame(9, guest, 80);
        bench.nics.get(guest).send(answer);
        bench.turn();
        assertArrayEquals(Frames.tagged(answer, TAG, VLAN), link.sent.getFirst());
        assertEquals(1, port.rxCounters(0).bursts());
        for (int i = 0; i < 200; i++) {
            link.arriving.add(Frames.tagged(arriving, TAG, VLAN));
        }
        int taken = 0;
        for (int i = 0; i < 10; i++) {
            taken += bench.fabric.fromLink(port, bench.nowNs);
            bench.fabric.flush();
            received(bench.nics.get(guest));
        }
        assertTrue(taken <= 100, taken + " at once");
        long next = bench.fabric.nextDeadlineNs();
        assertTrue(next < Long.MAX_VALUE, "the core wakes for the rest");
        bench.nowNs = next;
        assertTrue(bench.fabric.fromLink(port, bench.nowNs) > 0);
    }

    /** A mirror shows a trunk's frames with the tags that they have there, and of a cut one what became of it. */
    @Test
    void aMirrorShowsTags() {
        int trunk = machine(PortPolicy.NONE.in(trunk(VLAN)), PLAIN);
        int guest = machine(PortPolicy.NONE.in(Vlans.access(VLAN)), ALL);
        introduce();
        Port port = bench.ports.get(trunk);
        List<byte[]> seen = new ArrayList<>();
        try (Capture capture = port.newCapture(2000, 1 << 18)) {
            port.capture = capture;
            byte[] out = Frames.tagged(frame(guest, trunk, 90), TAG, 0xa000 | VLAN);
            byte[] wrong = Frames.tagged(frame(guest, trunk, 90), TAG, 9);
            bench.nics.get(trunk).send(out);
            bench.nics.get(trunk).send(wrong);
            bench.turn();
            byte[] in = frame(trunk, guest, 300);
            bench.nics.get(guest).send(in);
            Packets.Kind kind = new Packets.Kind(4, false, 0, 0, 0);
            byte[] big = Packets.partial(kind, mac(trunk), mac(guest), new byte[3000], Packets.ACK, 1);
            bench.nics.get(guest).send(Packets.header(kind, 1000), big, 0, false);
            bench.turn();
            capture.drain(100, (timeNs, fromGuest, length, memory, at, captured) -> {
                byte[] bytes = new byte[captured];
                MemorySegment.copy(memory.segment(), ValueLayout.JAVA_BYTE, at, bytes, 0, captured);
                return seen.add(bytes);
            });
            List<byte[]> delivered = received(bench.nics.get(trunk));
            assertEquals(4, delivered.size());
            assertArrayEquals(Frames.tagged(in, TAG, VLAN), delivered.getFirst());
            assertEquals(6, seen.size());
            assertArrayEquals(out, seen.get(0));
            assertArrayEquals(wrong, seen.get(1));
            for (int i = 0; i < 4; i++) {
                assertArrayEquals(delivered.get(i), seen.get(2 + i), "delivered " + i);
            }
            assertEquals(1, port.drops(Drop.WRONG_VLAN));
            port.capture = null;
        }
    }
}
