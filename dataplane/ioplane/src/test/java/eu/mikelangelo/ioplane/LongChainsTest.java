package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.SplitRingLayout;
import eu.mikelangelo.virtio.VirtQueue;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import eu.mikelangelo.virtio.mock.MockGuest;
import eu.mikelangelo.virtio.mock.MockNic;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A guest whose chains are as long as can be takes no more of a turn than others; nothing of its frames is lost. */
class LongChainsTest {
    private static final long MERGE = Features.VERSION_1 | Features.NET_MRG_RXBUF | Features.INDIRECT_DESC;
    /** Of a chain, in a queue of the largest size. */
    private static final int PIECES = 2048;
    private static final int CHAINS = 64;
    /** Descriptors of a turn: the budget, and what the last chain takes beyond it. */
    private static final int MOST = VirtQueue.TURN_DESCRIPTORS + VirtQueue.MAX_SIZE;

    private final Random random = new Random(7);
    private final MockGuest guest = new MockGuest(4L << 20);
    private Driver driver;

    private Driver longQueue(long features) {
        long bytes = DriverLayout.at(0, VirtQueue.MAX_SIZE, features, 0).end();
        long at = guest.allocate(bytes, DriverLayout.ALIGN);
        return Driver.of(guest.memory(), DriverLayout.at(at, VirtQueue.MAX_SIZE, features, 0));
    }

    @ParameterizedTest
    @ValueSource(longs = {MERGE, MERGE | Features.PACKED})
    void aSenderOfLongChainsGetsItsShareOfEachTurn(long features) {
        Bench bench = new Bench(true);
        bench.machine(1, 64, 2048, MERGE);
        bench.machine(2, 64, 4096, MERGE);
        driver = longQueue(features);
        Port sender = bench.ports.get(0);
        sender.first.tx.detach();
        sender.first.tx.attach(driver.memory(), driver.config());
        post(Frames.plain(Frames.mac(2), Frames.mac(1), PIECES - 12, random), false);
        int turns = 0;
        int arrived = 0;
        while (arrived < CHAINS) {
            long before = sender.first.tx.queue().walked();
            bench.turn();
            assertTrue(sender.first.tx.queue().walked() - before <= MOST, "a turn's descriptors");
            arrived += taken(bench.nics.get(1));
            assertTrue(++turns <= CHAINS, "no end");
        }
        assertTrue(turns >= CHAINS * PIECES / (2 * VirtQueue.MAX_SIZE), turns + " turns");
        assertEquals(CHAINS, sender.txFrames());
    }

    @ParameterizedTest
    @ValueSource(longs = {MERGE, MERGE | Features.PACKED})
    void aReceiverOfLongChainsTakesNoMoreOfItsPeersTurn(long features) {
        Bench bench = new Bench(true);
        bench.machine(1, 64, 2048, MERGE);
        bench.machine(2, 64, 2048, MERGE);
        driver = longQueue(features);
        Port receiver = bench.ports.get(1);
        receiver.first.rx.detach();
        receiver.first.rx.attach(driver.memory(), driver.config());
        post(new byte[PIECES], true);
        for (int i = 0; i < CHAINS; i++) {
            assertTrue(bench.nics.get(0).send(Frames.plain(Frames.mac(2), Frames.mac(1), PIECES - 12, random)));
        }
        int turns = 0;
        while (bench.ports.get(0).txFrames() < CHAINS) {
            long before = receiver.first.rx.queue().walked();
            bench.turn();
            assertTrue(receiver.first.rx.queue().walked() - before <= MOST, "a turn's descriptors");
            assertTrue(++turns <= CHAINS, "no end");
        }
        assertEquals(CHAINS, receiver.rxFrames());
        assertEquals(0, receiver.drops(Drop.NO_BUFFERS), "what waits for the next turn is not lost");
    }

    @Test
    void aFloodedLongChainArrivesEverywhere() {
        Bench bench = new Bench(false);
        for (int i = 0; i < 5; i++) {
            bench.machine(0, 64, 4096, MERGE);
        }
        driver = longQueue(MERGE);
        Port sender = bench.ports.get(0);
        sender.first.tx.detach();
        sender.first.tx.attach(driver.memory(), driver.config());
        byte[] frame = Frames.plain(Frames.BROADCAST, Frames.mac(1), PIECES - 12, random);
        post(frame, false);
        assertEquals(2, bench.turn(), "frames of " + PIECES + " pieces in a turn");
        for (int i = 1; i < 5; i++) {
            assertArrayEquals(frame, bench.nics.get(i).poll());
            assertArrayEquals(frame, bench.nics.get(i).poll());
        }
    }

    /** Posts chains that all name one table, with a byte of header and frame, or room for one, in each descriptor. */
    private void post(byte[] frame, boolean writable) {
        long bytes = guest.allocate(PIECES, 16);
        long table = guest.allocate(16L * PIECES, 16);
        guest.write(bytes + 12, frame, 0, PIECES - 12);
        for (int i = 0; i < PIECES; i++) {
            int next = i < PIECES - 1 ? SplitRingLayout.FLAG_NEXT : 0;
            driver.rawDescriptor(table, i, bytes + i, 1, writable ? SplitRingLayout.FLAG_WRITE | next : next, i + 1);
        }
        int[] ids = new int[CHAINS];
        for (int i = 0; i < CHAINS; i++) {
            ids[i] = driver.post(table, 16 * PIECES, false);
        }
        driver.publish();
        boolean packed = driver.layout().packed();
        for (int i = 0; i < CHAINS; i++) {
            long flags = driver.layout().descriptors() + 16L * (packed ? i : ids[i]) + (packed ? 14 : 12);
            driver.poke16(flags, driver.peek16(flags) | SplitRingLayout.FLAG_INDIRECT);
        }
    }

    private static int taken(MockNic nic) {
        int count = 0;
        while (nic.poll() != null) {
            count++;
        }
        nic.refill(64);
        return count;
    }
}
