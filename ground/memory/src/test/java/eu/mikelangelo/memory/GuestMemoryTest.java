package eu.mikelangelo.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import eu.mikelangelo.memory.GuestMemory.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class GuestMemoryTest {
    private final Arena arena = Arena.ofAuto();

    private Mapping mapping(long guest, long user, long size) {
        return new Mapping(guest, user, arena.allocate(size, 8));
    }

    @Test
    void findsOnlyRangesInsideOneRegion() {
        GuestMemory memory = new GuestMemory(List.of(mapping(0, 0x7000_0000L, 4096), mapping(4096, 0x9000_0000L,
                8192)));
        assertEquals(0, memory.find(0, 4096));
        assertEquals(1, memory.find(4096, 8192));
        assertEquals(GuestMemory.NONE, memory.find(4095, 2), "crosses into the neighbour");
        assertEquals(GuestMemory.NONE, memory.find(4096 + 8192, 0), "starts behind the last byte");
        assertEquals(GuestMemory.NONE, memory.find(0, -1L), "a length above 2^63");
        assertEquals(GuestMemory.NONE, memory.find(-1L, 2), "an address that wraps");
        assertEquals(1, memory.find(8191, 1));
        assertEquals(0, memory.findUser(0x7000_0010L, 16));
        assertEquals(1, memory.findUser(0x9000_0000L, 8192));
        assertEquals(GuestMemory.NONE, memory.findUser(0x9000_0000L, 8193));
        assertEquals(0x9000_0000L, memory.userStart(1));
        assertEquals(4096, memory.guestStart(1));
        assertEquals(8192, memory.region(1).size());
        assertEquals(2, memory.regions());
    }

    @Test
    void refusesTablesThatMakeNoSense() {
        assertThrows(IllegalArgumentException.class, () -> new GuestMemory(List.of(mapping(0, 0, 0))));
        assertThrows(IllegalArgumentException.class, () -> new GuestMemory(List.of(mapping(-8, 0, 16))), "wraps");
        assertThrows(IllegalArgumentException.class, () -> new GuestMemory(List.of(mapping(0, -8, 16))), "wraps");
        assertThrows(IllegalArgumentException.class,
                () -> new GuestMemory(List.of(mapping(0, 0, 16), mapping(15, 100, 16))), "guest addresses overlap");
        assertThrows(IllegalArgumentException.class,
                () -> new GuestMemory(List.of(mapping(0, 0, 16), mapping(100, 15, 16))), "user addresses overlap");
        assertThrows(IllegalArgumentException.class,
                () -> new GuestMemory(List.of(mapping(8, 8, 4), mapping(0, 100, 64))), "one inside the other");
        List<Mapping> many = new ArrayList<>();
        for (int i = 0; i <= GuestMemory.MAX_REGIONS; i++) {
            many.add(mapping(i * 16L, i * 16L, 16));
        }
        assertThrows(IllegalArgumentException.class, () -> new GuestMemory(many));
        assertEquals(GuestMemory.MAX_REGIONS, new GuestMemory(many.subList(1, many.size())).regions());
        assertEquals(GuestMemory.NONE, GuestMemory.EMPTY.find(0, 0));
    }

    /** The top of the address space is a legal place: its last byte is 2^64 - 1. */
    @Test
    void servesTheLastBytesOfTheAddressSpace() {
        GuestMemory memory = new GuestMemory(List.of(mapping(-16, -16, 16)));
        assertEquals(0, memory.find(-1, 1));
        assertEquals(GuestMemory.NONE, memory.find(-1, 2));
    }

    @Test
    void agreesWithArithmeticThatCannotOverflow() {
        Random random = new Random(7);
        for (int round = 0; round < 200; round++) {
            long start = random.nextBoolean() ? random.nextLong() & ~0xffffL : random.nextInt(1 << 20);
            long size = 1 + random.nextInt(4096);
            MemorySegment segment = arena.allocate(size);
            GuestMemory memory;
            try {
                memory = new GuestMemory(List.of(new Mapping(start, 0, segment)));
            } catch (IllegalArgumentException e) {
                continue;
            }
            assertSame(segment, memory.region(0).segment());
            for (int i = 0; i < 500; i++) {
                long address = start + random.nextInt(10_000) - 3000;
                long length = random.nextInt(8) == 0 ? random.nextLong() : random.nextInt(6000);
                BigInteger from = unsigned(address).subtract(unsigned(start));
                boolean inside = from.signum() >= 0 && from.compareTo(BigInteger.valueOf(size)) < 0
                        && from.add(unsigned(length)).compareTo(BigInteger.valueOf(size)) <= 0;
                assertEquals(inside ? 0 : GuestMemory.NONE, memory.find(address, length));
            }
        }
    }

    private static BigInteger unsigned(long value) {
        return new BigInteger(Long.toUnsignedString(value));
    }
}
