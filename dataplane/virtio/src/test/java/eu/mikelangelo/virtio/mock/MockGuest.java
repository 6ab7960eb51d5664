package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.GuestMemory.Mapping;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.List;

/**
 * A guest's memory for tests: a small low region, a large one that touches it, and one far above; around each lie
 * canary bytes that nobody may change. Front-end addresses have another order than guest addresses, as QEMU's do.
 */
public final class MockGuest {
    private static final int CANARY = 4096;
    private static final byte CANARY_VALUE = (byte) 0xc7;
    public static final long LOW_SIZE = 1 << 20;
    public static final long FAR = 1L << 32;
    public static final long FAR_SIZE = 1 << 16;
    /** What the backing memory holds besides the high region. */
    public static final long OVERHEAD = LOW_SIZE + FAR_SIZE + 4 * CANARY;

    private final MemorySegment backing;
    private final GuestMemory memory;
    private final long highSize;
    private long next = 4096;

    /** @param bytes of ordinary memory, from guest address 0 on */
    public MockGuest(long bytes) {
        this(Arena.ofAuto().allocate(Math.max(4096, bytes - LOW_SIZE) + OVERHEAD, 4096));
    }

    /**
     * @param backing all of the memory, of at least {@link #OVERHEAD} and a page, aligned to a page; a mapped file
     *     perhaps
     */
    public MockGuest(MemorySegment backing) {
        this.backing = backing;
        highSize = backing.byteSize() - OVERHEAD;
        backing.fill(CANARY_VALUE);
        long high = CANARY + LOW_SIZE + CANARY;
        long far = high + highSize + CANARY;
        memory = new GuestMemory(List.of(
                new Mapping(0, 0x7f00_0000_0000L, wiped(CANARY, LOW_SIZE)),
                new Mapping(LOW_SIZE, 0x1000_0000L, wiped(high, highSize)),
                new Mapping(FAR, 0x7e00_0000_0000L, wiped(far, FAR_SIZE))));
    }

    private MemorySegment wiped(long at, long size) {
        return backing.asSlice(at, size).fill((byte) 0);
    }

    public GuestMemory memory() {
        return memory;
    }

    /** @return a guest address of {@code size} free bytes */
    public long allocate(long size, long align) {
        long at = (next + align - 1) / align * align;
        if (at + size > LOW_SIZE + highSize) {
            throw new IllegalStateException("the mock guest's memory is full");
        }
        next = at + size;
        return at;
    }

    /** Moves the allocator so that the next piece lies across the border of two regions. */
    public void skipTo(long address) {
        next = Math.max(next, address);
    }

    /** @return the front-end's address of a guest address */
    public long user(long guest) {
        int region = memory.find(guest, 1);
        return guest - memory.guestStart(region) + memory.userStart(region);
    }

    /** @return the region that holds {@code length} bytes at {@code guest} */
    public Region region(long guest, long length) {
        return memory.region(memory.find(guest, length));
    }

    /** @return the offset of {@code guest} in its region */
    public long offset(long guest) {
        return guest - memory.guestStart(memory.find(guest, 1));
    }

    public void write(long guest, byte[] bytes, int from, int length) {
        for (int i = 0; i < length; i++) {
            region(guest + i, 1).u8(offset(guest + i), bytes[from + i]);
        }
    }

    public void read(long guest, byte[] bytes, int to, int length) {
        for (int i = 0; i < length; i++) {
            bytes[to + i] = (byte) region(guest + i, 1).u8(offset(guest + i));
        }
    }

    /** @throws AssertionError when a byte outside the guest's memory was changed */
    public void checkCanaries() {
        canary(0);
        canary(CANARY + LOW_SIZE);
        canary(2 * CANARY + LOW_SIZE + highSize);
        canary(3 * CANARY + LOW_SIZE + highSize + FAR_SIZE);
    }

    private void canary(long at) {
        for (int i = 0; i < CANARY; i++) {
            if (backing.get(ValueLayout.JAVA_BYTE, at + i) != CANARY_VALUE) {
                throw new AssertionError("a byte outside the guest's memory was changed");
            }
        }
    }
}
