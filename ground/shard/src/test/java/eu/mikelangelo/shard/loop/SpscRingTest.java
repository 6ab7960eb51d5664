package eu.mikelangelo.shard.loop;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;

class SpscRingTest {
    @Test
    void whatIsPutIsSeenWhenItIsPublished() {
        SpscRing<Integer> ring = new SpscRing<>(4);
        assertTrue(ring.put(1));
        assertTrue(ring.put(2));
        assertEquals(0, ring.available());
        assertFalse(ring.hasNews());
        assertEquals(2, ring.publish());
        assertEquals(0, ring.publish());
        assertTrue(ring.hasNews());
        assertEquals(2, ring.available());
        assertEquals(1, ring.take());
        assertEquals(2, ring.take());
        ring.release();
        assertFalse(ring.hasNews());
    }

    @Test
    void aFullRingRefusesUntilSlotsAreReleased() {
        SpscRing<Integer> ring = new SpscRing<>(2);
        assertTrue(ring.put(1));
        assertTrue(ring.put(2));
        assertFalse(ring.put(3));
        ring.publish();
        ring.available();
        ring.take();
        assertFalse(ring.put(3), "taken, but not released");
        ring.release();
        assertTrue(ring.put(3));
        assertThrows(IllegalArgumentException.class, () -> new SpscRing<>(3));
    }

    @Test
    void twoThreadsLoseAndReorderNothing() throws InterruptedException {
        SpscRing<long[]> ring = new SpscRing<>(64);
        int count = 3_000_000;
        Thread producer = Thread.ofPlatform().start(() -> {
            SplittableRandom random = new SplittableRandom(5);
            for (long i = 0; i < count; i++) {
                while (!ring.put(new long[] {i, ~i})) {
                    ring.publish();
                    Thread.onSpinWait();
                }
                if (random.nextInt(8) == 0) {
                    ring.publish();
                }
            }
            ring.publish();
        });
        long next = 0;
        while (next < count) {
            int some = ring.available();
            for (int i = 0; i < some; i++) {
                long[] got = ring.take();
                assertEquals(next, got[0]);
                assertEquals(~next, got[1]);
                next++;
            }
            if (some > 0) {
                ring.release();
            }
        }
        producer.join();
    }
}
