package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.PortPolicy.Standing;
import eu.mikelangelo.ioplane.policy.Vlans;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetTransmit;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Access ports, trunks and native VLANs: who gets which bytes. */
class VlanTest {
    private static final long A = 0x020000000001L;
    private static final long B = 0x020000000002L;

    private final Random random = new Random(8);
    private final Bench bench = new Bench(false);

    private static Vlans trunk(int nativeVlan, int... vlans) {
        BitSet set = new BitSet();
        for (int vlan : vlans) {
            set.set(vlan);
        }
        return Vlans.trunk(set, nativeVlan);
    }

    private int open(Vlans vlans) {
        return bench.open(PortPolicy.NONE.in(vlans));
    }

    /** Sends a frame. @return what each port got, null for nothing */
    private List<byte[]> send(int from, byte[] frame) {
        assertTrue(bench.nics.get(from).send(frame));
        assertEquals(1, bench.turn());
        List<byte[]> got = new ArrayList<>();
        for (int i = 0; i < bench.nics.size(); i++) {
            got.add(bench.nics.get(i).poll());
            assertNull(bench.nics.get(i).poll());
            bench.nics.get(i).refill(64);
        }
        return got;
    }

    private byte[] frame(long to, long from) {
        return Frames.plain(to, from, 60 + random.nextInt(200), random);
    }

    @Test
    void accessPortsOfOneVlanExchangeWhatTheySend() {
        int one = open(Vlans.access(10));
        int two = open(Vlans.access(10));
        int other = open(Vlans.access(11));
        int none = open(Vlans.NONE);
        byte[] frame = frame(Frames.BROADCAST, A);
        List<byte[]> got = send(one, frame);
        assertArrayEquals(frame, got.get(two));
        assertNull(got.get(other));
        assertNull(got.get(none));
        frame = frame(A, B);
        assertArrayEquals(frame, send(two, frame).get(one), "learned");
        assertArrayEquals(frame, send(other, frame).get(one) == null ? frame : null, "but not in the other VLAN");
    }

    @Test
    void oneAddressMayBeInManyVlans() {
        int one = open(Vlans.access(10));
        int two = open(Vlans.access(20));
        int trunk = open(trunk(0, 10, 20));
        send(one, frame(Frames.BROADCAST, A));
        send(two, frame(Frames.BROADCAST, A));
        byte[] frame = frame(A, B);
        List<byte[]> got = send(trunk, Frames.tagged(frame, 0x8100, 10));
        assertArrayEquals(frame, got.get(one));
        assertNull(got.get(two));
        got = send(trunk, Frames.tagged(frame, 0x8100, 20));
        assertArrayEquals(frame, got.get(two));
        assertNull(got.get(one));
    }

    @Test
    void aTrunkHasTagsAndKeepsPriorities() {
        int access = open(Vlans.access(10));
        int one = open(trunk(7, 10, 20));
        int two = open(trunk(10, 20));
        byte[] frame = frame(Frames.BROADCAST, A);
        List<byte[]> got = send(access, frame);
        assertArrayEquals(Frames.tagged(frame, 0x8100, 10), got.get(one));
        assertArrayEquals(frame, got.get(two), "its native VLAN");
        byte[] tagged = Frames.tagged(frame(Frames.BROADCAST, A), 0x8100, 0xf000 | 20);
        assertArrayEquals(tagged, send(one, tagged).get(two));
        tagged = Frames.tagged(frame, 0x8100, 0xb000);
        got = send(two, tagged);
        assertArrayEquals(frame, got.get(access), "a priority tag is of the native VLAN");
        assertArrayEquals(Frames.tagged(frame, 0x8100, 0xb000 | 10), got.get(one));
    }

    /** A tag behind the native VLAN's would become the first one. */
    @Test
    void nobodyHopsFromOneVlanToAnother() {
        int access = open(Vlans.access(10));
        int hopper = open(trunk(10, 10));
        int trunk = open(trunk(10, 10, 20));
        int victim = open(Vlans.access(20));
        int carrier = open(trunk(0, 10));
        byte[] twice = Frames.tagged(Frames.tagged(frame(Frames.BROADCAST, A), 0x8100, 20), 0x8100, 10);
        List<byte[]> got = send(hopper, twice);
        assertNull(got.get(access));
        assertNull(got.get(trunk));
        assertNull(got.get(victim));
        assertArrayEquals(twice, got.get(carrier), "what is inside of a VLAN is not looked at");
        assertEquals(1, bench.ports.get(access).drops(Drop.DOUBLE_TAGGED));
        assertEquals(1, bench.ports.get(trunk).drops(Drop.DOUBLE_TAGGED));
        for (int type : new int[] {0x8100, 0x88a8, 0x9100}) {
            got = send(access, Frames.tagged(frame(Frames.BROADCAST, A), type, 20));
            assertEquals(0, got.stream().filter(bytes -> bytes != null).count());
        }
        assertEquals(3, bench.ports.get(access).drops(Drop.TAGGED));
    }

