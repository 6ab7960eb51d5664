package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.GuestMemory.Mapping;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Random;

/**
 * A small guest's memory that can be made as new in microseconds: two regions that touch, one far above, and canary
 * bytes around each. Reads by guest address without {@link GuestMemory}, for the reference model.
 */
final class FuzzMemory {
    static final long LOW_SIZE = 1 << 16;
    static final long HIGH_SIZE = 1 << 15;
    static final long FAR = 1L << 32;
    static final long FAR_SIZE = 1 << 12;

    private static final int CANARY = 256;
    private static final long[] STARTS = {0, LOW_SIZE, FAR};
    private static final long[] SIZES = {LOW_SIZE, HIGH_SIZE, FAR_SIZE};
    private static final long[] PLACES = {CANARY, 2 * CANARY + LOW_SIZE, 3 * CANARY + LOW_SIZE + HIGH_SIZE};
    private static final long TOTAL = 4 * CANARY + LOW_SIZE + HIGH_SIZE + FAR_SIZE;
    private static final ValueLayout.OfShort U16 = ValueLayout.JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);
    private static final ValueLayout.OfLong U64 = ValueLayout.JAVA_LONG_UNALIGNED.withOrder(ByteOrder.LITTLE_ENDIAN);

    private final MemorySegment bytes = Arena.ofAuto().allocate(TOTAL, 4096);
    private final MemorySegment fresh = Arena.ofAuto().allocate(TOTAL, 4096);
    private final List<Mapping> mappings = List.of(
            new Mapping(STARTS[0], 0x7f00_0000_0000L, bytes.asSlice(PLACES[0], SIZES[0])),
            new Mapping(STARTS[1], 0x1000_0000L, bytes.asSlice(PLACES[1], SIZES[1])),
            new Mapping(STARTS[2], 0x7e00_0000_0000L, bytes.asSlice(PLACES[2], SIZES[2])));
    GuestMemory guest;

    FuzzMemory() {
        byte[] noise = new byte[(int) TOTAL];
        new Random(1).nextBytes(noise);
        fresh.copyFrom(MemorySegment.ofArray(noise));
    }

    /**
     * All bytes become what they were, and nobody remembers which region was found last, so that a program does the
     * same whatever ran before it.
     */
    void renew() {
        guest = new GuestMemory(mappings);
        bytes.copyFrom(fresh);
    }

    /** @throws AssertionError when a byte outside the guest's memory was changed */
    void checkCanaries() {
        long at = 0;
        for (int i = 0; i < PLACES.length; i++) {
            canary(at, PLACES[i]);
            at = PLACES[i] + SIZES[i];
        }
        canary(at, TOTAL);
    }

    private void canary(long from, long to) {
        if (MemorySegment.mismatch(bytes, from, to, fresh, from, to) >= 0) {
            throw new AssertionError("a byte outside the guest's memory was changed");
        }
    }

    /** @return which region holds the address, or -1 */
    static int region(long address) {
        for (int i = 0; i < STARTS.length; i++) {
            if (address >= STARTS[i] && address < STARTS[i] + SIZES[i]) {
                return i;
            }
        }
        return -1;
    }

    /** @return the first address behind the region that holds this one */
    static long end(long address) {
        int region = region(address);
        return STARTS[region] + SIZES[region];
    }

    /** @return whether one region holds all of these */
    static boolean holds(long address, long length) {
        return region(address) >= 0 && length <= end(address) - address;
    }

    private static long place(long address) {
        int region = region(address);
        return PLACES[region] + (address - STARTS[region]);
    }

    int u8(long address) {
        return bytes.get(ValueLayout.JAVA_BYTE, place(address)) & 0xff;
    }

    int u16(long address) {
        return bytes.get(U16, place(address)) & 0xffff;
    }

    long u64(long address) {
        return bytes.get(U64, place(address));
    }

    void u16(long address, int value) {
        bytes.set(U16, place(address), (short) value);
    }

    /** @return a number that two states of memory hardly share */
    int hash() {
        long hash = 0;
        for (long at = 0; at < TOTAL; at += Long.BYTES) {
            hash = hash * 31 + bytes.get(U64, at);
        }
        return (int) (hash ^ hash >>> 32);
    }
}
