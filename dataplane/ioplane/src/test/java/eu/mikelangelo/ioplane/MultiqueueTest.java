package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.frame.FlowHash;
import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.Rate;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.mock.MockNic;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Ports with several queue pairs: what they send is taken fairly, what they receive keeps its flow's order. */
class MultiqueueTest {
    private static final int RING = 256;
    /** Of {@link Frames#udp}: where its payload begins. */
    private static final int PAYLOAD = 42;

    private final Random random = new Random(17);
    private final Bench bench = new Bench(true);
    private final List<List<MockNic>> cards = new ArrayList<>();

    /** A machine with its number's addresses. */
    private void machine(int number, int pairs) {
        int index = bench.machine(number, RING, 2048, CoreBench.FEATURES);
        List<MockNic> queues = new ArrayList<>(List.of(bench.nics.get(index)));
        for (int i = 1; i < pairs; i++) {
            queues.add(pair(number, i));
        }
        cards.add(queues);
    }

    private MockNic pair(int number, int index) {
        MockNic nic = new MockNic(RING, 2048, CoreBench.FEATURES);
        nic.refill(RING);
        bench.attach(port(number), index, nic);
        return nic;
    }

    private Port port(int number) {
        return bench.ports.get(number - 1);
    }

    private MockNic queue(int number, int pair) {
        return cards.get(number - 1).get(pair);
    }

    private static byte[] frame(int from, int to, int flow, int sequence) {
        byte[] frame = Frames.udp(Frames.mac(to), Frames.mac(from), Frames.ip(from), Frames.ip(to), 2000 + flow, 80);
        ByteBuffer.wrap(frame).putInt(PAYLOAD, sequence).putInt(PAYLOAD + 4, flow);
        return frame;
    }

    private static byte[] answer(int from, int to, int flow) {
        return Frames.udp(Frames.mac(to), Frames.mac(from), Frames.ip(from), Frames.ip(to), 80, 2000 + flow);
    }

    /** @return how many frames came */
    private int receive(int number, int pair, int[] nextSequences, int[] pairs) {
        int count = 0;
        MockNic nic = queue(number, pair);
        for (byte[] got = nic.poll(); got != null; got = nic.poll()) {
            int flow = ByteBuffer.wrap(got).getInt(PAYLOAD + 4);
            assertEquals(nextSequences[flow]++, ByteBuffer.wrap(got).getInt(PAYLOAD), "order of flow " + flow);
            assertTrue(pairs[flow] == -1 || pairs[flow] == pair, "flow " + flow + " came on two queues");
            pairs[flow] = pair;
            count++;
        }
        nic.refill(RING);
        return count;
    }

    private void run() {
        while (bench.turn() > 0) {
            // Each turn takes a bounded number.
        }
    }

    /** In batches and one by one (two pieces), from one queue and from several. */
    @ParameterizedTest
    @CsvSource({"1, 4", "4, 1", "3, 8", "1, 1"})
    void eachFlowArrivesInOrderOnOneQueue(int sending, int receiving) {
        int flows = 60;
        machine(1, sending);
        machine(2, receiving);
        int[] sent = new int[flows];
        int[] got = new int[flows];
        int[] pairs = new int[flows];
        Arrays.fill(pairs, -1);
        int total = 0;
        for (int turn = 0; turn < 300; turn++) {
            for (int i = random.nextInt(100); i > 0; i--) {
                int flow = random.nextInt(flows);
                byte[] frame = frame(1, 2, flow, sent[flow]);
                int split = random.nextInt(8) == 0 ? 20 : 0;
                if (queue(1, flow % sending).send(frame, split, false)) {
                    sent[flow]++;
                }
            }
            run();
            for (int pair = 0; pair < receiving; pair++) {
                total += receive(2, pair, got, pairs);
            }
        }
        assertEquals(Arrays.stream(sent).sum(), total);
        assertEquals(receiving, Arrays.stream(pairs).distinct().count(), "all queues are used");
        assertEquals(total, port(2).rxFrames());
        long each = 0;
        for (int pair = 0; pair < port(2).pairs(); pair++) {
            assertTrue(port(2).rxCounters(pair).frames() > 0);
            each += port(2).rxCounters(pair).frames();
        }
        assertEquals(total, each);
        for (int pair = 0; pair < sending; pair++) {
            assertTrue(port(1).txCounters(pair).frames() > 0);
        }
    }

