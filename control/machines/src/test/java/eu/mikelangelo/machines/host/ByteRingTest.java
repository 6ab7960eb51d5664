package eu.mikelangelo.machines.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.nio.ByteBuffer;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ByteRingTest {
    @Test
    void holdsTheEndOfAnyStream() {
        Random random = new Random(7);
        ByteRing ring = new ByteRing(37);
        byte[] all = new byte[10_000];
        random.nextBytes(all);
        for (int at = 0; at < all.length;) {
            int n = Math.min(random.nextInt(90), all.length - at);
            ring.put(ByteBuffer.wrap(all, at, n));
            at += n;
            assertEquals(at, ring.end());
            assertEquals(Math.max(0, at - 37), ring.oldest());
            byte[] got = new byte[40];
            for (long position = ring.oldest(); position < at;) {
                int taken = ring.get(position, got, 1, 1 + random.nextInt(39));
                for (int i = 0; i < taken; i++) {
                    assertEquals(all[(int) position + i], got[1 + i]);
                }
                position += taken;
            }
            assertEquals(0, ring.get(at, got, 0, 40));
            long gone = ring.oldest() - 1;
            assertThrows(IndexOutOfBoundsException.class, () -> ring.get(gone, got, 0, 1));
            assertThrows(IndexOutOfBoundsException.class, () -> ring.get(ring.end() + 1, got, 0, 1));
        }
    }
}
