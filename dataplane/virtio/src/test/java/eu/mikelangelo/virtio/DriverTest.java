package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import eu.mikelangelo.virtio.driver.BufferList;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import eu.mikelangelo.virtio.driver.PackedDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import java.lang.management.ManagementFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The driver's side as a library: against any device, also one that uses batches or lies. */
class DriverTest {
    private static final int SIZE = 8;
    private static final long DATA = 1 << 16;
    private static final int ROUNDS = 20_000;

    private final MockGuest guest = new MockGuest(2 << 20);
    private DriverLayout layout;
    private Driver driver;

    private void begin(long features) {
        layout = DriverLayout.at(4096, SIZE, Features.VERSION_1 | Features.INDIRECT_DESC | features, 4);
        driver = Driver.of(guest.memory(), layout);
    }

    private void used(int slot, int id, int length) {
        driver.poke64(layout.deviceArea() + 4 + 8L * slot, (long) length << 32 | id);
    }

    private void usedIndex(int index) {
        driver.poke16(layout.deviceArea() + 2, index);
    }

    private void usedDescriptor(int place, int id, int length, int flags) {
        driver.poke64(layout.descriptors() + 16L * place + 8,
                (long) flags << 48 | (long) id << 32 | length & 0xffffffffL);
    }

    /** 2.7.9: one entry for four buffers; those skipped were used completely. */
    @Test
    void aSplitDeviceMayUseABatchInOrder() {
        begin(Features.IN_ORDER);
        int[] ids = {driver.post(DATA, 10, false), driver.post(DATA, 20, true), driver.post(DATA, 30, true),
            driver.post(DATA, 40, true), driver.post(DATA, 50, true)};
        driver.publish();
        used(0, ids[3], 4);
        usedIndex(4);
        int[] lengths = {0, 20, 30, 4};
        for (int i = 0; i < 4; i++) {
            assertTrue(driver.hasUsed());
            assertEquals(ids[i], driver.poll());
            assertEquals(lengths[i], driver.usedLength());
        }
        assertFalse(driver.hasUsed());
        assertEquals(Driver.NONE, driver.poll());
        used(4, ids[4], 5);
        usedIndex(5);
        assertEquals(ids[4], driver.poll());
        assertEquals(5, driver.usedLength());
        assertEquals(SIZE, driver.free());
    }

    /** 2.8.8: the same over chains, which takes the driver further by all their descriptors. */
    @Test
    void aPackedDeviceMayUseABatchInOrder() {
        begin(Features.PACKED | Features.IN_ORDER);
        BufferList two = new BufferList(2).readable(DATA, 1).writable(DATA, 7);
        int[] ids = {driver.post(two, false), driver.post(DATA, 10, false), driver.post(two, false),
            driver.post(DATA, 50, true)};
        assertEquals(2, driver.free());
        driver.publish();
        usedDescriptor(0, ids[2], 3, 0x8082);
        int[] lengths = {7, 0, 3};
        for (int i = 0; i < 3; i++) {
            assertEquals(ids[i], driver.poll());
            assertEquals(lengths[i], driver.usedLength());
        }
        assertEquals(Driver.NONE, driver.poll());
        usedDescriptor(5, ids[3], 9, 0x8080);
        assertEquals(ids[3], driver.poll());
        assertEquals(0, driver.usedLength(), "2.8.4: without the WRITE flag the length means nothing");
        assertEquals(SIZE, driver.free());
    }

