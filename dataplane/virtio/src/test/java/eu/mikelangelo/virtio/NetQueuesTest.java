package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import eu.mikelangelo.virtio.mock.MockNic;
import java.lang.foreign.Arena;
import java.util.Random;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Frames over virtqueues: headers, merging, and two threads that sleep and wake each other. */
class NetQueuesTest {
    private static final long MERGE = Features.VERSION_1 | Features.NET_MRG_RXBUF;
    private static final long[] FORMATS = {MERGE, MERGE | Features.PACKED, MERGE | Features.PACKED | Features.IN_ORDER};

    private final Random random = new Random(23);
    private final Region flat = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME, 8));
    private final ScatterList frame = new ScatterList(1);

    private byte[] frame(int length) {
        byte[] bytes = new byte[length];
        random.nextBytes(bytes);
        for (int i = 0; i < length; i++) {
            flat.u8(i, bytes[i]);
        }
        frame.clear();
        frame.add(flat, 0, length);
        return bytes;
    }

    private static NetReceive receiver(MockNic nic) {
        NetReceive rx = new NetReceive(new SplitQueue());
        assertEquals(QueueFault.NONE, rx.attach(nic.guest().memory(), nic.receiver().config()));
        return rx;
    }

    @ParameterizedTest
    @ValueSource(ints = {12, 13, 20, 100, 1526, 4096})
    void framesOfAnyLengthOverBuffersOfAnyLength(int buffer) {
        for (long features : FORMATS) {
            MockNic nic = new MockNic(256, buffer, features);
            NetReceive rx = receiver(nic);
            for (int i = 0; i < 150; i++) {
                nic.refill(256);
                byte[] sent = frame(1 + random.nextInt(Math.min(NetTransmit.MAX_FRAME, 256 * buffer - 12)));
                assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, sent.length));
                rx.queue().publish();
                assertArrayEquals(sent, nic.poll());
                assertNull(nic.poll());
            }
            nic.guest().checkCanaries();
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void aFrameThatDoesNotFitNowTakesNothing(long format) {
        MockNic nic = new MockNic(8, 100, MERGE | format);
        NetReceive rx = receiver(nic);
        nic.refill(3);
        byte[] sent = frame(289);
        assertEquals(NetReceive.NO_BUFFERS, rx.deliver(frame, 0, 289));
        rx.queue().publish();
        assertNull(nic.poll());
        nic.refill(1);
        assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, 289));
        rx.queue().publish();
        assertArrayEquals(sent, nic.poll());
        nic.refill(8);
        frame(789);
        assertEquals(NetReceive.TOO_LONG, rx.deliver(frame, 0, 789), "the whole ring is too small");
        frame(788);
        assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, 788));
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void aTurnEndsAfterItsDescriptors(long format) {
        MockNic nic = new MockNic(64, 100, MERGE | format);
        NetReceive rx = receiver(nic);
        NetTransmit tx = new NetTransmit(new SplitQueue());
        assertEquals(QueueFault.NONE, tx.attach(nic.guest().memory(), nic.transmitter().config()));
        nic.refill(64);
        for (int i = 0; i < 20; i++) {
            assertTrue(nic.send(frame(60), 30, false));
        }
        for (int turn = 0; turn < 3; turn++) {
            tx.turn(5);
            rx.turn(5);
            for (int i = 0; i < 3; i++) {
                assertEquals(NetTransmit.FRAME, tx.peek(), "of two descriptors each");
                tx.done();
                // More than fits a buffer, so two are looked at.
                frame(150);
                assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, 150));
            }
            assertEquals(NetTransmit.EMPTY, tx.peek());
            assertEquals(NetReceive.NO_BUFFERS, rx.deliver(frame, 0, 60));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void aBufferWithoutRoomForTheHeaderBreaksTheQueue(long format) {
        MockNic nic = new MockNic(8, 11, MERGE | format);
        NetReceive rx = receiver(nic);
        nic.refill(8);
        frame(60);
        assertEquals(NetReceive.CLOSED, rx.deliver(frame, 0, 60));
        assertEquals(QueueFault.BUFFER_TOO_SMALL, rx.queue().fault());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void readableBuffersInAReceiveQueueBreakIt(long format) {
        MockNic nic = new MockNic(8, 100, MERGE | format);
        NetReceive rx = receiver(nic);
        nic.receiver().add(new int[] {100}, new int[0], false);
        nic.receiver().publish();
        frame(60);
        assertEquals(NetReceive.CLOSED, rx.deliver(frame, 0, 60));
        assertEquals(QueueFault.DIRECTION, rx.queue().fault());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, Features.PACKED})
    void transmitLengthsAreChecked(long format) {
        MockGuest guest = new MockGuest(4 << 20);
        MockDriver driver = new MockDriver(guest, 8, 66_000, Features.VERSION_1 | format);
        NetTransmit tx = new NetTransmit(new SplitQueue());
        tx.attach(guest.memory(), driver.config());
        int[] lengths = {1, 12, 25, 26, 12 + NetTransmit.MAX_FRAME, 12 + NetTransmit.MAX_FRAME + 1};
        int[] expected = {NetTransmit.MALFORMED, NetTransmit.MALFORMED, NetTransmit.MALFORMED, NetTransmit.FRAME,
            NetTransmit.FRAME, NetTransmit.MALFORMED};
        for (int i = 0; i < lengths.length; i++) {
            driver.add(new int[] {lengths[i]}, new int[0], false);
            driver.publish();
            assertEquals(expected[i], tx.peek(), "length " + lengths[i]);
            assertEquals(expected[i], tx.peek(), "peeking takes nothing");
            tx.done();
            tx.queue().publish();
            assertTrue(driver.pollUsed() >= 0);
            assertEquals(NetTransmit.EMPTY, tx.peek());
        }
    }

    /** A machine may come back with a driver that accepts other features. */
    @Test
    void aDriverOfTheOtherFormatIsServedAfterReattaching() {
        NetReceive rx = new NetReceive(new SplitQueue());
        NetTransmit tx = new NetTransmit(new SplitQueue());
        for (long features : FORMATS) {
            MockNic nic = new MockNic(8, 100, features);
            assertEquals(QueueFault.NONE, rx.attach(nic.guest().memory(), nic.receiver().config()));
            assertEquals(QueueFault.NONE, tx.attach(nic.guest().memory(), nic.transmitter().config()));
            assertEquals(Features.has(features, Features.PACKED), rx.queue().packed());
            nic.refill(8);
            byte[] sent = frame(300);
            assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, 300));
            rx.queue().publish();
            assertArrayEquals(sent, nic.poll());
            assertTrue(nic.send(sent, 20, false));
            assertEquals(NetTransmit.FRAME, tx.peek());
            assertEquals(300, tx.length());
            rx.detach();
            tx.detach();
        }
    }

    /** Chains of several descriptors fill a packed ring with few chains. */
    @Test
    void aFrameTooLongForAPackedRingOfChainsIsKnownToBe() {
        MockNic nic = new MockNic(8, 100, MERGE | Features.PACKED);
        NetReceive rx = receiver(nic);
        for (int i = 0; i < 4; i++) {
            nic.receiver().add(new int[0], new int[] {50, 50}, false);
        }
        nic.receiver().publish();
        frame(389);
        assertEquals(NetReceive.TOO_LONG, rx.deliver(frame, 0, 389));
        frame(388);
        assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, 388));
    }

    /**
     * Driver and device on two threads, each sleeping on a semaphore when it has nothing to do: a lost notification
     * would hang, a missing barrier would show torn frames. With EVENT_IDX and without.
     */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.EVENT_IDX, Features.PACKED, Features.PACKED | Features.EVENT_IDX,
        Features.PACKED | Features.EVENT_IDX | Features.IN_ORDER})
    @Timeout(value = 60, unit = TimeUnit.SECONDS)
    void twoThreadsWakeEachOther(long feature) throws InterruptedException {
        int frames = 60_000;
        MockGuest guest = new MockGuest(2 << 20);
        MockDriver driver = new MockDriver(guest, 32, 64, Features.VERSION_1 | feature);
        NetTransmit tx = new NetTransmit(new SplitQueue());
        tx.attach(guest.memory(), driver.config());
        Semaphore kick = new Semaphore(0);
        Semaphore call = new Semaphore(0);
        AtomicInteger wrong = new AtomicInteger();
        Thread device = Thread.ofPlatform().start(() -> serve(tx, frames, kick, call, wrong));
        byte[] bytes = new byte[12 + 16];
        for (int sent = 0; sent < frames;) {
            while (driver.pollUsed() >= 0) {
                // Reclaim.
            }
            int head = driver.add(new int[] {bytes.length}, new int[0], false);
            if (head < 0) {
                if (!driver.armCalls()) {
                    assertTrue(call.tryAcquire(20, TimeUnit.SECONDS), "a lost call after " + sent);
                }
                continue;
            }
            for (int i = 0; i < 4; i++) {
                bytes[12 + 3 * i] = (byte) (sent >>> 8 * i);
            }
            driver.fill(head, bytes);
            driver.publish();
            sent++;
            if (driver.needsKick()) {
                kick.release();
            }
        }
        device.join();
        assertEquals(0, wrong.get());
    }

    private static void serve(NetTransmit tx, int frames, Semaphore kick, Semaphore call, AtomicInteger wrong) {
        Region copy = new Region(Arena.ofAuto().allocate(16, 8));
        int got = 0;
        while (got < frames) {
            while (tx.peek() == NetTransmit.FRAME) {
                tx.pieces().read(tx.start(), copy, 0, 16);
                int number = copy.u8(0) | copy.u8(3) << 8 | copy.u8(6) << 16 | copy.u8(9) << 24;
                if (number != got++) {
                    wrong.incrementAndGet();
                }
                tx.done();
                if (got % 8 == 0 && tell(tx)) {
                    call.release();
                }
            }
            if (tell(tx)) {
                call.release();
            }
            tx.queue().armKicks();
            VirtQueue.fence();
            try {
                if (got < frames && !tx.queue().news() && !kick.tryAcquire(20, TimeUnit.SECONDS)) {
                    wrong.addAndGet(1_000_000);
                    return;
                }
            } catch (InterruptedException e) {
                return;
            }
            tx.queue().suppressKicks();
        }
    }

    private static boolean tell(NetTransmit tx) {
        if (!tx.queue().publish()) {
            return false;
        }
        VirtQueue.fence();
        return tx.queue().shouldCall();
    }
}
