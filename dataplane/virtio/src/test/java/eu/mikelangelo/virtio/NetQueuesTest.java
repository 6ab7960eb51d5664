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
        MockNic nic = new MockNic(256, buffer, MERGE);
        NetReceive rx = receiver(nic);
        for (int i = 0; i < 300; i++) {
            nic.refill(256);
            byte[] sent = frame(1 + random.nextInt(Math.min(NetTransmit.MAX_FRAME, 256 * buffer - 12)));
            assertEquals(NetReceive.DELIVERED, rx.deliver(frame, 0, sent.length));
            rx.queue().publish();
            assertArrayEquals(sent, nic.poll());
            assertNull(nic.poll());
        }
        nic.guest().checkCanaries();
    }

    @Test
    void aFrameThatDoesNotFitNowTakesNothing() {
        MockNic nic = new MockNic(8, 100, MERGE);
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

    @Test
    void aBufferWithoutRoomForTheHeaderBreaksTheQueue() {
        MockNic nic = new MockNic(8, 11, MERGE);
        NetReceive rx = receiver(nic);
        nic.refill(8);
        frame(60);
        assertEquals(NetReceive.CLOSED, rx.deliver(frame, 0, 60));
        assertEquals(QueueFault.BUFFER_TOO_SMALL, rx.queue().fault());
    }

    @Test
    void readableBuffersInAReceiveQueueBreakIt() {
        MockNic nic = new MockNic(8, 100, MERGE);
        NetReceive rx = receiver(nic);
        nic.receiver().add(new int[] {100}, new int[0], false);
        nic.receiver().publish();
        frame(60);
        assertEquals(NetReceive.CLOSED, rx.deliver(frame, 0, 60));
        assertEquals(QueueFault.DIRECTION, rx.queue().fault());
    }

    @Test
    void transmitLengthsAreChecked() {
        MockGuest guest = new MockGuest(4 << 20);
        MockDriver driver = new MockDriver(guest, 8, 66_000, Features.VERSION_1);
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

    /**
     * Driver and device on two threads, each sleeping on a semaphore when it has nothing to do: a lost notification
     * would hang, a missing barrier would show torn frames. With EVENT_IDX and without.
     */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.EVENT_IDX})
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
            SplitQueue.fence();
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
        SplitQueue.fence();
        return tx.queue().shouldCall();
    }
}