    @Test
    void whatTheDeviceDidNotHaveIsForeign() {
        begin(0);
        int id = driver.post(DATA, 10, false);
        driver.publish();
        used(0, SIZE, 0);
        used(1, -5, 0);
        used(2, id, 0);
        used(3, id, 0);
        usedIndex(4);
        assertEquals(Driver.FOREIGN, driver.poll());
        assertEquals(Driver.FOREIGN, driver.poll());
        assertEquals(id, driver.poll());
        assertEquals(Driver.FOREIGN, driver.poll(), "given back twice");
        assertEquals(Driver.NONE, driver.poll());
        assertEquals(SIZE, driver.free());
        begin(Features.PACKED);
        usedDescriptor(0, 3, 0, 0x8080);
        usedDescriptor(1, 0xffff, 0, 0x8080);
        assertEquals(Driver.FOREIGN, driver.poll());
        assertEquals(Driver.FOREIGN, driver.poll());
        assertEquals(Driver.NONE, driver.poll());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED, Features.IN_ORDER, Features.PACKED | Features.IN_ORDER})
    void roomIsCountedInDescriptors(long features) {
        begin(features);
        BufferList three = new BufferList(4).readable(DATA, 1).readable(DATA, 1).writable(DATA, 7);
        assertEquals(3, three.count());
        assertEquals(2, three.readableBytes());
        assertEquals(7, three.writableBytes());
        assertTrue(driver.post(three, false) >= 0);
        assertTrue(driver.post(three, true) >= 0);
        assertTrue(driver.post(three, false) >= 0);
        assertEquals(1, driver.free());
        assertEquals(Driver.NONE, driver.post(three, false));
        assertTrue(driver.post(three, true) >= 0);
        assertEquals(Driver.NONE, driver.post(DATA, 1, true));
        assertEquals(Driver.NONE, driver.post(three.clear(), true), "a buffer has at least one piece");
        assertEquals(4, driver.inFlight());
        assertTrue(driver.publish());
        assertFalse(driver.publish());
        BufferList five = new BufferList(5);
        for (int i = 0; i < 5; i++) {
            five.writable(DATA, 1);
        }
        assertThrows(IllegalArgumentException.class, () -> driver.post(five, true));
        assertThrows(IllegalStateException.class, () -> five.clear().writable(DATA, 1).readable(DATA, 1));
    }

    @Test
    void layoutsDoNotOverlap() {
        for (long features : new long[] {0, Features.PACKED}) {
            DriverLayout at = DriverLayout.at(4096, 256, features, 3);
            QueueConfig config = at.config(guest.memory(), 0);
            assertTrue(at.driverArea() >= at.descriptors() + config.descriptorBytes());
            assertTrue(at.deviceArea() >= at.driverArea() + config.availBytes());
            assertTrue(at.tables() >= at.deviceArea() + config.usedBytes());
            assertTrue(at.end() >= at.table(255) + 3 * 16);
            assertEquals(guest.user(4096), config.descriptorUser());
        }
    }

    /** A packed driver that begins anywhere sees nothing used, and its device nothing available. */
    @Test
    void anyBeginningIsAnEmptyRing() {
        for (int position = 0; position < 2 * SIZE; position++) {
            int encoded = PackedRingLayout.encode(position, SIZE);
            layout = DriverLayout.at(4096, SIZE, Features.PACKED, 4);
            driver = Driver.of(guest.memory(), layout, encoded);
            VirtQueue queue = VirtQueue.of(Features.PACKED);
            assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
            assertEquals(encoded << 16 | encoded, queue.nextAvail());
            assertFalse(driver.hasUsed());
            assertEquals(0, queue.available());
            driver.post(DATA, 1, true);
            driver.publish();
            assertEquals(1, queue.available());
        }
        assertEquals(0x8000_8000, PackedDriver.FIRST_BASE);
    }

    /** Neither side allocates per buffer. */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED, Features.PACKED | Features.IN_ORDER | Features.EVENT_IDX})
    void nothingIsAllocatedPerBuffer(long features) {
        begin(features);
        VirtQueue queue = VirtQueue.of(features);
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
        ScatterList readable = new ScatterList(SIZE + 1);
        ScatterList writable = new ScatterList(SIZE + 1);
        BufferList pieces = new BufferList(4);
        Burst burst = new Burst();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long id = Thread.currentThread().threadId();
        long least = Long.MAX_VALUE;
        // Interpreted code allocates here and there: the best of some rounds counts.
        for (int i = 0; i < 20 && least >= 4096; i++) {
            long before = threads.getThreadAllocatedBytes(id);
            pump(queue, readable, writable, pieces, burst);
            least = Math.min(least, threads.getThreadAllocatedBytes(id) - before);
        }
        assertTrue(least < 4096, least + " bytes for " + 3 * ROUNDS + " buffers");
    }

    private void pump(VirtQueue queue, ScatterList readable, ScatterList writable, BufferList pieces, Burst burst) {
        for (int round = 0; round < ROUNDS; round++) {
            driver.post(DATA, 64, false);
            driver.post(pieces.clear().readable(DATA, 64).writable(DATA + 64, 64), false);
            driver.post(pieces, true);
            driver.publish();
            driver.needsKick();
            int done = queue.list(burst, false, Burst.MAX);
            queue.consume(burst, done);
            while (queue.available() > 0) {
                readable.clear();
                writable.clear();
                queue.complete(queue.walk(0, readable, writable), 8);
                queue.take(1);
            }
            queue.publish();
            VirtQueue.fence();
            queue.shouldCall();
            while (driver.poll() >= 0) {
                // Back to the pool.
            }
        }
        assertEquals(0, driver.inFlight());
    }
}
