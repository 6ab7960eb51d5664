package eu.mikelangelo.ioplane.offload;

import static org.junit.jupiter.api.Assertions.assertEquals;

import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Against RFC 1071's own example and against bytes added up one by one. */
class ChecksumsTest {
    private final Region memory = new Region(Arena.ofAuto().allocate(70_000, 8));

    private int reference(int from, int length) {
        long sum = 0;
        for (int i = 0; i < length; i++) {
            sum += i % 2 == 0 ? memory.u8(from + i) << 8 : memory.u8(from + i);
        }
        while (sum > 0xffff) {
            sum = (sum & 0xffff) + (sum >>> 16);
        }
        return (int) ~sum & 0xffff;
    }

    private static int swapped(int value) {
        return Short.reverseBytes((short) value) & 0xffff;
    }

    /** RFC 1071, section 3: 00 01 f2 03 f4 f5 f6 f7 sum up to ddf2. */
    @Test
    void theExampleOfTheStandard() {
        memory.u64(0, 0xf7f6_f5f4_03f2_0100L);
        assertEquals(~0xddf2 & 0xffff, swapped(Checksums.fold(Checksums.sum(memory, 0, 8))));
    }

    @Test
    void anyBytesOfAnyLengthAnywhere() {
        Random random = new Random(9);
        for (int i = 0; i < 70_000; i++) {
            memory.u8(i, random.nextInt(256));
        }
        for (int i = 0; i < 5000; i++) {
            int length = i < 300 ? i : random.nextInt(i % 100 == 0 ? 66_000 : 3000);
            int from = random.nextInt(70);
            assertEquals(reference(from, length), swapped(Checksums.fold(Checksums.sum(memory, from, length))));
            int even = length / 2 & ~1;
            long pieces = Checksums.sum(memory, from, even) + Checksums.sum(memory, from + even, length - even);
            assertEquals(reference(from, length), swapped(Checksums.fold(pieces)), "in two pieces");
        }
    }

    @Test
    void carriesAreNotLost() {
        for (int i = 0; i < 70_000; i++) {
            memory.u8(i, 0xff);
        }
        assertEquals(0, Checksums.fold(Checksums.sum(memory, 0, 69_999 & ~1)));
        assertEquals(0xffff, Checksums.foldTransport(Checksums.sum(memory, 0, 65_536)));
        assertEquals(0xffff, Checksums.fold(0));
        assertEquals(0, Checksums.fold(-1));
    }
}
