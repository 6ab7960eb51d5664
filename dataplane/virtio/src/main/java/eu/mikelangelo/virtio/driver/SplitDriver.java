package eu.mikelangelo.virtio.driver;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.SplitRingLayout;

/** The driver's side of a split virtqueue (VIRTIO 1.3 section 2.7). A buffer's id is its head. */
public final class SplitDriver extends Driver {
    private final Region table;
    private final long tableAt;
    private final Region avail;
    private final long availAt;
    private final Region used;
    private final long usedAt;

    /** Free descriptors, the top one is taken next; in order, they are taken by turns instead (2.7.5). */
    private final int[] stack;
    private int top;
    private int turn;

    /** By descriptor: the one behind it in its chain. What is in the guest's memory is not believed. */
    private final int[] next;

    private int availIndex;
    private int lastUsed;
    private int kickedIndex;

    SplitDriver(GuestMemory memory, DriverLayout layout, int base) {
        super(memory, layout);
        table = region(layout.descriptors(), SplitRingLayout.descriptorBytes(size));
        tableAt = offset(layout.descriptors());
        avail = region(layout.driverArea(), SplitRingLayout.availBytes(size));
        availAt = offset(layout.driverArea());
        used = region(layout.deviceArea(), SplitRingLayout.usedBytes(size));
        usedAt = offset(layout.deviceArea());
        next = new int[size];
        stack = new int[size];
        for (int i = 0; i < size; i++) {
            stack[top++] = size - 1 - i;
        }
        table.clear(tableAt, SplitRingLayout.descriptorBytes(size));
        avail.clear(availAt, SplitRingLayout.availBytes(size));
        used.clear(usedAt, SplitRingLayout.usedBytes(size));
        availIndex = base & 0xffff;
        lastUsed = availIndex;
        kickedIndex = availIndex;
        avail.u16Opaque(availAt + SplitRingLayout.AVAIL_INDEX, availIndex);
        used.u16Opaque(usedAt + SplitRingLayout.USED_INDEX, availIndex);
    }

    @Override
    int base() {
        return lastUsed;
    }

    private int takeFree() {
        if (!inOrder) {
            return stack[--top];
        }
        int taken = turn;
        turn = turn + 1 & size - 1;
        return taken;
    }

    @Override
    void release(int id, int descriptors) {
        if (inOrder) {
            return;
        }
        int at = id;
        for (int i = 0; i < descriptors; i++) {
            stack[top++] = at;
            at = next[at];
        }
    }

    @Override
    int placeOne(long address, int length, boolean write) {
        int head = takeFree();
        write(table, tableAt, head, address, length, write ? SplitRingLayout.FLAG_WRITE : 0, 0);
        offer(head);
        return head;
    }

    @Override
    int place(BufferList pieces) {
        int head = takeFree();
        int at = head;
        int last = pieces.count - 1;
        for (int i = 0; i <= last; i++) {
            int behind = i < last ? takeFree() : 0;
            next[at] = behind;
            write(table, tableAt, at, pieces.addresses[i], pieces.lengths[i], flags(pieces, i), behind);
            at = behind;
        }
        offer(head);
        return head;
    }

    @Override
    int placeTable(BufferList pieces) {
        int head = takeFree();
        long where = layout.table(head);
        int bytes = SplitRingLayout.descriptorBytes(pieces.count);
        Region holder = region(where, bytes);
        long at = offset(where);
        for (int i = 0; i < pieces.count; i++) {
            write(holder, at, i, pieces.addresses[i], pieces.lengths[i], flags(pieces, i), i + 1);
        }
        write(table, tableAt, head, where, bytes, SplitRingLayout.FLAG_INDIRECT, 0);
        offer(head);
        return head;
    }

    private static int flags(BufferList pieces, int index) {
        return (index < pieces.readable ? 0 : SplitRingLayout.FLAG_WRITE)
                | (index < pieces.count - 1 ? SplitRingLayout.FLAG_NEXT : 0);
    }

    private static void write(Region region, long at, int index, long address, int length, int flags, int next) {
        long where = at + (long) SplitRingLayout.DESCRIPTOR_SIZE * index;
        region.u64(where + SplitRingLayout.DESCRIPTOR_ADDRESS, address);
        region.u64(where + SplitRingLayout.DESCRIPTOR_LENGTH,
                (long) (next << 16 | flags) << 32 | length & 0xffffffffL);
    }

    /** Puts any head into the available ring, shown by the next {@link #show}: also one that is no buffer. */
    public void offer(int head) {
        avail.u16(availAt + SplitRingLayout.AVAIL_RING
                + (long) SplitRingLayout.AVAIL_ENTRY_SIZE * (availIndex & size - 1), head);
        availIndex = availIndex + 1 & 0xffff;
    }

    /** Moves the available index without writing entries, as only a broken driver does. */
    public void jump(int by) {
        availIndex = availIndex + by & 0xffff;
    }

    /** Release: entries and descriptors are visible before the index that announces them (2.7.13.3). */
    @Override
    public void show() {
        avail.u16Release(availAt + SplitRingLayout.AVAIL_INDEX, availIndex);
    }

    @Override
    public boolean needsKick() {
        fence();
        int before = kickedIndex;
        kickedIndex = availIndex;
        if (!eventIndex) {
            return (used.u16Opaque(usedAt + SplitRingLayout.USED_FLAGS) & SplitRingLayout.USED_NO_NOTIFY) == 0;
        }
        int event = used.u16Opaque(usedAt + SplitRingLayout.availEvent(size));
        return (availIndex - event - 1 & 0xffff) < (availIndex - before & 0xffff);
    }

    @Override
    boolean readUsed() {
        // Acquire: pairs with the device's release of idx, so the entry and the data are there (2.7.8.2).
        if (used.u16Acquire(usedAt + SplitRingLayout.USED_INDEX) == lastUsed) {
            return false;
        }
        long entry = used.u64(usedAt + SplitRingLayout.USED_RING
                + (long) SplitRingLayout.USED_ENTRY_SIZE * (lastUsed & size - 1));
        entryId = (int) entry;
        entryLength = (int) (entry >>> 32);
        return true;
    }

    /** One used entry per buffer, whatever it has of descriptors. */
    @Override
    void advanceUsed(int descriptors) {
        lastUsed = lastUsed + 1 & 0xffff;
    }

    @Override
    public void armCalls() {
        if (eventIndex) {
            avail.u16Opaque(availAt + SplitRingLayout.usedEvent(size), lastUsed);
        } else {
            avail.u16Opaque(availAt + SplitRingLayout.AVAIL_FLAGS, 0);
        }
    }

    @Override
    public void suppressCalls() {
        if (!eventIndex) {
            avail.u16Opaque(availAt + SplitRingLayout.AVAIL_FLAGS, SplitRingLayout.AVAIL_NO_INTERRUPT);
        }
    }
}
