package eu.mikelangelo.virtio.driver;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.PackedRingLayout;

/**
 * The driver's side of a packed virtqueue (VIRTIO 1.3 section 2.8). Ids come from a stack; in order, a buffer's id is
 * the place of its first descriptor.
 */
public final class PackedDriver extends Driver {
    /** Both positions of a fresh queue, as vhost-user says them: place 0, wrap counter 1. */
    public static final int FIRST_BASE = PackedRingLayout.WRAP << 16 | PackedRingLayout.WRAP;

    private final Region ring;
    private final long ringAt;
    private final Region driver;
    private final long driverAt;
    private final Region device;
    private final long deviceAt;
    private final int[] stack;
    private int top;

    /** Positions as {@link PackedRingLayout} counts them. */
    private int nextAvail;
    private int nextUsed;

    /** First descriptor of what is posted and not shown: its flags are written last. */
    private int heldAt = NONE;
    private int heldFlags;

    /** Where we stood when we last asked whether to kick, and how many descriptors were added since. */
    private int kickedAt;
    private int added;

    PackedDriver(GuestMemory memory, DriverLayout layout, int base) {
        super(memory, layout);
        ring = region(layout.descriptors(), PackedRingLayout.descriptorBytes(size));
        ringAt = offset(layout.descriptors());
        driver = region(layout.driverArea(), PackedRingLayout.EVENT_SIZE);
        driverAt = offset(layout.driverArea());
        device = region(layout.deviceArea(), PackedRingLayout.EVENT_SIZE);
        deviceAt = offset(layout.deviceArea());
        nextAvail = PackedRingLayout.decode(base, size);
        nextUsed = nextAvail;
        kickedAt = nextAvail;
        stack = new int[size];
        for (int i = 0; i < size; i++) {
            stack[top++] = size - 1 - i;
        }
        driver.u32(driverAt, 0);
        device.u32(deviceAt, 0);
        clear();
    }

    /** As if each descriptor had been used in the lap before the driver comes to it again; zeroes for a fresh queue. */
    private void clear() {
        ring.clear(ringAt, PackedRingLayout.descriptorBytes(size));
        for (int i = 0; i < size; i++) {
            int before = PackedRingLayout.advance(PackedRingLayout.advance(nextAvail, i, size), size, size);
            ring.u16(at(before) + PackedRingLayout.DESCRIPTOR_FLAGS, PackedRingLayout.used(before, size));
        }
    }

    @Override
    int base() {
        int encoded = PackedRingLayout.encode(nextUsed, size);
        return encoded << 16 | encoded;
    }

    private long at(int position) {
        return ringAt + (long) PackedRingLayout.DESCRIPTOR_SIZE * PackedRingLayout.place(position, size);
    }

    private int takeId() {
        return inOrder ? PackedRingLayout.place(nextAvail, size) : stack[--top];
    }

    @Override
    void release(int id, int descriptors) {
        if (!inOrder) {
            stack[top++] = id;
        }
    }

    @Override
    int placeOne(long address, int length, boolean write) {
        int id = takeId();
        put(address, length, write ? PackedRingLayout.FLAG_WRITE : 0, id);
        return id;
    }

    @Override
    int place(BufferList pieces) {
        int id = takeId();
        int last = pieces.count - 1;
        for (int i = 0; i <= last; i++) {
            int flags = (i < pieces.readable ? 0 : PackedRingLayout.FLAG_WRITE)
                    | (i < last ? PackedRingLayout.FLAG_NEXT : 0);
            put(pieces.addresses[i], pieces.lengths[i], flags, id);
        }
        return id;
    }

    @Override
    int placeTable(BufferList pieces) {
        int id = takeId();
        long where = layout.table(id);
        int bytes = PackedRingLayout.descriptorBytes(pieces.count);
        Region holder = region(where, bytes);
        long at = offset(where);
        for (int i = 0; i < pieces.count; i++) {
            int flags = i < pieces.readable ? 0 : PackedRingLayout.FLAG_WRITE;
            write(holder, at, pieces.addresses[i], pieces.lengths[i], flags, 0);
            at += PackedRingLayout.DESCRIPTOR_SIZE;
        }
        put(where, bytes, PackedRingLayout.FLAG_INDIRECT, id);
        return id;
    }

