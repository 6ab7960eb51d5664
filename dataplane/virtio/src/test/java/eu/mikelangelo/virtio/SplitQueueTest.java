package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each rule a driver may break, one by one. */
class SplitQueueTest {
    private static final int SIZE = 8;
    private static final int[] NOTHING = {};

    private MockGuest guest;
    private MockDriver driver;
    private SplitQueue queue;
    private final ScatterList readable = new ScatterList(80);
    private final ScatterList writable = new ScatterList(80);

    @BeforeEach
    void attach() {
        guest = new MockGuest(2 << 20);
        driver = new MockDriver(guest, SIZE, 4096, Features.VERSION_1 | Features.INDIRECT_DESC);
        queue = new SplitQueue();
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
    }

    private void expect(QueueFault fault, ScatterList forReading, ScatterList forWriting) {
        driver.publish();
        assertTrue(queue.available() > 0);
        assertEquals(-1, queue.walk(0, forReading, forWriting));
        assertEquals(fault, queue.fault());
        assertFalse(queue.working());
        assertEquals(0, queue.available(), "a broken queue offers nothing");
        queue.complete(0, 0);
        assertFalse(queue.publish(), "a broken queue publishes nothing");
        assertFalse(queue.shouldCall());
    }

    private void descriptor(int index, long address, int length, int flags, int next) {
        driver.descriptor(driver.tableAddress(), index, address, length, flags, next);
    }

    @Test
    void headOutsideTheTable() {
        driver.offer(SIZE);
        expect(QueueFault.HEAD_INDEX, readable, writable);
    }

    @Test
    void nextOutsideTheTable() {
        descriptor(0, 4096, 8, SplitRingLayout.FLAG_NEXT, SIZE);
        driver.offer(0);
        expect(QueueFault.NEXT_INDEX, readable, writable);
    }

    @Test
    void loop() {
        descriptor(0, 4096, 8, SplitRingLayout.FLAG_NEXT, 1);
        descriptor(1, 4096, 8, SplitRingLayout.FLAG_NEXT, 0);
        driver.offer(0);
        expect(QueueFault.CHAIN_TOO_LONG, readable, writable);
    }

    @Test
    void memoryTheGuestDoesNotHave() {
        descriptor(0, MockGuest.FAR + MockGuest.FAR_SIZE - 4, 8, 0, 0);
        driver.offer(0);
        expect(QueueFault.UNMAPPED, readable, writable);
    }

    @Test
    void addressAtTheEndOfTheWorld() {
        descriptor(0, -4L, 8, 0, 0);
        driver.offer(0);
        expect(QueueFault.UNMAPPED, readable, writable);
    }

    @Test
    void hugeDescriptor() {
        descriptor(0, 0, -1, 0, 0);
        driver.offer(0);
        expect(QueueFault.DESCRIPTOR_TOO_LONG, readable, writable);
    }

    @Test
    void readableBehindWritable() {
        descriptor(0, 4096, 8, SplitRingLayout.FLAG_NEXT | SplitRingLayout.FLAG_WRITE, 1);
        descriptor(1, 4096, 8, 0, 0);
        driver.offer(0);
        expect(QueueFault.DIRECTION, readable, writable);
    }

    @Test
    void writableWhereOnlyReadableBelongs() {
        driver.add(NOTHING, new int[] {8}, false);
        expect(QueueFault.DIRECTION, readable, null);
    }

    @Test
    void indexJump() {
        for (int i = 0; i <= SIZE; i++) {
            driver.offer(0);
        }
        driver.publish();
        assertEquals(0, queue.available());
        assertEquals(QueueFault.AVAILABLE_INDEX, queue.fault());
    }

    @Test
    void indirectTables() {
        long table = driver.slotAddress(1);
        int[][] bad = {{0, 0}, {17, 0}, {-16, 0}, {32, SplitRingLayout.FLAG_NEXT}};
        QueueFault[] faults = {QueueFault.INDIRECT_TABLE, QueueFault.INDIRECT_TABLE, QueueFault.INDIRECT_TABLE,
            QueueFault.INDIRECT_WITH_NEXT};
        for (int i = 0; i < bad.length; i++) {
            attach();
            descriptor(0, table, bad[i][0], SplitRingLayout.FLAG_INDIRECT | bad[i][1], 0);
            driver.offer(0);
            expect(faults[i], readable, writable);
        }
        attach();
        descriptor(0, MockGuest.FAR - 16, 32, SplitRingLayout.FLAG_INDIRECT, 0);
        driver.offer(0);
        expect(QueueFault.INDIRECT_TABLE, readable, writable);
    }

