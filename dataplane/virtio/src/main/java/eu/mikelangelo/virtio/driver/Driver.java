package eu.mikelangelo.virtio.driver;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import java.lang.invoke.VarHandle;

/**
 * The driver's side of one virtqueue, of either format. Nothing is allocated after construction.
 *
 * <p>A turn looks like this: {@link #poll} takes used buffers until {@link #NONE}; {@link #post} adds buffers;
 * {@link #publish} shows them to the device at once; {@link #needsKick} says whether it wants to be told. Before going
 * to sleep: {@link #armCalls}, {@link #fence}, and only if {@link #hasUsed} says no.
 *
 * <p>A buffer's name is its id, 0 to size minus one, from {@link #post} until {@link #poll} returns it; callers keep
 * what belongs to it in arrays of their own.
 *
 * <p>The device is trusted no more than necessary: what it returns and did not have is {@link #FOREIGN}; nothing
 * throws for it. The {@code raw} and {@code poke} methods are for lying to the device.
 *
 * <p>One thread owns it.
 */
public abstract sealed class Driver permits SplitDriver, PackedDriver {
    /** Nothing was used, or there is no room. */
    public static final int NONE = -1;

    /** The device returned a buffer it did not have. */
    public static final int FOREIGN = -2;

    final GuestMemory memory;
    final DriverLayout layout;
    final int size;
    final boolean eventIndex;
    final boolean inOrder;

    /** Of the used entry last read. */
    int entryId;
    int entryLength;

    private int usedLength;

    /** Buffers posted and not yet shown. */
    int unpublished;

    private int free;
    private int inFlight;

    /** By id: descriptors taken in the ring, 0 when not in flight; bytes that the device may write. */
    private final int[] counts;
    private final int[] writable;

    /** In order: ids from the oldest in flight to the newest; with the id that ends the batch being taken. */
    private final int[] order;
    private int oldest;
    private int newest;
    private int batchEnd = NONE;
    private int batchLength;

    Driver(GuestMemory memory, DriverLayout layout) {
        this.memory = memory;
        this.layout = layout;
        size = layout.size();
        eventIndex = Features.has(layout.features(), Features.EVENT_IDX);
        inOrder = Features.has(layout.features(), Features.IN_ORDER);
        counts = new int[size];
        writable = new int[size];
        order = new int[Integer.highestOneBit(size) << 1];
        free = size;
    }

    /** A driver of a fresh queue, as its features say; the memory of the rings is initialised. */
    public static Driver of(GuestMemory memory, DriverLayout layout) {
        return of(memory, layout, layout.packed() ? PackedDriver.FIRST_BASE : 0);
    }

    /**
     * A driver whose queue begins elsewhere, as after a long life.
     *
     * @param base as {@link QueueConfig#nextAvail}: an index of 16 bits for a split queue, 32 bits for a packed one, of
     *     which the low half counts
     */
    public static Driver of(GuestMemory memory, DriverLayout layout, int base) {
        return layout.packed() ? new PackedDriver(memory, layout, base) : new SplitDriver(memory, layout, base);
    }

    /** @return what the device side needs to know; it begins at the next used position, which is right at rest */
    public final QueueConfig config() {
        return layout.config(memory, base());
    }

    abstract int base();

    /** @return where the queue lies */
    public final DriverLayout layout() {
        return layout;
    }

    /** @return the guest's memory */
    public final GuestMemory memory() {
        return memory;
    }

    /** @return descriptors of the ring that are free */
    public final int free() {
        return free;
    }

    /** @return buffers posted and not taken back */
    public final int inFlight() {
        return inFlight;
    }

    /**
     * Posts a buffer of one piece, not yet visible to the device.
     *
     * @param address guest physical
     * @param write whether it is for the device to write
     * @return its id or {@link #NONE}
     */
    public final int post(long address, int length, boolean write) {
        if (free == 0) {
            return NONE;
        }
        int id = placeOne(address, length, write);
        posted(id, 1, write ? length : 0);
        return id;
    }

    /**
     * Posts a buffer of pieces, not yet visible to the device.
     *
     * @param pieces at least one
     * @param indirect whether they go into an indirect table, which takes one descriptor of the ring; for at most
     *     {@link DriverLayout#tableEntries} pieces
     * @return its id or {@link #NONE}
     * @throws IllegalArgumentException when a table has no room for them
     */
    public final int post(BufferList pieces, boolean indirect) {
        if (indirect && pieces.count > layout.tableEntries()) {
            throw new IllegalArgumentException(pieces.count + " pieces for a table of " + layout.tableEntries());
        }
        int needed = indirect ? 1 : pieces.count;
        if (needed > free || needed == 0) {
            return NONE;
        }
        int id = indirect ? placeTable(pieces) : place(pieces);
        posted(id, needed, pieces.writableBytes);
        return id;
    }

