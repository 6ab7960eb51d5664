package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.mock.MockNic;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Content, order, counts and bounds, on one thread with a clock that is set. */
class SwitchTest {
    private static final long MERGE = Features.VERSION_1 | Features.NET_MRG_RXBUF;

    private final Random random = new Random(5);

    @Test
    void openPortsLearnAndForgetWithTime() {
        Bench bench = new Bench(false);
        bench.machine(0);
        bench.machine(0);
        bench.machine(0);
        assertEquals(6, bench.reach(0, Frames.plain(0x020000000009L, 0x020000000001L, 60, random)), "unknown");
        assertEquals(1, bench.reach(1, Frames.plain(0x020000000001L, 0x020000000009L, 60, random)), "learned");
        assertEquals(2, bench.reach(0, Frames.plain(0x020000000009L, 0x020000000001L, 60, random)));
        assertEquals(4, bench.reach(1, Frames.plain(0x02000000000aL, 0x020000000001L, 60, random)) & 4, "moved");
        assertEquals(2, bench.reach(2, Frames.plain(0x020000000001L, 0x020000000007L, 60, random)));
        bench.nowNs += MacTable.AGE_NS;
        assertEquals(3, bench.reach(2, Frames.plain(0x020000000001L, 0x020000000007L, 60, random)), "forgotten");
    }

    @Test
    void openPortsHaveNoRulesForAddresses() {
        Bench bench = new Bench(false);
        bench.machine(0);
        bench.machine(0);
        assertEquals(2, bench.reach(0, Frames.udp(Frames.BROADCAST, Frames.mac(1), 0, -1, 68, 67)));
        assertEquals(2, bench.reach(0, Frames.arp(Frames.BROADCAST, Frames.mac(1), 1, Frames.mac(7), 9, 8)));
        assertEquals(2, bench.reach(0, Frames.icmp6(0x333300000002L, Frames.mac(1), 134)));
        assertEquals(2, bench.reach(0, Frames.ethernet(Frames.BROADCAST, Frames.mac(1), 0x8100, 60).array()));
    }

    @Test
    void learningIsBoundedAndFixedEntriesStay() {
        MacTable table = new MacTable();
        assertTrue(table.fix(Frames.mac(1), 0, 0));
        for (int i = 0; i < 100_000; i++) {
            assertTrue(table.learn(0x060000000000L | random.nextInt(), 1, i));
        }
        assertEquals(0, table.find(Frames.mac(1), 0));
        assertFalse(table.learn(Frames.mac(1), 1, 0), "another port may not claim it");
        table.forget(1);
        assertEquals(-1, table.find(0x060000000000L, 0));
        assertEquals(0, table.find(Frames.mac(1), Long.MAX_VALUE));
        table.forget(0);
        assertEquals(-1, table.find(Frames.mac(1), 0));
    }

    /** Entries that were published before a failure are not published again: the call is all that is left to do. */
    @Test
    void whoIsNotCalledBecauseOfAFailureIsCalledAfterIt() {
        Bench bench = new Bench(true);
        for (int number = 1; number <= 4; number++) {
            bench.machine(number);
        }
        bench.failing = 1;
        assertTrue(bench.nics.get(0).send(Frames.plain(Frames.BROADCAST, Frames.mac(1), 60, random)));
        assertThrows(InternalError.class, bench::turn);
        assertEquals(0, bench.calls);
        bench.fabric.flushAll();
        assertEquals(4, bench.calls, "three receivers and the sender");
        bench.fabric.flushAll();
        assertEquals(4, bench.calls);
    }