    /** VIRTIO 1.3 section 5.1.6.5.6, from another machine and from the uplink. */
    @Test
    void whatAGuestSendsOnAPairIsAnsweredThere() {
        machine(1, 1);
        machine(2, 4);
        for (int flow = 0; flow < 40; flow++) {
            int pair = flow * 7 % 4;
            assertTrue(queue(2, pair).send(frame(2, 1, flow, 0)));
            byte[] out = Frames.tcp(2, 5000 + flow, 0);
            assertTrue(queue(2, pair).send(out));
            run();
            assertTrue(queue(1, 0).send(answer(1, 2, flow)));
            run();
            assertEquals(1, arrived(2, pair), "flow " + flow);
            assertTrue(fromUplink(2, 5000 + flow));
            assertEquals(1, arrived(2, pair), "flow " + flow + " from the uplink");
        }
        assertEquals(80, port(2).rxFrames());
    }

    private boolean fromUplink(int number, int port) {
        byte[] back = Frames.tcpBack(number, port, 0);
        ScatterList list = new ScatterList(1);
        Region bytes = new Region(Arena.ofAuto().allocate(back.length, 8));
        MemorySegment.copy(MemorySegment.ofArray(back), 0, bytes.segment(), 0, back.length);
        list.add(bytes, 0, back.length);
        return bench.fromUplink(number - 1, list, back.length);
    }

    /** A guest that has given up one of its queues receives by the other all the same. */
    @Test
    void theUplinkWaitsOnceForAQueueThatTakesNothing() {
        machine(1, 2);
        for (int pair = 0; pair < 2; pair++) {
            assertTrue(queue(1, pair).send(Frames.tcp(1, 5000 + pair, 0)));
        }
        run();
        for (int i = 0; i < RING; i++) {
            assertTrue(fromUplink(1, 5001));
        }
        assertFalse(fromUplink(1, 5001), "it waits");
        assertEquals(bench.nowNs + Delivery.UPLINK_PATIENCE_NS, bench.fabric.nextDeadlineNs());
        bench.nowNs += Delivery.UPLINK_PATIENCE_NS;
        assertTrue(fromUplink(1, 5001), "and is dropped");
        for (int i = 0; i < 3; i++) {
            for (int pair = 0; pair < 2; pair++) {
                assertTrue(queue(1, pair).send(Frames.tcp(1, 5000 + pair, 0)));
            }
            run();
            assertTrue(fromUplink(1, 5000));
            assertEquals(1, arrived(1, 0));
            assertTrue(fromUplink(1, 5001), "nothing waits for this queue again");
        }
        assertEquals(4, port(1).drops(1, Drop.NO_BUFFERS));
        assertEquals(RING, arrived(1, 1));
        assertTrue(fromUplink(1, 5001));
        assertEquals(1, arrived(1, 1));
    }

    private int arrived(int number, int pair) {
        int count = 0;
        while (queue(number, pair).poll() != null) {
            count++;
        }
        queue(number, pair).refill(RING);
        return count;
    }

    /** Eight full queues have no more of a turn than their neighbour's one, and each of the eight its part. */
    @Test
    void aTurnIsSharedByPortsThenByQueues() {
        machine(1, 8);
        machine(2, 1);
        machine(3, 1);
        machine(4, 1);
        int turns = 0;
        for (; turns < 24; turns++) {
            for (int pair = 0; pair < 8; pair++) {
                fill(queue(1, pair), 1, 3, pair);
            }
            fill(queue(2, 0), 2, 4, 0);
            bench.turn();
            arrived(3, 0);
            arrived(4, 0);
        }
        assertEquals(turns * Switch.BURST, port(1).txFrames());
        assertEquals(turns * Switch.BURST, port(2).txFrames());
        for (int pair = 0; pair < 8; pair++) {
            assertEquals(turns / 8 * Switch.BURST, port(1).txCounters(pair).frames(), "queue " + pair);
        }
    }

    /** What a limit lets through is shared as well, though a turn has no more than one frame of it. */
    @Test
    void queuesShareTheLimitOfTheirPort() {
        Rate few = new Rate(0, 1_000, 0);
        PortConfig config = new PortConfig("m1", Frames.mac(1), Frames.ip(1), null, new long[0],
                PortPolicy.NONE.limited(few, Rate.NONE));
        bench.machine(config, RING, 2048, CoreBench.FEATURES);
        cards.add(List.of(bench.nics.get(0), pair(1, 1), pair(1, 2)));
        machine(2, 1);
        for (int turn = 0; turn < 600; turn++) {
            for (int pair = 0; pair < 3; pair++) {
                fill(queue(1, pair), 1, 2, pair);
            }
            bench.turn();
            bench.nowNs += 1_000_000;
            arrived(2, 0);
        }
        for (int pair = 0; pair < 3; pair++) {
            long frames = port(1).txCounters(pair).frames();
            assertTrue(frames > 150 && frames < 300, "queue " + pair + ": " + frames);
        }
    }

