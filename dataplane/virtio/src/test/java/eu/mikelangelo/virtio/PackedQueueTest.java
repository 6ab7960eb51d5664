package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.virtio.driver.PackedDriver;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Each rule of VIRTIO 1.3 section 2.8 that a driver may break, one by one, and what the device writes. */
class PackedQueueTest {
    private static final int SIZE = 6;
    private static final int[] NOTHING = {};
    private static final int NEXT = PackedRingLayout.FLAG_NEXT;
    private static final int WRITE = PackedRingLayout.FLAG_WRITE;
    private static final int INDIRECT = PackedRingLayout.FLAG_INDIRECT;

    private MockGuest guest;
    private MockDriver mock;
    private PackedDriver driver;
    private PackedQueue queue;
    private final ScatterList readable = new ScatterList(80);
    private final ScatterList writable = new ScatterList(80);

    @BeforeEach
    void attach() {
        attach(Features.INDIRECT_DESC, PackedDriver.FIRST_BASE);
    }

    private void attach(long features, int base) {
        guest = new MockGuest(2 << 20);
        mock = new MockDriver(guest, SIZE, 4096, Features.VERSION_1 | Features.PACKED | features, base);
        driver = (PackedDriver) mock.driver();
        queue = new PackedQueue();
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), mock.config()));
    }

    private void expect(QueueFault fault, ScatterList forReading, ScatterList forWriting) {
        assertEquals(1, queue.available());
        assertEquals(-1, queue.walk(0, forReading, forWriting));
        broken(fault);
    }

    private void broken(QueueFault fault) {
        assertEquals(fault, queue.fault());
        assertFalse(queue.working());
        assertEquals(0, queue.available(), "a broken queue offers nothing");
        long[] before = ring();
        queue.complete(1 << 16, 7);
        queue.complete(1 << 16 | 1, 0);
        assertFalse(queue.publish(), "a broken queue publishes nothing");
        assertFalse(queue.shouldCall());
        assertFalse(queue.news());
        queue.armKicks();
        queue.suppressKicks();
        assertEquals(-1, queue.walk(0, readable, writable));
        assertArrayEquals(before, ring(), "a broken queue writes nothing");
    }

    private long[] ring() {
        long[] words = new long[2 * SIZE + 2];
        for (int i = 0; i < 2 * SIZE; i++) {
            words[i] = driver.peek64(mock.tableAddress() + 8L * i);
        }
        words[2 * SIZE] = driver.peek64(mock.availAddress());
        words[2 * SIZE + 1] = driver.peek64(mock.usedAddress());
        return words;
    }

    /** Posts raw descriptors: address, length, flags and id each. */
    private void raw(long[]... descriptors) {
        for (int i = 0; i < descriptors.length; i++) {
            long[] d = descriptors[i];
            driver.raw(i, d[0], (int) d[1], (int) d[2], (int) d[3]);
        }
        driver.skip(descriptors.length);
    }

    private static long[] d(long address, long length, int flags, int id) {
        return new long[] {address, length, flags, id};
    }

    /** Serves the next chain. @return its id */
    private int serve(int written) {
        readable.clear();
        writable.clear();
        assertTrue(queue.available() > 0);
        int chain = queue.walk(0, readable, writable);
        assertTrue(chain >= 0, () -> queue.fault().text());
        queue.complete(chain, written);
        queue.take(1);
        return chain & 0xffff;
    }

    @Test
    void zeroedMemoryHasNothingAvailable() {
        assertEquals(0, queue.available());
        assertFalse(queue.news());
    }

    /** 2.8.1 and 2.8.21: both bits count, and in the next lap both are the other way round. */
    @Test
    void availableByBothBitsInEitherLap() {
        int[] wrong = {0, 0x80, 0x8000, 0x8080};
        for (int lap = 0; lap < 4; lap++) {
            int right = lap % 2 == 0 ? 0x80 : 0x8000;
            for (int i = 0; i < SIZE; i++) {
                for (int flags : wrong) {
                    driver.rawDescriptor(mock.tableAddress(), i, 4096, 8, flags, 3);
                    assertEquals(flags == right ? 1 : 0, queue.available(), "lap " + lap + " place " + i);
                }
                driver.rawDescriptor(mock.tableAddress(), i, 4096, 8, right, 3);
                assertEquals(3, serve(0));
                queue.publish();
                int used = driver.peek16(mock.tableAddress() + 16L * i + 14);
                assertEquals(lap % 2 == 0 ? 0x8080 : 0, used & 0x8080);
            }
        }
    }

    /** 2.8.6: the id is that of the last descriptor; ids before it mean nothing. */
    @Test
    void chainHasTheIdOfItsLastDescriptor() {
        raw(d(4096, 8, NEXT, 77), d(8192, 9, NEXT | WRITE, 78), d(4096, 10, WRITE, 0xffff));
        assertEquals(0xffff, serve(4));
        assertEquals(8, readable.bytes());
        assertEquals(19, writable.bytes());
        assertTrue(queue.publish());
        assertEquals(0xffffL << 32 | (0x8080L | WRITE) << 48 | 4, driver.peek64(mock.tableAddress() + 8));
        assertEquals(queue.nextAvail(), 0x8003 << 16 | 0x8003, "one used descriptor, three places on");
    }

    /** 2.8.3: without a byte written the WRITE flag of a used descriptor is clear. */
    @Test
    void usedDescriptorSaysWhetherSomethingWasWritten() {
        raw(d(4096, 8, WRITE, 5));
        serve(0);
        queue.publish();
        assertEquals(5L << 32 | 0x8080L << 48, driver.peek64(mock.tableAddress() + 8));
    }

    /** 2.8.9 and 2.8.21: until the first used descriptor of a batch is written, the driver sees none of it. */
    @Test
    void batchIsShownByItsFirstDescriptor() {
        for (int i = 0; i < 4; i++) {
            mock.add(NOTHING, new int[] {8}, false);
        }
        mock.publish();
        for (int i = 0; i < 4; i++) {
            serve(1 + i);
        }
        assertEquals(-1, mock.pollUsed());
        assertEquals(0x80 | WRITE, driver.peek16(mock.tableAddress() + 14), "still as the driver wrote it");
        assertTrue(queue.publish());
        for (int i = 0; i < 4; i++) {
            assertEquals(i, mock.pollUsed());
            assertEquals(1 + i, mock.lastUsedLength());
        }
        assertFalse(queue.publish());
    }

    @Test
    void fullRingWrapsInTheMiddleOfAChain() {
        for (int i = 0; i < 20; i++) {
            int id = mock.add(new int[] {1, 2}, new int[] {3, 4}, false);
            assertTrue(id >= 0);
            mock.publish();
            assertEquals(id, serve(5));
            assertEquals(3, readable.bytes());
            assertEquals(7, writable.bytes());
            queue.publish();
            assertEquals(id, mock.pollUsed());
        }
    }

    @Test
    void memoryTheGuestDoesNotHave() {
        raw(d(MockGuest.FAR + MockGuest.FAR_SIZE - 4, 8, 0, 0));
        expect(QueueFault.UNMAPPED, readable, writable);
    }

    @Test
    void addressAtTheEndOfTheWorld() {
        raw(d(-4L, 8, 0, 0));
        expect(QueueFault.UNMAPPED, readable, writable);
    }

    @Test
    void nothingAtAnUnmappedAddress() {
        raw(d(-4L, 0, 0, 0));
        expect(QueueFault.UNMAPPED, readable, writable);
    }

    @Test
    void hugeDescriptor() {
        raw(d(0, -1, 0, 0));
        expect(QueueFault.DESCRIPTOR_TOO_LONG, readable, writable);
    }

    @Test
    void readableBehindWritable() {
        raw(d(4096, 8, NEXT | WRITE, 0), d(4096, 8, 0, 0));
        expect(QueueFault.DIRECTION, readable, writable);
    }

    @Test
    void writableWhereOnlyReadableBelongs() {
        raw(d(4096, 8, WRITE, 0));
        expect(QueueFault.DIRECTION, readable, null);
    }

    @Test
    void readableWhereOnlyWritableBelongs() {
        raw(d(4096, 8, 0, 0));
        expect(QueueFault.DIRECTION, null, writable);
    }

    /** 2.8.6: all of a chain's descriptors carry the bits. */
    @Test
    void chainThatGoesOnWhereNothingIsAvailable() {
        raw(d(4096, 8, NEXT, 0));
        expect(QueueFault.NOT_AVAILABLE, readable, writable);
    }

    @Test
    void chainThatGoesOnInAUsedDescriptor() {
        for (int i = 0; i < SIZE; i++) {
            mock.add(new int[] {8}, NOTHING, false);
            mock.publish();
            serve(0);
            queue.publish();
            mock.pollUsed();
        }
        raw(d(4096, 8, NEXT, 0));
        expect(QueueFault.NOT_AVAILABLE, readable, writable);
    }

    @Test
    void headTakenBack() {
        raw(d(4096, 8, 0, 0));
        assertEquals(1, queue.available());
        driver.rawDescriptor(mock.tableAddress(), 0, 4096, 8, 0, 0);
        assertEquals(-1, queue.walk(0, readable, writable));
        broken(QueueFault.NOT_AVAILABLE);
    }

    @Test
    void chainThatGrewWhileItWasAvailable() {
        raw(d(4096, 8, 0, 0), d(4096, 8, 0, 1));
        assertEquals(1, queue.available());
        assertTrue(queue.walk(0, readable, writable) >= 0);
        assertEquals(2, queue.available());
        driver.rawDescriptor(mock.tableAddress(), 0, 4096, 8, 0x80 | NEXT, 0);
        assertEquals(-1, queue.walk(0, readable, writable));
        broken(QueueFault.CHANGED);
    }

    /** A ring's worth of NEXT flags: the list would bite its own tail. */
    @Test
    void loop() {
        raw(d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0),
                d(4096, 8, NEXT, 0));
        expect(QueueFault.CHAIN_TOO_LONG, readable, writable);
        assertEquals(SIZE, readable.count());
    }

    /** A descriptor that was not given back cannot be available again, whatever its flags say. */
    @Test
    void nothingIsReadBeyondOneRing() {
        for (int i = 0; i < SIZE; i++) {
            mock.add(new int[] {8}, NOTHING, false);
        }
        mock.publish();
        for (int i = 0; i < SIZE; i++) {
            assertEquals(i + 1, queue.available());
            assertTrue(queue.walk(i, readable, writable) >= 0);
        }
        for (int i = 0; i < SIZE; i++) {
            driver.rawDescriptor(mock.tableAddress(), i, 4096, 8, 0x8000, 0);
        }
        assertEquals(SIZE, queue.available());
        assertTrue(queue.fills(SIZE));
        assertFalse(queue.fills(SIZE - 1));
        queue.take(SIZE);
        assertEquals(0, queue.available(), "taken, but not completed");
        assertFalse(queue.news());
    }

    /** The same for a chain that begins inside the ring and would reach over its own start. */
    @Test
    void chainDoesNotReachIntoThoseNotGivenBack() {
        mock.add(new int[] {8}, NOTHING, false);
        mock.publish();
        assertEquals(1, queue.available());
        assertTrue(queue.walk(0, readable, writable) >= 0);
        queue.take(1);
        raw(d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0), d(4096, 8, NEXT, 0),
                d(4096, 8, 0, 0));
        expect(QueueFault.CHAIN_TOO_LONG, readable, writable);
    }

    @Test
    void listWithoutRoom() {
        raw(d(4096, 8, NEXT, 0), d(4096, 8, 0, 0));
        expect(QueueFault.CHAIN_TOO_LONG, new ScatterList(1), writable);
    }

    @Test
    void indirectTables() {
        long table = mock.slotAddress(1);
        long[][] bad = {{table, 0}, {table, 17}, {table, -16}, {table, 16L * (VirtQueue.MAX_SIZE + 1)},
            {MockGuest.FAR - 16, 32}};
        for (long[] at : bad) {
            attach();
            raw(d(at[0], at[1], INDIRECT, 0));
            expect(QueueFault.INDIRECT_TABLE, readable, writable);
        }
    }

    /** 2.8.19: a list has no more descriptors than the queue. */
    @Test
    void indirectTableLongerThanTheQueue() {
        raw(d(mock.slotAddress(1), 16 * (SIZE + 1), INDIRECT, 0));
        expect(QueueFault.CHAIN_TOO_LONG, readable, writable);
    }

    @Test
    void indirectThatGoesOn() {
        raw(d(mock.slotAddress(1), 16, INDIRECT | NEXT, 0), d(4096, 8, 0, 0));
        expect(QueueFault.INDIRECT_WITH_NEXT, readable, writable);
    }

    /** 2.8.5: a list has descriptors of one kind only, unlike a split queue's (2.7.5.3.2). */
    @Test
    void indirectBehindDirect() {
        raw(d(4096, 8, NEXT, 0), d(mock.slotAddress(1), 16, INDIRECT, 0));
        expect(QueueFault.INDIRECT_WITH_NEXT, readable, writable);
    }

    /** 2.8.7: of a table's descriptors WRITE is the only flag that counts; the table's own WRITE does not. */
    @Test
    void flagsInATableAreIgnoredButWrite() {
        long table = mock.slotAddress(1);
        driver.rawDescriptor(table, 0, 4096, 10, 0xffff & ~WRITE, 55);
        driver.rawDescriptor(table, 1, 4096, 20, 0xffff, 56);
        driver.rawDescriptor(table, 2, 4096, 30, WRITE, 57);
        raw(d(table, 48, INDIRECT | WRITE, 4));
        assertEquals(4, serve(0));
        assertEquals(10, readable.bytes());
        assertEquals(50, writable.bytes());
    }

    /** As DPDK's virtio-user sends frames of several pieces. */
    @Test
    void aTableOfWhatIsSentMaySayWrite() {
        long table = mock.slotAddress(1);
        driver.rawDescriptor(table, 0, 4096, 12, WRITE, 0);
        driver.rawDescriptor(table, 1, 4096, 20, 0, 0);
        raw(d(table, 32, INDIRECT, 4));
        assertEquals(1, queue.available());
        readable.clear();
        int chain = queue.walk(0, readable, null);
        assertEquals(QueueFault.NONE, queue.fault());
        assertTrue(chain >= 0);
        assertEquals(32, readable.bytes());
    }

    @Test
    void directionInsideATable() {
        long table = mock.slotAddress(1);
        driver.rawDescriptor(table, 0, 4096, 10, WRITE, 0);
        driver.rawDescriptor(table, 1, 4096, 20, 0, 0);
        raw(d(table, 32, INDIRECT, 4));
        expect(QueueFault.DIRECTION, readable, writable);
    }

    @Test
    void indirectWithoutTheFeature() {
        attach(0, PackedDriver.FIRST_BASE);
        mock.add(new int[] {10, 10}, NOTHING, true);
        mock.publish();
        expect(QueueFault.INDIRECT_NOT_NEGOTIATED, readable, writable);
    }

    @Test
    void bufferAcrossTwoTouchingRegionsIsServed() {
        raw(d(MockGuest.LOW_SIZE - 10, 30, 0, 9));
        assertEquals(9, serve(0));
        assertEquals(2, readable.count());
        assertEquals(30, readable.bytes());
    }

    /** Our own mistakes are noticed too. */
    @Test
    void chainsAreListedInOrder() {
        mock.add(new int[] {8}, NOTHING, false);
        mock.add(new int[] {8}, NOTHING, false);
        mock.publish();
        assertEquals(1, queue.available());
        assertEquals(-1, queue.walk(1, readable, writable));
        broken(QueueFault.INTERNAL);
        attach();
        queue.take(1);
        broken(QueueFault.INTERNAL);
    }

    @Test
    void badConfigurations() {
        QueueConfig good = mock.config();
        for (int size : new int[] {0, -1, VirtQueue.MAX_SIZE + 1, Integer.MIN_VALUE}) {
            assertEquals(QueueFault.BAD_SIZE, queue.attach(guest.memory(), new QueueConfig(size, good.descriptorUser(),
                    good.availUser(), good.usedUser(), good.nextAvail(), good.features())));
        }
        long[][] addresses = {{8, 0, 0}, {0, 2, 0}, {0, 0, 2}, {1L << 60, 0, 0}, {0, 1L << 60, 0}, {0, 0, 1L << 60}};
        for (long[] add : addresses) {
            assertEquals(QueueFault.BAD_RING_ADDRESS, queue.attach(guest.memory(), new QueueConfig(SIZE,
                    good.descriptorUser() + add[0], good.availUser() + add[1], good.usedUser() + add[2],
                    good.nextAvail(), good.features())));
            assertEquals(0, queue.available());
        }
        assertEquals(QueueFault.WRONG_FORMAT, queue.attach(guest.memory(), new QueueConfig(8, good.descriptorUser(),
                good.availUser(), good.usedUser(), 0, Features.VERSION_1)));
        assertEquals(QueueFault.WRONG_FORMAT, new SplitQueue().attach(guest.memory(), good));
        assertEquals(QueueFault.BAD_RING_ADDRESS, queue.attach(GuestMemory.EMPTY, good));
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), good), "a good one heals it");
    }

    private QueueFault attachAt(int base) {
        QueueConfig good = mock.config();
        return queue.attach(guest.memory(), new QueueConfig(SIZE, good.descriptorUser(), good.availUser(),
                good.usedUser(), base, good.features()));
    }

    /** vhost-user's 32 bits of a packed queue's position. */
    @Test
    void basesOfTheFrontEnd() {
        assertEquals(QueueFault.NONE, attachAt(0x8005_8005));
        assertEquals(0x8005_8005, queue.nextAvail());
        assertEquals(QueueFault.NONE, attachAt(0x8000), "DPDK's virtio-user sends no used half");
        assertEquals(0x8000_8000, queue.nextAvail());
        assertEquals(QueueFault.NONE, attachAt(0x8003));
        assertEquals(0x8003_8003, queue.nextAvail());
        assertEquals(QueueFault.NONE, attachAt(0), "both at the start of an even lap");
        assertEquals(0, queue.nextAvail());
        assertEquals(QueueFault.NONE, attachAt(0x8001_0001), "a whole ring in flight");
        assertEquals(0x8001_0001, queue.nextAvail());
        assertEquals(QueueFault.BAD_BASE, attachAt(0x8000_8006), "no such place");
        assertEquals(QueueFault.BAD_BASE, attachAt(0x8006_8000), "no such place");
        assertEquals(QueueFault.BAD_BASE, attachAt(0x8001_0002), "more than a ring in flight");
        assertEquals(QueueFault.BAD_BASE, attachAt(0x8002_8001), "used before available");
        assertEquals(0x8002_8001, queue.detach(), "refused: a successor begins where we were to");
    }

    @Test
    void detachedQueueAnswersItsPositionAndItsSuccessorGoesOnThere() {
        for (int lap = 0; lap < 4 * SIZE; lap++) {
            mock.add(new int[] {4}, new int[] {5}, false);
            mock.add(new int[] {4}, NOTHING, false);
            mock.publish();
            int first = serve(3);
            queue.publish();
            int place = queue.detach();
            assertEquals(QueueFault.NOT_ATTACHED, queue.fault());
            assertEquals(0, queue.available());
            assertEquals(GuestMemory.EMPTY, queue.memory());
            assertEquals(place, queue.nextAvail());
            assertEquals(place & 0xffff, place >>> 16, "nothing is in flight");
            queue = new PackedQueue();
            assertEquals(QueueFault.NONE, attachAt(place));
            int second = serve(0);
            queue.publish();
            assertEquals(first, mock.pollUsed());
            assertEquals(3, mock.lastUsedLength());
            assertEquals(second, mock.pollUsed());
        }
    }

    /** 2.8.8: chains with nothing to write share a used descriptor; any other has its own. */
    @Test
    void inOrderOneUsedDescriptorStandsForABatch() {
        attach(Features.IN_ORDER, PackedDriver.FIRST_BASE);
        int[][][] chains = {{{4}, {}}, {{4, 4}, {}}, {{4}, {}}, {{}, {7}}, {{5}, {}}};
        for (int[][] chain : chains) {
            mock.add(chain[0], chain[1], false);
        }
        mock.publish();
        int[] ids = {serve(0), serve(0), serve(0), serve(2), serve(0)};
        queue.publish();
        long[] after = ring();
        for (int place = 0; place < SIZE; place++) {
            boolean skipped = place >= 1 && place <= 3;
            assertEquals(skipped ? 0x80 : 0x8080, after[2 * place + 1] >>> 48 & 0x8080, "place " + place);
        }
        assertEquals((long) ids[2] << 32 | 0x8080L << 48, after[1], "the last of three");
        for (int id : ids) {
            assertEquals(id, mock.pollUsed());
            assertEquals(id == ids[3] ? 2 : 0, mock.lastUsedLength());
        }
        assertEquals(-1, mock.pollUsed());
    }

    /** Chains of one descriptor are listed together, up to one that is anything else. */
    @Test
    void singleDescriptorsAreListedAtOnce() {
        Burst burst = new Burst();
        assertEquals(0, queue.list(burst, true, Burst.MAX));
        raw(d(4096, 8, WRITE, 9), d(8192, 16, WRITE, 7), d(4096, 8, WRITE | NEXT, 1), d(4096, 8, WRITE, 5));
        assertEquals(0, queue.list(burst, false, Burst.MAX));
        assertEquals(1, queue.list(burst, true, 1));
        assertEquals(2, queue.list(burst, true, Burst.MAX));
        assertEquals(guest.memory().host(8192, 16), burst.address(1));
        assertEquals(16, burst.length(1));
        assertEquals(3, queue.available(), "those listed, and the one behind them");
        burst.written(0, 3);
        burst.written(1, 4);
        queue.complete(burst, 2);
        assertTrue(queue.publish());
        assertEquals(9L << 32 | (0x8080L | WRITE) << 48 | 3, driver.peek64(mock.tableAddress() + 8));
        assertEquals(7L << 32 | (0x8080L | WRITE) << 48 | 4, driver.peek64(mock.tableAddress() + 24));
        assertEquals(0, queue.list(burst, true, Burst.MAX));
        assertEquals(5, serve(0));
        assertEquals(16, writable.bytes());
    }

    @Test
    void aListEndsWhereWalkWouldFindAFault() {
        long[][] bad = {d(4096, 0, 0, 0), d(4096, -1, 0, 0), d(-8, 8, 0, 0), d(4096, 8, INDIRECT, 0), d(4096, 8, 8, 0)};
        for (long[] one : bad) {
            attach();
            raw(d(4096, 8, 0, 0), one);
            assertEquals(1, queue.list(new Burst(), false, Burst.MAX));
            assertTrue(queue.working());
        }
    }

    @Test
    void aListEndsAtAChainThatChangedItsLength() {
        raw(d(4096, 8, NEXT, 0), d(4096, 8, 0, 0), d(4096, 8, 0, 1));
        assertEquals(1, queue.available());
        assertTrue(queue.walk(0, readable, writable) >= 0);
        driver.rawDescriptor(mock.tableAddress(), 0, 4096, 8, 0x80, 0);
        assertEquals(0, queue.list(new Burst(), false, Burst.MAX));
        assertEquals(-1, queue.walk(0, readable, writable));
        broken(QueueFault.CHANGED);
    }
}