    @Test
    void theLongestFrameLosesItsTagAndGetsNone() {
        int one = bench.machine(new PortConfig("a", PortConfig.ANY_MAC, 0, null, new long[0],
                PortPolicy.NONE.in(Vlans.access(10))), 64, 2048, Features.VERSION_1 | Features.NET_MRG_RXBUF);
        int trunk = open(trunk(0, 10));
        byte[] longest = Frames.plain(Frames.BROADCAST, A, NetTransmit.MAX_FRAME - 4, random);
        byte[] tagged = Frames.tagged(longest, 0x8100, 10);
        assertArrayEquals(tagged, send(one, longest).get(trunk));
        assertArrayEquals(longest, send(trunk, tagged).get(one));
        assertNull(send(one, Frames.plain(Frames.BROADCAST, A, NetTransmit.MAX_FRAME, random)).get(trunk));
        assertEquals(1, bench.ports.get(trunk).drops(Drop.TOO_LONG));
        assertEquals(tagged.length, bench.ports.get(trunk).rxBytes());
        assertEquals(tagged.length, bench.ports.get(trunk).txBytes());
    }

    /** Random ports, random frames, whole and cut off, against a model that knows nothing of lists and pieces. */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6, 7, 8})
    void matrix(long seed) {
        Random chance = new Random(seed);
        List<PortPolicy> policies = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            policies.add(policy(chance, i));
            bench.open(policies.getLast());
        }
        int delivered = 0;
        for (int i = 0; i < 1500; i++) {
            int from = chance.nextInt(policies.size());
            byte[] sent = hostile(chance);
            Port port = bench.ports.get(from);
            VlanModel model = new VlanModel(policies.get(from), sent);
            long dropped = model.why == null ? 0 : port.drops(model.why);
            List<byte[]> got = send(from, sent);
            for (int to = 0; to < policies.size(); to++) {
                byte[] expected = to == from ? null : model.at(policies.get(to));
                assertArrayEquals(expected, got.get(to), "seed " + seed + ", frame " + i + " from " + policies.get(from)
                        + " to " + policies.get(to));
                delivered += expected == null ? 0 : 1;
            }
            assertEquals(dropped + (model.why == null ? 0 : 1), model.why == null ? 0 : port.drops(model.why));
            bench.nowNs += 1_000_000;
        }
        assertTrue(delivered > 200, delivered + " delivered");
    }

    private static PortPolicy policy(Random chance, int index) {
        PortPolicy group = PortPolicy.NONE.in(chance.nextInt(3) == 0 ? "a" : "", Standing.COMMON);
        return switch (index < 2 ? 1 : chance.nextInt(4)) {
            case 0 -> group;
            case 1 -> group.in(Vlans.access(1 + chance.nextInt(3)));
            case 2 -> group.in(trunk(0, 1 + chance.nextInt(3), 1 + chance.nextInt(3)));
            default -> group.in(trunk(1 + chance.nextInt(3), 1 + chance.nextInt(3)));
        };
    }

    private static byte[] hostile(Random chance) {
        byte[] frame = Frames.plain(Frames.BROADCAST, A, 14 + chance.nextInt(chance.nextInt(8) == 0 ? 3000 : 120),
                chance);
        int[] types = {0x8100, 0x8100, 0x8100, 0x8100, 0x88a8, 0x9100};
        for (int tags = chance.nextInt(4); tags > 0; tags--) {
            frame = Frames.tagged(frame, types[chance.nextInt(types.length)],
                    chance.nextInt(16) << 12 | (chance.nextInt(9) == 0 ? 4095 : chance.nextInt(5)));
        }
        return chance.nextInt(6) == 0 ? Arrays.copyOf(frame, Math.min(frame.length, 14 + chance.nextInt(8))) : frame;
    }

    /** The fuzz target on frames that it would take long to guess. */
    @Test
    void hostileFramesAreTheFuzzTargetsToo() {
        for (int i = 0; i < 2000; i++) {
            SwitchFuzz.fuzzerTestOneInput(hostile(random));
        }
    }
}
