package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Random honest drivers: every byte arrives, in order, over all layouts and past the wrap of the indices. */
class SplitQueuePropertyTest {
    private final ScatterList readable = new ScatterList(2048);
    private final ScatterList writable = new ScatterList(2048);
    private final Region flat = new Region(Arena.ofAuto().allocate(1 << 20, 8));

    @ParameterizedTest
    @ValueSource(ints = {1, 2, 16, 256})
    void randomChainsCarryTheirBytes(int size) {
        Random random = new Random(size);
        MockGuest guest = new MockGuest(4 << 20);
        // The slots of the larger queues lie across the border of two regions.
        MockDriver driver = new MockDriver(guest, size, 8192, Features.VERSION_1 | Features.INDIRECT_DESC, 65_000);
        SplitQueue queue = new SplitQueue();
        assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
        ArrayDeque<byte[]> sent = new ArrayDeque<>();
        Map<Integer, byte[]> answers = new HashMap<>();
        int served = 0;
        for (int round = 0; served < 4000; round++) {
            while (random.nextInt(4) != 0 && offer(driver, random, size, sent)) {
                // Until the ring is full or chance says stop.
            }
            driver.publish();
            int available = queue.available();
            assertEquals(sent.size(), available);
            int now = available == 0 ? 0 : random.nextInt(available + 1);
            for (int i = 0; i < now; i++) {
                serve(queue, random, sent.remove(), answers);
                served++;
            }
            assertEquals(now > 0, queue.publish());
            int collected = 0;
            for (int head = driver.pollUsed(); head >= 0; head = driver.pollUsed()) {
                check(driver, answers.remove(head));
                collected++;
            }
            assertEquals(now, collected);
            assertTrue(round < 1_000_000);
        }
        assertEquals(QueueFault.NONE, queue.fault());
        guest.checkCanaries();
    }

    private boolean offer(MockDriver driver, Random random, int size, ArrayDeque<byte[]> sent) {
        boolean indirect = random.nextBoolean();
        int most = Math.min(size, 6);
        int[] in = lengths(random, random.nextInt(most) + (most == 1 ? random.nextInt(2) : 0), indirect);
        int[] out = lengths(random, most - in.length == 0 ? 0 : random.nextInt(most - in.length + 1), indirect);
        int head = driver.add(in, out, indirect);
        if (head < 0) {
            return false;
        }
        byte[] bytes = new byte[sum(in)];
        random.nextBytes(bytes);
        driver.fill(head, bytes);
        sent.add(bytes);
        return true;
    }

    private static int[] lengths(Random random, int count, boolean indirect) {
        int[] result = new int[count];
        for (int i = 0; i < count; i++) {
            result[i] = random.nextInt(indirect ? 1200 : 8192);
        }
        return result;
    }

    private void serve(SplitQueue queue, Random random, byte[] expected, Map<Integer, byte[]> answers) {
        readable.clear();
        writable.clear();
        int head = queue.walk(0, readable, writable);
        assertTrue(head >= 0, () -> queue.fault().text());
        assertEquals(expected.length, readable.bytes());
        readable.read(0, flat, 0, expected.length);
        byte[] got = new byte[expected.length];
        for (int i = 0; i < got.length; i++) {
            got[i] = (byte) flat.u8(i);
        }
        assertArrayEquals(expected, got);
        byte[] answer = new byte[writable.bytes() == 0 ? 0 : random.nextInt((int) writable.bytes() + 1)];
        random.nextBytes(answer);
        for (int i = 0; i < answer.length; i++) {
            flat.u8(i, answer[i]);
        }
        ScatterList source = new ScatterList(1);
        source.add(flat, 0, answer.length);
        ScatterList.copy(source, 0, writable, 0, answer.length);
        queue.complete(head, answer.length);
        queue.take(1);
        answers.put(head, answer);
    }

    private static void check(MockDriver driver, byte[] answer) {
        assertEquals(answer.length, driver.lastUsedLength());
        // The chain's writable bytes are its last ones; what the device wrote is found from their start on.
        byte[] all = driver.lastBytes(1 << 20);
        int from = driver.lastReadableBytes();
        byte[] got = Arrays.copyOfRange(all, from, from + answer.length);
        assertArrayEquals(answer, got);
    }

    private static int sum(int[] values) {
        int sum = 0;
        for (int value : values) {
            sum += value;
        }
        return sum;
    }

    /** Steps of driver and device in random order: nobody may sleep while the other has left something for it. */
    @ParameterizedTest
    @ValueSource(longs = {0, Features.EVENT_IDX})
    void nobodySleepsWhileThereIsWork(long feature) {
        for (int seed = 0; seed < 200; seed++) {
            new Suppression(seed, feature).run();
        }
    }

    @Test
    void suppressionSavesKicksAndCalls() {
        Suppression calm = new Suppression(1, Features.EVENT_IDX);
        calm.run();
        assertTrue(calm.kicks < calm.sent, calm.kicks + " kicks for " + calm.sent);
        assertTrue(calm.calls < calm.sent, calm.calls + " calls for " + calm.sent);
    }

    /** One driver and one device that notify each other as the specification says. */
    private static final class Suppression {
        final Random random;
        final MockDriver driver;
        final SplitQueue queue = new SplitQueue();
        final ScatterList pieces = new ScatterList(100);
        boolean driverSleeps;
        boolean deviceSleeps;
        boolean kicked;
        boolean called;
        int sent;
        int received;
        int kicks;
        int calls;

        Suppression(int seed, long feature) {
            random = new Random(seed);
            MockGuest guest = new MockGuest(2 << 20);
            driver = new MockDriver(guest, 16, 64, Features.VERSION_1 | feature, 65_530);
            queue.attach(guest.memory(), driver.config());
        }

        void run() {
            for (int step = 0; step < 2000; step++) {
                if (random.nextBoolean()) {
                    driverStep();
                } else {
                    deviceStep();
                }
                boolean stuck = deviceSleeps && !kicked && driverSleeps && !called;
                assertTrue(!stuck || queue.available() == 0 && sent == received, "both sleep with work left");
                if (stuck) {
                    driverSleeps = false;
                }
            }
        }

        private void driverStep() {
            if (driverSleeps) {
                driverSleeps = !called;
                called = false;
                return;
            }
            driver.suppressCalls();
            while (driver.pollUsed() >= 0) {
                received++;
            }
            boolean full = false;
            for (int i = random.nextInt(20); i > 0 && !full; i--) {
                full = driver.add(new int[] {8}, new int[0], false) < 0;
                sent += full ? 0 : 1;
            }
            driver.publish();
            if (driver.needsKick()) {
                kicks++;
                kicked = true;
            }
            if (full || random.nextInt(4) == 0) {
                driverSleeps = !driver.armCalls();
            }
        }

        private void deviceStep() {
            if (deviceSleeps) {
                deviceSleeps = !kicked;
                kicked = false;
                return;
            }
            queue.suppressKicks();
            int now = Math.min(queue.available(), 1 + random.nextInt(8));
            for (int i = 0; i < now; i++) {
                pieces.clear();
                queue.complete(queue.walk(0, pieces, null), 0);
                queue.take(1);
            }
            if (queue.publish()) {
                SplitQueue.fence();
                if (queue.shouldCall()) {
                    calls++;
                    called = true;
                }
            }
            if (queue.available() == 0) {
                queue.armKicks();
                SplitQueue.fence();
                deviceSleeps = !queue.news();
            }
        }
    }
}