    @Test
    void indirectInsideIndirect() {
        long table = driver.slotAddress(1);
        descriptor(0, table, 16, SplitRingLayout.FLAG_INDIRECT, 0);
        driver.descriptor(table, 0, table, 16, SplitRingLayout.FLAG_INDIRECT, 0);
        driver.offer(0);
        expect(QueueFault.INDIRECT_NESTED, readable, writable);
    }

    @Test
    void indirectNextOutsideItsTable() {
        long table = driver.slotAddress(1);
        descriptor(0, table, 32, SplitRingLayout.FLAG_INDIRECT, 0);
        driver.descriptor(table, 0, table, 16, SplitRingLayout.FLAG_NEXT, 2);
        driver.offer(0);
        expect(QueueFault.NEXT_INDEX, readable, writable);
    }

    /** The budget is one for the whole chain, direct and indirect together. */
    @Test
    void loopThroughAnIndirectTable() {
        long table = driver.slotAddress(1);
        descriptor(0, table, 16, SplitRingLayout.FLAG_NEXT, 1);
        descriptor(1, table, 32, SplitRingLayout.FLAG_INDIRECT, 0);
        driver.descriptor(table, 0, table, 16, SplitRingLayout.FLAG_NEXT, 0);
        driver.offer(0);
        expect(QueueFault.CHAIN_TOO_LONG, readable, writable);
        assertTrue(readable.count() <= SIZE);
    }

    @Test
    void directionCountsAcrossTheIndirectBorder() {
        long table = driver.slotAddress(2);
        descriptor(0, table, 16, SplitRingLayout.FLAG_NEXT | SplitRingLayout.FLAG_WRITE, 1);
        descriptor(1, table, 16, SplitRingLayout.FLAG_INDIRECT, 0);
        driver.descriptor(table, 0, table, 16, 0, 0);
        driver.offer(0);
        expect(QueueFault.DIRECTION, readable, writable);
    }

    @Test
    void indirectWithoutTheFeature() {
        driver = new MockDriver(guest, SIZE, 4096, Features.VERSION_1);
        queue.attach(guest.memory(), driver.config());
        driver.add(new int[] {10, 10}, NOTHING, true);
        expect(QueueFault.INDIRECT_NOT_NEGOTIATED, readable, writable);
    }

    @Test
    void badConfigurations() {
        QueueConfig good = driver.config();
        for (int size : new int[] {0, -1, 3, 2 * SplitQueue.MAX_SIZE, Integer.MIN_VALUE}) {
            assertEquals(QueueFault.BAD_SIZE, queue.attach(guest.memory(), new QueueConfig(size, good.descriptorUser(),
                    good.availUser(), good.usedUser(), 0, 0)));
        }
        long[][] addresses = {{8, 0, 0}, {0, 1, 0}, {0, 0, 2}, {1L << 60, 0, 0}, {0, 1L << 60, 0}, {0, 0, 1L << 60}};
        for (long[] add : addresses) {
            assertEquals(QueueFault.BAD_RING_ADDRESS, queue.attach(guest.memory(), new QueueConfig(SIZE,
                    good.descriptorUser() + add[0], good.availUser() + add[1], good.usedUser() + add[2], 0, 0)));
            assertEquals(0, queue.available());
        }
        assertEquals(QueueFault.BAD_RING_ADDRESS, queue.attach(GuestMemory.EMPTY, good));
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), good), "a good one heals it");
    }

    @Test
    void bufferAcrossTwoTouchingRegionsIsServed() {
        descriptor(0, MockGuest.LOW_SIZE - 10, 30, 0, 0);
        driver.offer(0);
        driver.publish();
        assertEquals(1, queue.available());
        assertEquals(0, queue.walk(0, readable, null));
        assertEquals(2, readable.count());
        assertEquals(30, readable.bytes());
    }

    @Test
    void detachedQueueAnswersItsPositionAndForgetsTheGuest() {
        driver.add(new int[] {4}, NOTHING, false);
        driver.add(new int[] {4}, NOTHING, false);
        driver.publish();
        assertEquals(2, queue.available());
        queue.take(1);
        assertEquals(1, queue.detach());
        assertEquals(QueueFault.NOT_ATTACHED, queue.fault());
        assertEquals(0, queue.available());
        assertEquals(GuestMemory.EMPTY, queue.memory());
    }
}
