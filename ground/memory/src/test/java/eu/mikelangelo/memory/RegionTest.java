package eu.mikelangelo.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Random;
import org.junit.jupiter.api.Test;

class RegionTest {
    private static Region region(long size) {
        return new Region(Arena.ofAuto().allocate(size, 64));
    }

    @Test
    void valuesAreLittleEndian() {
        Region r = region(32);
        r.u64(3, 0x8877665544332211L);
        assertEquals(0x11, r.u8(3));
        assertEquals(0x88, r.u8(10));
        assertEquals(0x2211, r.u16(3));
        assertEquals(0x88776655, r.u32(7));
        assertEquals(0x8877665544332211L, r.u64(3));
        r.u16Release(16, 0xffee);
        assertEquals(0xee, r.u8(16));
        assertEquals(0xffee, r.u16Acquire(16));
        assertEquals(0xffee, r.u16Opaque(16));
        r.u32Release(20, 0x01020304);
        assertEquals(0x04, r.u8(20));
        assertEquals(0x01020304, r.u32Acquire(20));
        r.u64Release(24, 0x0102030405060708L);
        assertEquals(0x08, r.u8(24));
        assertEquals(0x0102030405060708L, r.u64Acquire(24));
        assertEquals(0x0102030405060708L, r.u64Opaque(24));
    }

    @Test
    void bigValuesAreInTheOrderOfTheNetwork() {
        Region r = region(16);
        r.big16(1, 0xfffe);
        r.big32(3, 0x81020304);
        r.big48(7, 0xffff_9192_9394_9596L);
        long at = 1;
        for (int expected : new int[] {0xff, 0xfe, 0x81, 2, 3, 4, 0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0}) {
            assertEquals(expected, r.u8(at++));
        }
        assertEquals(0xfffe, r.big16(1));
        assertEquals(0x81020304, r.big32(3));
        assertEquals(0x9192_9394_9596L, r.big48(7));
        assertThrows(IndexOutOfBoundsException.class, () -> r.big48(11));
        assertThrows(IndexOutOfBoundsException.class, () -> r.big16(15, 0));
    }

    @Test
    void accessOutsideIsRefused() {
        Region r = region(16);
        assertThrows(IndexOutOfBoundsException.class, () -> r.u8(16));
        assertThrows(IndexOutOfBoundsException.class, () -> r.u8(-1));
        assertThrows(IndexOutOfBoundsException.class, () -> r.u64(9));
        assertThrows(IndexOutOfBoundsException.class, () -> r.u16Acquire(16));
        assertThrows(IndexOutOfBoundsException.class, () -> Region.copy(r, 0, r, 9, 8));
        assertThrows(IndexOutOfBoundsException.class, () -> Region.copy(r, 0, r, 0, -1));
        assertThrows(IndexOutOfBoundsException.class, () -> Region.copy(r, 0, r, Long.MAX_VALUE, 16));
    }

    @Test
    void heapMemoryIsRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Region(MemorySegment.ofArray(new byte[8])));
    }

    @Test
    void copyMovesExactlyTheBytesNamed() {
        Random random = new Random(1);
        int size = 1024;
        Region source = region(size);
        for (int i = 0; i < size; i++) {
            source.u8(i, random.nextInt());
        }
        for (int length = 0; length <= 300; length++) {
            Region target = region(size);
            int from = random.nextInt(size - length);
            int to = random.nextInt(size - length);
            Region.copy(source, from, target, to, length);
            for (int i = 0; i < size; i++) {
                int expected = i >= to && i < to + length ? source.u8(from + i - to) : 0;
                assertEquals(expected, target.u8(i), "length " + length + " at " + i);
            }
        }
    }

    @Test
    void clearIsBounded() {
        Region r = region(32);
        for (int i = 0; i < 32; i++) {
            r.u8(i, 0xaa);
        }
        r.clear(8, 8);
        assertEquals(0xaa, r.u8(7));
        assertEquals(0, r.u64(8));
        assertEquals(0xaa, r.u8(16));
        assertThrows(IndexOutOfBoundsException.class, () -> r.clear(30, 4));
    }
}