    private void posted(int id, int needed, int bytes) {
        counts[id] = needed;
        writable[id] = bytes;
        order[newest++ & order.length - 1] = id;
        free -= needed;
        inFlight++;
        unpublished++;
    }

    abstract int placeOne(long address, int length, boolean write);

    abstract int place(BufferList pieces);

    abstract int placeTable(BufferList pieces);

    /** Makes what was posted visible to the device. @return whether there was anything */
    public final boolean publish() {
        if (unpublished == 0) {
            return false;
        }
        show();
        unpublished = 0;
        return true;
    }

    abstract void show();

    /**
     * After {@link #publish}; includes the {@link #fence}.
     *
     * @return whether the device wants a kick for what was published since this was asked last
     */
    public abstract boolean needsKick();

    /**
     * Takes one used buffer back; {@link #usedLength} then says how much the device wrote.
     *
     * @return its id, {@link #NONE} or {@link #FOREIGN}
     */
    public final int poll() {
        if (batchEnd == NONE) {
            if (!readUsed()) {
                return NONE;
            }
            if (entryId < 0 || entryId >= size || counts[entryId] == 0) {
                advanceUsed(1);
                return FOREIGN;
            }
            if (!inOrder) {
                usedLength = entryLength;
                return takeBack(entryId);
            }
            batchEnd = entryId;
            batchLength = entryLength;
        }
        return pollBatch();
    }

    /** In order, a used entry stands for all buffers up to the one it names (2.7.9, 2.8.8). */
    private int pollBatch() {
        int id = order[oldest++ & order.length - 1];
        // What was skipped counts as used completely.
        usedLength = writable[id];
        if (id == batchEnd) {
            usedLength = batchLength;
            batchEnd = NONE;
        }
        return takeBack(id);
    }

    private int takeBack(int id) {
        int count = counts[id];
        counts[id] = 0;
        free += count;
        inFlight--;
        release(id, count);
        advanceUsed(count);
        return id;
    }

    /** Reads the next used entry into the fields, if there is one. */
    abstract boolean readUsed();

    /** Moves on behind a used buffer of {@code descriptors}. */
    abstract void advanceUsed(int descriptors);

    /** Frees what a buffer took. */
    abstract void release(int id, int descriptors);

    /** @return bytes that the device wrote into the buffer last returned by {@link #poll}, as it says */
    public final int usedLength() {
        return usedLength;
    }

    /** Asks for a call at the next used buffer. To be followed by a {@link #fence}, then {@link #hasUsed}. */
    public abstract void armCalls();

    /** Asks for no calls. */
    public abstract void suppressCalls();

    /** @return whether {@link #poll} would find something */
    public final boolean hasUsed() {
        return batchEnd != NONE || readUsed();
    }

    /** The full fence between what one side shows and what it then reads of the other's wishes. */
    public static void fence() {
        VarHandle.fullFence();
    }

    /**
     * Writes one descriptor with any content, where the device looks for it; not part of any buffer.
     *
     * @param table guest address of the descriptor area or an indirect table
     * @param flags all 16 bits
     * @param other the next index of a split queue's descriptor, the id of a packed one's
     */
    public final void rawDescriptor(long table, int index, long address, int length, int flags, int other) {
        long at = table + 16L * index;
        poke64(at, address);
        int high = layout.packed() ? flags << 16 | other & 0xffff : other << 16 | flags & 0xffff;
        poke64(at + 8, (long) high << 32 | length & 0xffffffffL);
    }

    /** Stores two bytes anywhere in the guest's memory (within one region). */
    public final void poke16(long guest, int value) {
        region(guest, 2).u16(offset(guest), value);
    }

    /** Stores eight bytes anywhere in the guest's memory (within one region). */
    public final void poke64(long guest, long value) {
        region(guest, 8).u64(offset(guest), value);
    }

    /** @return two bytes from anywhere in the guest's memory (within one region) */
    public final int peek16(long guest) {
        return region(guest, 2).u16(offset(guest));
    }

    /** @return eight bytes from anywhere in the guest's memory (within one region) */
    public final long peek64(long guest) {
        return region(guest, 8).u64(offset(guest));
    }

    final Region region(long guest, long length) {
        return memory.region(memory.find(guest, length));
    }

    final long offset(long guest) {
        return guest - memory.guestStart(memory.find(guest, 1));
    }
}
