package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.driver.DriverLayout;
import eu.mikelangelo.virtio.driver.PackedDriver;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import java.lang.foreign.Arena;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * Random honest drivers over both formats: every byte arrives, each buffer comes back exactly once (in order where that
 * is agreed), over all layouts and past the wrap of the indices.
 */
class QueuePropertyTest {
    private static final int SLOT = 512;
    private static final int CHAINS = 300;

    private final ScatterList readable = new ScatterList(2048);
    private final ScatterList writable = new ScatterList(2048);
    private final Region flat = new Region(Arena.ofAuto().allocate(1 << 16, 8));

    /** Sizes and features, of either format. */
    static Stream<Case> cases() {
        List<Case> cases = new ArrayList<>();
        for (int bits = 0; bits < 8; bits++) {
            long features = Features.VERSION_1 | Features.INDIRECT_DESC | ((bits & 1) != 0 ? Features.PACKED : 0)
                    | ((bits & 2) != 0 ? Features.EVENT_IDX : 0) | ((bits & 4) != 0 ? Features.IN_ORDER : 0);
            for (int size : (bits & 1) != 0 ? new int[] {1, 3, 16, 255} : new int[] {1, 2, 16, 256}) {
                cases.add(new Case(size, features));
            }
        }
        return cases.stream();
    }

    record Case(int size, long features) {
        boolean has(long feature) {
            return Features.has(features, feature);
        }

        @Override
        public String toString() {
            return (has(Features.PACKED) ? "packed " : "split ") + size + (has(Features.EVENT_IDX) ? " event" : "")
                    + (has(Features.IN_ORDER) ? " in order" : "");
        }
    }

    private record Held(int chain, byte[] answer) {
    }

    @ParameterizedTest
    @MethodSource("cases")
    void randomChainsCarryTheirBytes(Case what) {
        for (long seed = 1; seed <= 2; seed++) {
            try {
                new Run(what, seed).run();
            } catch (AssertionError e) {
                throw new AssertionError(what + ", seed " + seed, e);
            }
        }
    }

    private final class Run {
        private final Case what;
        private final Random random;
        private final MockGuest guest = new MockGuest(4 << 20);
        private final MockDriver driver;
        private final VirtQueue queue;
        private final ArrayDeque<byte[]> sent = new ArrayDeque<>();
        private final List<Held> held = new ArrayList<>();
        private final ArrayDeque<Integer> order = new ArrayDeque<>();
        private final Map<Integer, byte[]> answers = new HashMap<>();

        Run(Case what, long seed) {
            this.what = what;
            random = new Random(seed);
            // Slots of the larger queues lie on both sides of the border of two regions.
            long rings = DriverLayout.at(0, what.size, what.features, 16).end();
            guest.skipTo(MockGuest.LOW_SIZE - rings - (long) SLOT * what.size / 2 & -DriverLayout.ALIGN);
            int start = what.has(Features.PACKED) ? PackedDriver.FIRST_BASE : 65_000;
            driver = new MockDriver(guest, what.size, SLOT, what.features, start);
            queue = VirtQueue.of(what.features);
            assertEquals(QueueFault.NONE, queue.attach(guest.memory(), driver.config()));
        }

        void run() {
            int returned = 0;
            for (int round = 0; returned < CHAINS; round++) {
                while (random.nextInt(4) != 0 && offer()) {
                    // Until the ring is full or chance says stop.
                }
                driver.publish();
                int available = queue.available();
                assertEquals(!sent.isEmpty(), available > 0);
                if (!what.has(Features.PACKED)) {
                    assertEquals(sent.size(), available);
                }
                for (int i = sent.isEmpty() ? 0 : random.nextInt(sent.size() + 1); i > 0; i--) {
                    assertTrue(queue.available() > 0);
                    serve();
                }
                int completed = complete();
                assertEquals(completed > 0, queue.publish());
                for (int i = 0; i < completed; i++) {
                    collect();
                }
                returned += completed;
                assertEquals(-1, driver.pollUsed());
                assertTrue(round < 1_000_000);
            }
            assertEquals(QueueFault.NONE, queue.fault());
            guest.checkCanaries();
        }

        private boolean offer() {
            boolean indirect = random.nextBoolean();
            int most = Math.min(what.size, 6);
            int[] in = lengths(random.nextInt(most) + (most == 1 ? random.nextInt(2) : 0), indirect);
            int[] out = lengths(most - in.length == 0 ? 0 : random.nextInt(most - in.length + 1), indirect);
            int id = driver.add(in, out, indirect);
            if (id < 0) {
                return false;
            }
            byte[] bytes = new byte[sum(in)];
            random.nextBytes(bytes);
            driver.fill(id, bytes);
            sent.add(bytes);
            order.add(id);
            return true;
        }

        private int[] lengths(int count, boolean indirect) {
            int[] result = new int[count];
            for (int i = 0; i < count; i++) {
                result[i] = random.nextInt(indirect ? SLOT / 6 : SLOT);
            }
            return result;
        }

        private void serve() {
            byte[] expected = sent.remove();
            readable.clear();
            writable.clear();
            int chain = queue.walk(0, readable, writable);
            assertTrue(chain >= 0, () -> queue.fault().text());
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
            queue.take(1);
            held.add(new Held(chain, answer));
        }

        /** Completes some of what was taken, in any order where none is agreed. */
        private int complete() {
            int count = random.nextInt(held.size() + 1);
            for (int i = 0; i < count; i++) {
                Held next = held.remove(what.has(Features.IN_ORDER) ? 0 : random.nextInt(held.size()));
                queue.complete(next.chain, next.answer.length);
                answers.put(next.chain & 0xffff, next.answer);
            }
            return count;
        }

        private void collect() {
            int id = driver.pollUsed();
            byte[] answer = answers.remove(id);
            assertTrue(answer != null, "buffer " + id + " came back unasked");
            if (what.has(Features.IN_ORDER)) {
                assertEquals(order.remove(), id);
            }
            assertEquals(answer.length, driver.lastUsedLength());
            // The chain's writable bytes are its last ones; what the device wrote is found from their start on.
            byte[] all = driver.lastBytes(1 << 20);
            int from = driver.lastReadableBytes();
            assertArrayEquals(answer, Arrays.copyOfRange(all, from, from + answer.length));
        }
    }

    private static int sum(int[] values) {
        int sum = 0;
        for (int value : values) {
            sum += value;
        }
        return sum;
    }
}
