package eu.mikelangelo.shard.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SpscRingTest {
    private static List<Integer> drained(SpscRing<Integer> ring, int most) {
        List<Integer> got = new ArrayList<>();
        assertEquals(ring.drain(most, (element, a, b, c) -> got.add(element)), got.size());
        return got;
    }

    @Test
    void whatIsPutIsSeenAtOnceWithItsParts() {
        SpscRing<Integer> ring = new SpscRing<>(4);
        assertFalse(ring.hasNews());
        assertEquals(0, ring.drain(9, (element, a, b, c) -> { }));
        assertTrue(ring.put(1, "a", null, "c"));
        assertTrue(ring.hasNews());
        assertEquals(1, ring.drain(9, (element, a, b, c) -> {
            assertEquals(1, element);
            assertEquals("a", a);
            assertNull(b);
            assertEquals("c", c);
        }));
        assertFalse(ring.hasNews());
    }

    @Test
    void aFullRingRefusesUntilAnEntryIsTaken() {
        for (int capacity : new int[] {1, 2, 4, 8, 64}) {
            SpscRing<Integer> ring = new SpscRing<>(capacity);
            for (int i = 0; i < 3 * capacity; i++) {
                assertEquals(i < capacity, ring.put(i, null, null, null));
            }
            assertEquals(List.of(0), drained(ring, 1));
            assertTrue(ring.put(capacity, null, null, null));
            assertFalse(ring.put(-1, null, null, null));
            assertEquals(capacity, drained(ring, 9 * capacity).getLast());
        }
        assertThrows(IllegalArgumentException.class, () -> new SpscRing<>(3));
    }

    @Test
    void itIsAQueueThatHoldsSoMany() {
        SplittableRandom random = new SplittableRandom(7);
        SpscRing<Integer> ring = new SpscRing<>(16);
        ArrayDeque<Integer> model = new ArrayDeque<>();
        for (int i = 0; i < 100_000; i++) {
            if (random.nextInt(100) < (i / 64 % 2 == 0 ? 60 : 40)) {
                boolean room = model.size() < 16;
                assertEquals(room, ring.put(i, null, null, null));
                if (room) {
                    model.add(i);
                }
            } else {
                for (int got : drained(ring, random.nextInt(4))) {
                    assertEquals(model.poll(), got);
                }
            }
            assertEquals(!model.isEmpty(), ring.hasNews());
        }
    }

    @Test
    void whatATakerThrowsLosesItsOwnEntryAlone() {
        SpscRing<Integer> ring = new SpscRing<>(4);
        ring.put(1, null, null, null);
        ring.put(2, null, null, null);
        assertThrows(IllegalStateException.class, () -> ring.drain(9, (element, a, b, c) -> {
            throw new IllegalStateException();
        }));
        assertEquals(List.of(2), drained(ring, 9));
    }

    @Test
    void twoThreadsLoseAndReorderNothing() throws InterruptedException {
        SpscRing<long[]> ring = new SpscRing<>(64);
        int count = 3_000_000;
        Thread producer = Thread.ofPlatform().start(() -> {
            for (long i = 0; i < count; i++) {
                while (!ring.put(new long[] {i, ~i}, i, null, null)) {
                    Thread.onSpinWait();
                }
            }
        });
        long[] next = {0};
        SplittableRandom random = new SplittableRandom(5);
        while (next[0] < count) {
            ring.drain(1 + random.nextInt(100), (element, a, b, c) -> {
                assertEquals(next[0], element[0]);
                assertEquals(~next[0], element[1]);
                assertEquals(next[0], (long) a);
                next[0]++;
            });
        }
        producer.join();
    }
}