    /** Writes the next descriptor; it is available at once, except the first one since the last {@link #show}. */
    private void put(long address, int length, int flags, int id) {
        int all = flags | PackedRingLayout.available(nextAvail, size);
        if (heldAt == NONE) {
            heldAt = nextAvail;
            heldFlags = all;
            long at = at(nextAvail);
            ring.u64(at + PackedRingLayout.DESCRIPTOR_ADDRESS, address);
            ring.u32(at + PackedRingLayout.DESCRIPTOR_LENGTH, length);
            ring.u16(at + PackedRingLayout.DESCRIPTOR_ID, id);
        } else {
            write(ring, at(nextAvail), address, length, all, id);
        }
        skip(1);
    }

    private static void write(Region region, long at, long address, int length, int flags, int id) {
        region.u64(at + PackedRingLayout.DESCRIPTOR_ADDRESS, address);
        region.u64(at + PackedRingLayout.DESCRIPTOR_LENGTH,
                (long) (flags << 16 | id) << 32 | length & 0xffffffffL);
    }

    /** Release: all else is visible before the flags of the first descriptor (2.8.21.1). */
    @Override
    public void show() {
        if (heldAt != NONE) {
            ring.u16Release(at(heldAt) + PackedRingLayout.DESCRIPTOR_FLAGS, heldFlags);
            heldAt = NONE;
        }
    }

    /**
     * Writes a descriptor with any content {@code ahead} places behind those posted; {@link #skip} then makes it part
     * of the ring.
     *
     * @param flags all 16 bits, with those inverted that would make it available: 0 is an available descriptor
     */
    public void raw(int ahead, long address, int length, int flags, int id) {
        int position = PackedRingLayout.advance(nextAvail, ahead, size);
        write(ring, at(position), address, length, flags ^ PackedRingLayout.available(position, size), id & 0xffff);
    }

    /** Moves on over descriptors that are written otherwise; by the size, it flips the wrap counter. */
    public void skip(int descriptors) {
        nextAvail = PackedRingLayout.advance(nextAvail, descriptors, size);
        added += descriptors;
    }

    @Override
    public boolean needsKick() {
        fence();
        int event = device.u32Acquire(deviceAt);
        int flags = event >>> 16 & PackedRingLayout.EVENT_FLAGS_MASK;
        boolean passed = PackedRingLayout.distance(kickedAt, PackedRingLayout.decode(event, size), size) < added;
        kickedAt = nextAvail;
        added = 0;
        return flags == PackedRingLayout.EVENT_DESCRIPTOR ? passed : flags != PackedRingLayout.EVENT_DISABLE;
    }

    @Override
    boolean readUsed() {
        // Acquire: pairs with the device's release of the same word, so the data and later descriptors are there.
        long word = ring.u64Acquire(at(nextUsed) + PackedRingLayout.DESCRIPTOR_LENGTH);
        int flags = (int) (word >>> 48);
        int bits = flags & (PackedRingLayout.FLAG_AVAIL | PackedRingLayout.FLAG_USED);
        if (bits != PackedRingLayout.used(nextUsed, size)) {
            return false;
        }
        entryId = (int) (word >>> 32) & 0xffff;
        entryLength = (flags & PackedRingLayout.FLAG_WRITE) != 0 ? (int) word : 0;
        return true;
    }

    @Override
    void advanceUsed(int descriptors) {
        nextUsed = PackedRingLayout.advance(nextUsed, descriptors, size);
    }

    /** Position and flags in one store. */
    @Override
    public void armCalls() {
        int flags = eventIndex ? PackedRingLayout.EVENT_DESCRIPTOR : PackedRingLayout.EVENT_ENABLE;
        driver.u32Release(driverAt, flags << 16 | PackedRingLayout.encode(nextUsed, size));
    }

    @Override
    public void suppressCalls() {
        driver.u16Opaque(driverAt + PackedRingLayout.EVENT_FLAGS, PackedRingLayout.EVENT_DISABLE);
    }
}