    private static void fill(MockNic nic, int from, int to, int flow) {
        while (nic.send(frame(from, to, flow, 0))) {
            // Until it is full.
        }
    }

    /** A frame that waits for a full receiver holds up its own queue only. */
    @Test
    void otherQueuesGoOnWhileOneWaits() {
        machine(1, 2);
        machine(2, 1);
        machine(3, 1);
        for (int i = 0; i < RING; i++) {
            assertTrue(queue(1, 0).send(frame(1, 2, 0, i)));
            if (i % 64 == 63) {
                run();
            }
        }
        assertTrue(queue(1, 0).send(frame(1, 2, 0, RING)));
        for (int i = 0; i < 10; i++) {
            assertTrue(queue(1, 1).send(frame(1, 3, 1, i)));
        }
        run();
        assertEquals(10, arrived(3, 0));
        assertEquals(port(2).first, port(1).first.waitsFor);
        assertEquals(RING, port(2).rxFrames());
        assertEquals(bench.nowNs + Pair.MAX_PATIENCE_NS, bench.fabric.nextDeadlineNs());
        assertEquals(RING, arrived(2, 0));
        run();
        assertEquals(1, arrived(2, 0), "it was not lost");
        assertEquals(Long.MAX_VALUE, bench.fabric.nextDeadlineNs());
    }

    /** The rest of a waiting frame's way is forgotten with the queue that it waited for: it takes another one. */
    @Test
    void aQueueThatIsDisabledLeavesItsFlowsToTheOthers() {
        machine(1, 1);
        machine(2, 2);
        int flow = 0;
        for (; flow < 100 && port(2).flows.choose(flowHash(flow), 0).index != 1; flow++) {
            // One that is for the second pair.
        }
        for (int i = 0; i < RING; i++) {
            assertTrue(queue(1, 0).send(frame(1, 2, flow, i)));
            if (i % 64 == 63) {
                run();
            }
        }
        assertTrue(queue(1, 0).send(frame(1, 2, flow, RING)));
        run();
        Pair second = port(2).all()[1];
        assertEquals(second, port(1).first.waitsFor);
        second.rx.detach();
        second.tx.detach();
        bench.fabric.forgetWaiters(second);
        bench.fabric.relist(port(2));
        assertNull(port(1).first.waitsFor);
        assertNull(port(2).flows, "one pair is left");
        run();
        assertEquals(1, arrived(2, 0));
        assertTrue(queue(1, 0).send(frame(1, 2, flow, RING + 1)));
        run();
        assertEquals(1, arrived(2, 0));
        cards.get(1).set(1, pair(2, 1));
        assertTrue(queue(1, 0).send(frame(1, 2, flow, RING + 2)));
        run();
        assertEquals(1, arrived(2, 1), "and back when it is enabled again");
        assertEquals(0, port(2).drops(Drop.CLOSED) + port(2).drops(Drop.NO_BUFFERS));
    }

    private static int flowHash(int flow) {
        byte[] frame = frame(1, 2, flow, 0);
        Region head = new Region(Arena.ofAuto().allocate(frame.length, 8));
        MemorySegment.copy(MemorySegment.ofArray(frame), 0, head.segment(), 0, frame.length);
        return FlowHash.of(head, frame.length);
    }

    /** Each pair gets flooded frames of the flows that are its own; a card gets each frame once. */
    @Test
    void floodedFramesComeOnce() {
        machine(1, 1);
        machine(2, 4);
        for (int i = 0; i < 20; i++) {
            assertTrue(queue(1, 0).send(Frames.udp(Frames.BROADCAST, Frames.mac(1), Frames.ip(1), -1, 3000 + i, 90)));
        }
        run();
        int used = 0;
        int total = 0;
        for (int pair = 0; pair < 4; pair++) {
            int here = arrived(2, pair);
            used += here > 0 ? 1 : 0;
            total += here;
        }
        assertEquals(20, total);
        assertTrue(used > 1);
    }

    /** One queue that breaks the rules takes no other with it. */
    @Test
    void aBrokenQueueIsItsOwnAffair() {
        machine(1, 2);
        machine(2, 1);
        port(1).all()[1].tx.queue().breakQueue(QueueFault.INTERNAL);
        assertTrue(queue(1, 0).send(frame(1, 2, 0, 0)));
        assertTrue(queue(1, 1).send(frame(1, 2, 1, 0)));
        run();
        assertEquals(1, arrived(2, 0));
        assertEquals(QueueFault.INTERNAL, port(1).fault());
    }
}
