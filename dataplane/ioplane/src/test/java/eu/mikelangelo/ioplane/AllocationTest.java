package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.SplitRingLayout;
import eu.mikelangelo.virtio.mock.MockNic;
import java.lang.management.ManagementFactory;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Nothing is allocated per frame: measured over many frames between two guests, driver included. */
class AllocationTest {
    private static final int QUEUE = 256;
    private static final int FRAMES = 100_000;

    private final Bench bench = new Bench(true);

    @Test
    void nothingIsAllocatedPerFrame() {
        bench.machine(1, QUEUE, 2048, CoreBench.FEATURES);
        bench.machine(2, QUEUE, 2048, CoreBench.FEATURES);
        byte[] frame = Frames.plain(Frames.mac(2), Frames.mac(1), 1514, new Random(1));
        // Write the frame into every transmit buffer once; then only indices move.
        for (int i = 0; i < QUEUE; i++) {
            assertTrue(bench.nics.get(0).send(frame));
            bench.turn();
            bench.nics.get(1).poll();
            bench.nics.get(1).refill(1);
        }
        Recycler sender = new Recycler(bench.nics.get(0), false);
        Recycler receiver = new Recycler(bench.nics.get(1), true);
        pump(sender, receiver, FRAMES);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().threadId();
        threads.getThreadAllocatedBytes(id);
        long frames = bench.ports.get(1).rxFrames();
        long before = threads.getThreadAllocatedBytes(id);
        pump(sender, receiver, FRAMES);
        long allocated = threads.getThreadAllocatedBytes(id) - before;
        assertEquals(FRAMES, bench.ports.get(1).rxFrames() - frames);
        // The measurement itself and a late compilation may leave a few objects; a byte per frame would be 100,000.
        assertTrue(allocated < 4096, allocated + " bytes for " + FRAMES + " frames");
    }

    private void pump(Recycler sender, Recycler receiver, int frames) {
        for (int sent = 0; sent < frames; sent += Switch.BURST) {
            sender.again(Math.min(Switch.BURST, frames - sent));
            bench.turn();
            receiver.again(Math.min(Switch.BURST, frames - sent));
        }
    }

    /** Gives used chains to the device again by index arithmetic alone, for the mock driver allocates. */
    private static final class Recycler {
        private final Region region;
        private final long avail;
        private final long used;
        private int index;
        private int head;

        Recycler(MockNic nic, boolean receive) {
            var driver = receive ? nic.receiver() : nic.transmitter();
            region = nic.guest().region(driver.availAddress(), 1);
            avail = nic.guest().offset(driver.availAddress());
            used = nic.guest().offset(driver.usedAddress());
            index = region.u16(avail + SplitRingLayout.AVAIL_INDEX);
        }

        void again(int count) {
            for (int i = 0; i < count; i++) {
                head = region.u16(used + SplitRingLayout.USED_RING + 8L * (index & QUEUE - 1));
                region.u16(avail + SplitRingLayout.AVAIL_RING + 2L * (index & QUEUE - 1), head);
                index = index + 1 & 0xffff;
            }
            region.u16Release(avail + SplitRingLayout.AVAIL_INDEX, index);
        }
    }
}
