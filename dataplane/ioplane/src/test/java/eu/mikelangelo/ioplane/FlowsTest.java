package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.frame.FlowHash;
import eu.mikelangelo.ioplane.offload.Packets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.mock.MockNic;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Which flow a frame is of, and which queue a flow is for. */
class FlowsTest {
    private final Random random = new Random(3);

    private static int hash(byte[] frame) {
        int judged = Math.min(frame.length, FrameRules.HEAD_BYTES);
        Region head = new Region(Arena.ofAuto().allocate(FrameRules.HEAD_BYTES, 8));
        MemorySegment.copy(MemorySegment.ofArray(frame), 0, head.segment(), 0, judged);
        return FlowHash.of(head, judged);
    }

    /** What is behind the headers, and where in its flow a frame is, makes no difference; each field of a flow does. */
    @Test
    void aFlowIsItsAddressesAndPorts() {
        for (int i = 0; i < 2_000; i++) {
            Packets.Kind kind = new Packets.Kind(random.nextBoolean() ? 4 : 6, random.nextBoolean(), random.nextInt(2),
                    0, 0);
            byte[] frame = packet(kind);
            int flow = hash(frame);
            byte[] next = packet(kind);
            assertEquals(flow, hash(next), kind + ": another of the same flow");
            int address = kind.version() == 4 ? 4 : 16;
            int from = kind.network() + (kind.version() == 4 ? 12 : 8);
            byte[] back = next.clone();
            swap(back, from, from + address, address);
            swap(back, kind.transport(), kind.transport() + 2, 2);
            assertEquals(flow, hash(back), kind + ": the other direction");
            int[] fields = {from + random.nextInt(2 * address), kind.transport() + random.nextInt(4)};
            for (int at : fields) {
                byte[] other = frame.clone();
                other[at] ^= (byte) (1 << random.nextInt(8));
                assertNotEquals(flow, hash(other), kind + ": byte " + at);
            }
        }
    }

    private byte[] packet(Packets.Kind kind) {
        byte[] payload = new byte[random.nextInt(200)];
        random.nextBytes(payload);
        return Packets.partial(kind, Frames.mac(1), Frames.mac(2), payload, random.nextInt(256), random.nextInt());
    }

    private static void swap(byte[] bytes, int one, int other, int length) {
        byte[] kept = Arrays.copyOfRange(bytes, one, one + length);
        System.arraycopy(bytes, other, bytes, one, length);
        System.arraycopy(kept, 0, bytes, other, length);
    }

    /** Only the first has the ports. */
    @Test
    void fragmentsStayTogether() {
        byte[] first = Frames.udp(Frames.mac(1), Frames.mac(2), 1, 2, 3, 4);
        ByteBuffer.wrap(first).putShort(20, (short) 0x2000);
        byte[] second = Frames.udp(Frames.mac(1), Frames.mac(2), 1, 2, 0x1234, 0x5678);
        ByteBuffer.wrap(second).putShort(20, (short) 0x0010);
        assertEquals(hash(first), hash(second));
        assertNotEquals(hash(first), hash(Frames.udp(Frames.mac(1), Frames.mac(2), 1, 2, 3, 4)));
    }

    /** One way through the switch has 64 bytes of a frame, the other more; and some frames end early. */
    @Test
    void nothingBehindTheReachCounts() {
        for (int length = 0; length < 200; length++) {
            byte[] frame = packet(Packets.anyKind(random));
            byte[] cut = Arrays.copyOf(frame, Math.min(frame.length, length));
            byte[] other = cut.clone();
            for (int i = FlowHash.REACH; i < other.length; i++) {
                other[i] ^= (byte) 0xff;
            }
            assertEquals(hash(cut), hash(other));
        }
    }

    @Test
    void flowsAreSpreadEvenly() {
        int[] counts = new int[8];
        Port port = pairs(8);
        for (int i = 0; i < 8_000; i++) {
            counts[port.flows.choose(flow(i), 0).index]++;
        }
        for (int count : counts) {
            assertTrue(count > 800 && count < 1_200, Arrays.toString(counts));
        }
    }

    private static int flow(int number) {
        return hash(Frames.udp(Frames.mac(1), Frames.mac(2), Frames.ip(2), Frames.ip(1), 1024 + number, 80));
    }

    private static Port pairs(int count) {
        Bench bench = new Bench(false);
        int index = bench.machine(0);
        for (int i = 1; i < count; i++) {
            bench.attach(bench.ports.get(index), i, new MockNic(8, 2048, CoreBench.FEATURES));
        }
        return bench.ports.get(index);
    }

    @Test
    void aFlowFollowsItsSender() {
        Port port = pairs(4);
        Flows flows = port.flows;
        for (int i = 0; i < 4; i++) {
            flows.sent(flow(i), i, 0);
            assertEquals(i, flows.choose(flow(i), 1).index);
        }
        flows.sent(flow(1), 3, Flows.SETTLE_NS - 1);
        assertEquals(1, flows.choose(flow(1), Flows.SETTLE_NS - 1).index, "not to and fro");
        flows.sent(flow(1), 3, Flows.SETTLE_NS);
        assertEquals(3, flows.choose(flow(1), Flows.SETTLE_NS).index);
        port.all()[3].rx.detach();
        port.list();
        Pair other = flows.choose(flow(1), Flows.SETTLE_NS);
        assertNotEquals(3, other.index, "a queue that is not there any more");
        assertSame(other, flows.choose(flow(1), Flows.SETTLE_NS + 1), "and always the same other");
    }

    /** Otherwise flows that share a bucket would change queues with each frame that is sent. */
    @Test
    void flowsDoNotTakeAPlaceFromEachOther() {
        Port port = pairs(4);
        Flows flows = port.flows;
        int flow = flow(1);
        for (int i = 0; i < Flows.WAYS; i++) {
            flows.sent(flow ^ i << 20, i, 0);
        }
        int rival = flow ^ Flows.WAYS << 20;
        int byHash = flows.choose(rival, 0).index;
        int other = byHash + 1 & 3;
        for (long nowNs = 0; nowNs < 3 * Flows.IDLE_NS; nowNs += Flows.IDLE_NS / 10) {
            flows.sent(rival, other, nowNs);
            for (int i = 0; i < Flows.WAYS; i++) {
                assertEquals(i, flows.choose(flow ^ i << 20, nowNs).index);
            }
            assertEquals(byHash, flows.choose(rival, nowNs).index);
        }
        long idleNs = 5 * Flows.IDLE_NS;
        flows.sent(rival, other, idleNs);
        assertEquals(other, flows.choose(rival, idleNs).index, "there is a place");
    }
}