    @Test
    void longFramesAreMergedOverSmallBuffers() {
        Bench bench = new Bench(true);
        bench.machine(1, 64, 1526, MERGE);
        bench.machine(2, 64, 1526, MERGE);
        for (int length : new int[] {14, 60, 95, 96, 97, 1513, 1514, 1515, 3040, 9014, 65_534, 65_550, 65_597}) {
            byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), length, random);
            assertEquals(2, bench.reach(0, frame), "length " + length);
        }
        long frames = bench.ports.get(1).rxFrames();
        assertEquals(13, frames);
        assertEquals(bench.ports.get(0).txBytes(), bench.ports.get(1).rxBytes());
        byte[] tooLong = new byte[NetTransmit.MAX_FRAME + 1];
        assertEquals(0, bench.reach(0, tooLong));
        assertEquals(1, bench.ports.get(0).drops(Drop.MALFORMED));
    }

    @Test
    void splitAndIndirectTransmitBuffers() {
        Bench bench = new Bench(true);
        bench.machine(1, 64, 1526, MERGE | Features.INDIRECT_DESC);
        bench.machine(2, 64, 1526, MERGE);
        for (int split : new int[] {1, 11, 12, 13, 26, 27, 100}) {
            for (boolean indirect : new boolean[] {false, true}) {
                byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 2000, random);
                assertTrue(bench.nics.get(0).send(frame, split, indirect));
                assertEquals(1, bench.turn());
                assertArrayEquals(frame, bench.nics.get(1).poll());
                bench.nics.get(1).refill(64);
            }
        }
    }

    @Test
    void withoutMergingALongFrameIsDroppedAndTheNextArrives() {
        Bench bench = new Bench(true);
        bench.machine(1, 64, 1526, MERGE);
        bench.machine(2, 64, 1526, Features.VERSION_1);
        bench.machine(3, 64, 1524, 0);
        assertEquals(0, bench.reach(0, Frames.plain(Frames.mac(2), Frames.mac(1), 1515, random)));
        assertEquals(1, bench.ports.get(1).drops(Drop.TOO_LONG));
        assertEquals(2, bench.reach(0, Frames.plain(Frames.mac(2), Frames.mac(1), 1514, random)));
        assertEquals(4, bench.reach(0, Frames.plain(Frames.mac(3), Frames.mac(1), 1514, random)), "a legacy header");
    }

    @Test
    void oneCallPerBatchAndNoneWhenNotWanted() {
        Bench bench = new Bench(true);
        bench.machine(1);
        bench.machine(2);
        bench.nics.get(0).transmitter().suppressCalls();
        for (int i = 0; i < Switch.BURST; i++) {
            bench.nics.get(0).send(Frames.plain(Frames.mac(2), Frames.mac(1), 60, random));
        }
        assertEquals(Switch.BURST, bench.turn());
        assertEquals(1, bench.calls);
        bench.nics.get(1).receiver().suppressCalls();
        bench.nics.get(0).send(Frames.plain(Frames.mac(2), Frames.mac(1), 60, random));
        bench.turn();
        assertEquals(1, bench.calls);
    }

    @Test
    void aFrameWaitsForBuffersWithinPatience() {
        Bench bench = new Bench(true);
        bench.machine(1);
        bench.machine(2, 4, 2048, MERGE);
        List<byte[]> sent = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            sent.add(Frames.plain(Frames.mac(2), Frames.mac(1), 60 + i, random));
            bench.nics.get(0).send(sent.get(i));
        }
        assertEquals(4, bench.turn());
        assertEquals(bench.ports.get(1).first, bench.ports.get(0).first.waitsFor);
        assertEquals(bench.nowNs + Pair.MAX_PATIENCE_NS, bench.fabric.nextDeadlineNs());
        bench.nowNs += Pair.MAX_PATIENCE_NS - 1;
        assertEquals(0, bench.turn());
        for (int i = 0; i < 4; i++) {
            assertArrayEquals(sent.get(i), bench.nics.get(1).poll());
        }
        bench.nics.get(1).refill(4);
        assertEquals(4, bench.turn());
        bench.nowNs += 4 * Delivery.EARN_FRAME_NS + 1;
        assertEquals(2, bench.turn(), "patience is used up but for what the four frames earned");
        assertEquals(2, bench.ports.get(1).drops(Drop.NO_BUFFERS));
        assertNull(bench.ports.get(0).first.waitsFor);
        assertEquals(Long.MAX_VALUE, bench.fabric.nextDeadlineNs());
        bench.nics.get(0).send(sent.get(0));
        assertEquals(1, bench.turn(), "a receiver that takes nothing is not waited for again");
    }

    /** A receiver that takes one small frame at a time cannot hold its peer up for more than what that earned. */
    @Test
    void aTricklingReceiverCannotHoldItsPeerUp() {
        Bench bench = new Bench(true);
        bench.machine(1);
        bench.machine(2, 4, 2048, MERGE);
        bench.machine(3);
        long waited = 0;
        int delivered = 0;
        for (int i = 0; i < 2000; i++) {
            bench.nics.get(0).send(Frames.plain(Frames.mac(2), Frames.mac(1), 60, random));
            while (bench.turn() == 0) {
                bench.nowNs += 10_000;
                waited += 10_000;
                if (waited % 1_990_000 == 0) {
                    bench.nics.get(1).poll();
                    bench.nics.get(1).refill(1);
                }
            }
            delivered++;
        }
        assertEquals(2000, delivered);
        long earned = bench.ports.get(1).rxFrames() * Delivery.EARN_FRAME_NS;
        assertTrue(waited <= 2 * (Pair.MAX_PATIENCE_NS + earned), waited + " ns for " + earned);
    }

    @Test
    void floodsAreRationed() {
        Bench bench = new Bench(true);
        int machines = 6;
        for (int i = 1; i <= machines; i++) {
            bench.machine(i);
        }
        Port sender = bench.ports.get(0);
        int copies = 0;
        for (int i = 0; i < 4000; i++) {
            copies += Integer.bitCount(bench.reach(0, Frames.plain(Frames.BROADCAST, Frames.mac(1), 60, random)));
        }
        assertTrue(sender.drops(Drop.FLOOD_LIMIT) > 0);
        assertEquals(4000 + PortPolicy.COPIES_BURST, copies, "the first copy of each is free");
        bench.nowNs += 1_000_000_000L;
        assertEquals(0b111110, bench.reach(0, Frames.plain(Frames.BROADCAST, Frames.mac(1), 60, random)));
    }

    /** Sixty-four KiB to 255 machines, 32 times a turn, would be half a second of copying for one sender. */
    @Test
    void floodsOfLongFramesAreRationedByTheirBytes() {
        Bench bench = new Bench(true);
        int machines = 6;
        for (int i = 1; i <= machines; i++) {
            bench.machine(i);
        }
        long received = 0;
        byte[] frame = Frames.plain(Frames.BROADCAST, Frames.mac(1), 60_000, random);
        for (int second = 0; second < 2; second++) {
            for (int i = 0; i < 400; i++) {
                received += Integer.bitCount(bench.reach(0, frame)) - 1;
            }
            bench.nowNs += 1_000_000L;
        }
        assertTrue(bench.ports.get(0).drops(Drop.FLOOD_LIMIT) > 0);
        long kib = received * (frame.length >> 10);
        assertTrue(kib <= PortPolicy.COPIES_BURST + PortPolicy.DEFAULT_COPIES / 1000 + 60,
                kib + " KiB beyond the first copies");
        assertTrue(kib > PortPolicy.COPIES_BURST / 2, kib + " KiB");
    }

    @Test
    void uplinkFramesWaitAndThenDrop() {
        Bench bench = new Bench(true);
        bench.machine(1, 2, 2048, MERGE);
        Region flat = new Region(Arena.ofAuto().allocate(100, 8));
        ScatterList frame = new ScatterList(1);
        frame.add(flat, 0, 100);
        assertTrue(bench.fromUplink(0, frame, 100));
        assertTrue(bench.fromUplink(0, frame, 100));
        assertFalse(bench.fromUplink(0, frame, 100));
        bench.nowNs += Delivery.UPLINK_PATIENCE_NS - 1;
        assertFalse(bench.fromUplink(0, frame, 100));
        bench.nowNs += 1;
        assertTrue(bench.fromUplink(0, frame, 100));
        assertTrue(bench.fromUplink(0, frame, 100), "once stalled, the others are not waited for");
        assertEquals(2, bench.ports.get(0).drops(Drop.NO_BUFFERS));
        bench.nics.get(0).poll();
        bench.nics.get(0).refill(1);
        assertTrue(bench.fromUplink(0, frame, 100));
        assertFalse(bench.fromUplink(0, frame, 100), "it is alive again");
    }

    @Test
    void aBrokenGuestLosesItsQueueAndNobodyElseDoes() {
        Bench bench = new Bench(true);
        bench.machine(1);
        bench.machine(2);
        bench.machine(3);
        bench.nics.get(1).transmitter().offer(9999);
        bench.nics.get(1).transmitter().publish();
        bench.turn();
        assertEquals(QueueFault.HEAD_INDEX, bench.ports.get(1).fault());
        assertEquals(4, bench.reach(0, Frames.plain(Frames.mac(3), Frames.mac(1), 60, random)));
    }

    /**
     * Everything at once: machines that send, refill and pause at random; each flow arrives in order, whole or
     * counted lost.
     */
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void seededSimulation(long seed) {
        Random chance = new Random(seed);
        Bench bench = new Bench(true);
        int machines = 4;
        for (int i = 1; i <= machines; i++) {
            long features = chance.nextBoolean() ? MERGE | Features.EVENT_IDX : MERGE;
            bench.machine(i, 1 << 3 + chance.nextInt(4), 1526 + chance.nextInt(3000), features);
        }
        List<ArrayDeque<byte[]>> expected = new ArrayList<>();
        for (int i = 0; i < machines * machines; i++) {
            expected.add(new ArrayDeque<>());
        }
        long received = 0;
        for (int step = 0; step < 3000; step++) {
            int from = chance.nextInt(machines);
            int to = (from + 1 + chance.nextInt(machines - 1)) % machines;
            byte[] frame = Frames.plain(Frames.mac(to + 1), Frames.mac(from + 1), 60 + chance.nextInt(4000), chance);
            if (bench.nics.get(from).send(frame, chance.nextInt(200), false)) {
                expected.get(from * machines + to).add(frame);
            }
            bench.nowNs += chance.nextInt(300_000);
            bench.turn();
            MockNic nic = bench.nics.get(chance.nextInt(machines));
            for (byte[] got = nic.poll(); got != null; got = nic.poll()) {
                int sender = got[11] - 2;
                int receiver = got[5] - 2;
                assertEquals(nic, bench.nics.get(receiver));
                ArrayDeque<byte[]> flow = expected.get(sender * machines + receiver);
                while (!Arrays.equals(flow.remove(), got)) {
                    // Lost; the sum below accounts for it.
                }
                received++;
            }
            nic.refill(chance.nextInt(64));
        }
        settle(bench, received);
    }

    private static void settle(Bench bench, long received) {
        long sent = 0;
        long lost = 0;
        long arrived = received;
        for (int i = 0; i < 100; i++) {
            bench.nowNs += Pair.MAX_PATIENCE_NS;
            bench.turn();
        }
        for (int i = 0; i < bench.ports.size(); i++) {
            for (byte[] got = bench.nics.get(i).poll(); got != null; got = bench.nics.get(i).poll()) {
                arrived++;
            }
            sent += bench.ports.get(i).txFrames();
            lost += bench.ports.get(i).drops(Drop.NO_BUFFERS) + bench.ports.get(i).drops(Drop.TOO_LONG);
            assertEquals(QueueFault.NONE, bench.ports.get(i).fault());
            bench.nics.get(i).guest().checkCanaries();
        }
        assertTrue(arrived > 500, arrived + " arrived");
        assertEquals(sent, arrived + lost);
    }
}
