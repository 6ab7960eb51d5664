package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.memory.raw.Raw;
import java.util.Arrays;

/**
 * The device side of one split virtqueue (VIRTIO 1.3 section 2.7). Chains are used in the order in which they are
 * completed; with VIRTIO_F_IN_ORDER one used entry may stand for a batch (2.7.9).
 */
public final class SplitQueue extends VirtQueue {
    private static final int DESCRIPTORS_PER_LINE = 4;

    /** Written so that what was only touched counts as used. */
    private long touched;

    private Region descriptors;
    private long descriptorsAt;
    private Region avail;
    private long availAt;
    private Region used;
    private long usedAt;
    /** Our addresses of what is read most; both lie in their regions entirely. */
    private long descriptorsHost;
    private long availHost;
    private boolean inOrder;

    /** Free-running indices, 16 bits in the rings. {@code seenAvail} is the driver's index as last read. */
    private int nextAvail;
    private int seenAvail;
    private int nextUsed;
    private int publishedUsed;
    private int signalledUsed;
    private boolean signalledOnce;

    /** A queue that is attached to nothing. */
    public SplitQueue() {
    }

    @Override
    public boolean packed() {
        return false;
    }

    @Override
    boolean sizeAllowed(int entries) {
        return Integer.bitCount(entries) == 1;
    }

    @Override
    QueueFault begin(QueueConfig config) {
        int table = locate(config.descriptorUser(), SplitRingLayout.descriptorBytes(size),
                SplitRingLayout.DESCRIPTOR_ALIGN);
        int driver = locate(config.availUser(), SplitRingLayout.availBytes(size), SplitRingLayout.AVAIL_ALIGN);
        int device = locate(config.usedUser(), SplitRingLayout.usedBytes(size), SplitRingLayout.USED_ALIGN);
        if (table == GuestMemory.NONE) {
            return QueueFault.BAD_RING_ADDRESS;
        }
        if (driver == GuestMemory.NONE) {
            return QueueFault.BAD_RING_ADDRESS;
        }
        if (device == GuestMemory.NONE) {
            return QueueFault.BAD_RING_ADDRESS;
        }
        inOrder = Features.has(config.features(), Features.IN_ORDER);
        descriptors = memory.region(table);
        descriptorsAt = config.descriptorUser() - memory.userStart(table);
        descriptorsHost = descriptors.segment().address() + descriptorsAt;
        avail = memory.region(driver);
        availAt = config.availUser() - memory.userStart(driver);
        availHost = avail.segment().address() + availAt;
        used = memory.region(device);
        usedAt = config.usedUser() - memory.userStart(device);
        nextAvail = config.nextAvail() & 0xffff;
        seenAvail = nextAvail;
        nextUsed = used.u16Acquire(usedAt + SplitRingLayout.USED_INDEX);
        publishedUsed = nextUsed;
        signalledOnce = false;
        return QueueFault.NONE;
    }

    @Override
    void forget() {
        descriptors = null;
        avail = null;
        used = null;
    }

    @Override
    public int nextAvail() {
        return nextAvail & 0xffff;
    }

    @Override
    public int available() {
        if (fault != QueueFault.NONE) {
            return 0;
        }
        // Acquire: pairs with the driver's barrier before its store of idx (section 2.7.13.3), so the ring entries
        // and descriptors read later are those it wrote before.
        seenAvail = avail.u16Acquire(availAt + SplitRingLayout.AVAIL_INDEX);
        int count = (seenAvail - nextAvail) & 0xffff;
        if (count > size) {
            breakQueue(QueueFault.AVAILABLE_INDEX);
            return 0;
        }
        return count;
    }

    @Override
    public int seen() {
        return fault == QueueFault.NONE ? (seenAvail - nextAvail) & 0xffff : 0;
    }

    @Override
    public boolean fills(int chains) {
        return chains == size;
    }

    /** @return the chain's head */
    @Override
    public int walk(int ahead, ScatterList readable, ScatterList writable) {
        if (fault != QueueFault.NONE) {
            return -1;
        }
        int slot = (nextAvail + ahead) & (size - 1);
        int head = avail.u16(availAt + SplitRingLayout.AVAIL_RING + (long) SplitRingLayout.AVAIL_ENTRY_SIZE * slot);
        if (head >= size) {
            breakQueue(QueueFault.HEAD_INDEX);
            return -1;
        }
        mayRead = true;
        return walkTable(descriptors, descriptorsAt, size, head, size, false, readable, writable) ? head : -1;
    }

    /**
     * @param budget descriptors that the chain may still have: never more than the queue's size (section 2.7.5.3.1),
     *     which also ends loops
     */
    private boolean walkTable(Region table, long tableAt, int entries, int first, int budget, boolean nested,
            ScatterList readable, ScatterList writable) {
        int index = first;
        for (int left = budget; left > 0; left--) {
            long at = tableAt + (long) SplitRingLayout.DESCRIPTOR_SIZE * index;
            long address = table.u64(at + SplitRingLayout.DESCRIPTOR_ADDRESS);
            // Length, flags and next in one load: what was checked is what is used.
            long rest = table.u64(at + SplitRingLayout.DESCRIPTOR_LENGTH);
            int flags = (int) (rest >>> 32) & 0xffff;
            if ((flags & SplitRingLayout.FLAG_INDIRECT) != 0) {
                return !nested ? walkIndirect(address, rest, flags, left, readable, writable)
                        : refuse(QueueFault.INDIRECT_NESTED);
            }
            boolean write = (flags & SplitRingLayout.FLAG_WRITE) != 0;
            if (!turns(write)) {
                return false;
            }
            if (!append(write ? writable : readable, address, rest & 0xffffffffL)) {
                return false;
            }
            if ((flags & SplitRingLayout.FLAG_NEXT) == 0) {
                return true;
            }
            index = (int) (rest >>> 48);
            if (index >= entries) {
                return refuse(QueueFault.NEXT_INDEX);
            }
        }
        return refuse(QueueFault.CHAIN_TOO_LONG);
    }

    /** The table's own WRITE flag is ignored, as section 2.7.5.3.2 demands. */
    private boolean walkIndirect(long address, long rest, int flags, int budget, ScatterList readable,
            ScatterList writable) {
        if (!indirectAllowed) {
            return refuse(QueueFault.INDIRECT_NOT_NEGOTIATED);
        }
        if ((flags & SplitRingLayout.FLAG_NEXT) != 0) {
            return refuse(QueueFault.INDIRECT_WITH_NEXT);
        }
        long length = rest & 0xffffffffL;
        int region = locateTable(address, length);
        if (region == GuestMemory.NONE) {
            return false;
        }
        int entries = (int) (length / SplitRingLayout.DESCRIPTOR_SIZE);
        return walkTable(memory.region(region), address - memory.guestStart(region), entries, 0, budget, true,
                readable, writable);
    }

    @Override
    public int list(Burst burst, boolean writable, int most) {
        if (fault != QueueFault.NONE) {
            return 0;
        }
        memory.requireMapped();
        int count = Math.min(ahead(most), most);
        int wanted = writable ? SplitRingLayout.FLAG_WRITE : 0;
        touch(count);
        long heads = availHost + SplitRingLayout.AVAIL_RING;
        for (int i = 0; i < count; i++) {
            int slot = (nextAvail + i) & (size - 1);
            int head = Raw.u16(heads + (long) SplitRingLayout.AVAIL_ENTRY_SIZE * slot);
            if (head >= size || !single(burst, i, head, wanted)) {
                return i;
            }
        }
        return count;
    }

    /** As {@link #available}, but an old answer that is enough counts: the driver writes its index all the time. */
    private int ahead(int most) {
        int known = (seenAvail - nextAvail) & 0xffff;
        return known >= most ? known : available();
    }

    /**
     * Has the descriptors brought in all at the same time, where they lie one behind the other: the checks below are
     * too long for the processor to reach the next line while it waits for one.
     */
    private void touch(int count) {
        if (count < DESCRIPTORS_PER_LINE) {
            return;
        }
        int first = avail.u16(availAt + SplitRingLayout.AVAIL_RING
                + (long) SplitRingLayout.AVAIL_ENTRY_SIZE * (nextAvail & (size - 1)));
        long sum = 0;
        for (int i = 0; i < count; i += DESCRIPTORS_PER_LINE) {
            sum += Raw.u64(descriptorsHost + (long) SplitRingLayout.DESCRIPTOR_SIZE * ((first + i) & (size - 1)));
        }
        touched = sum;
    }

    private boolean single(Burst burst, int index, int head, int wanted) {
        // Masked though it was checked: a load from memory that vanished may leave anything in its register, which
        // the compiler takes for 16 bits and compares as such.
        long at = descriptorsHost + (long) SplitRingLayout.DESCRIPTOR_SIZE * (head & (size - 1));
        // Length and flags in one load: what was checked is what is used.
        long rest = Raw.u64(at + SplitRingLayout.DESCRIPTOR_LENGTH);
        long length = rest & 0xffffffffL;
        if (((int) (rest >>> 32) & 0xffff) != wanted || length == 0 || length > MAX_DESCRIPTOR_BYTES) {
            return false;
        }
        long address = Raw.u64(at + SplitRingLayout.DESCRIPTOR_ADDRESS);
        long host = memory.host(address, length);
        if (host == 0) {
            return false;
        }
        burst.addresses[index] = host;
        burst.lengths[index] = (int) length;
        burst.heads[index] = head;
        return true;
    }

    @Override
    public void complete(Burst burst, int chains) {
        for (int i = 0; i < chains; i++) {
            burst.entries.u64((long) SplitRingLayout.USED_ENTRY_SIZE * i,
                    (long) burst.written[i] << 32 | burst.heads[i]);
        }
        // Not one by one: the ring's lines come from another core, and each store waits for the one before.
        int slot = nextUsed & (size - 1);
        int straight = Math.min(chains, size - slot);
        show(burst, 0, slot, straight);
        if (straight < chains) {
            show(burst, straight, 0, chains - straight);
        }
        nextUsed = (nextUsed + chains) & 0xffff;
        take(chains);
    }

    private void show(Burst burst, int from, int slot, int count) {
        Region.copy(burst.entries, (long) SplitRingLayout.USED_ENTRY_SIZE * from, used, usedAt
                + SplitRingLayout.USED_RING + (long) SplitRingLayout.USED_ENTRY_SIZE * slot,
                SplitRingLayout.USED_ENTRY_SIZE * count);
    }

    @Override
    public void consume(Burst burst, int chains) {
        if (!inOrder) {
            Arrays.fill(burst.written, 0, chains, 0);
            complete(burst, chains);
        } else if (chains > 0) {
            // One entry for all, in the place of the first and with the head of the last (section 2.7.9).
            used.u64(usedAt + SplitRingLayout.USED_RING
                    + (long) SplitRingLayout.USED_ENTRY_SIZE * (nextUsed & (size - 1)), burst.heads[chains - 1]);
            nextUsed = (nextUsed + chains) & 0xffff;
            take(chains);
        }
    }

    @Override
    public void take(int chains) {
        nextAvail = (nextAvail + chains) & 0xffff;
    }

    @Override
    public void complete(int head, int written) {
        if (fault != QueueFault.NONE) {
            return;
        }
        long at = usedAt + SplitRingLayout.USED_RING
                + (long) SplitRingLayout.USED_ENTRY_SIZE * (nextUsed & (size - 1));
        used.u64(at, (long) written << 32 | head);
        nextUsed = (nextUsed + 1) & 0xffff;
    }

    @Override
    public boolean publish() {
        if (nextUsed == publishedUsed || fault != QueueFault.NONE) {
            return false;
        }
        // Release: the entries, and the data written for them, are visible before the index that announces them
        // (2.7.8.2).
        used.u16Release(usedAt + SplitRingLayout.USED_INDEX, nextUsed);
        publishedUsed = nextUsed;
        return true;
    }

    @Override
    public boolean shouldCall() {
        if (fault != QueueFault.NONE) {
            return false;
        }
        if (!eventIndex) {
            int flags = avail.u16Opaque(availAt + SplitRingLayout.AVAIL_FLAGS);
            return (flags & SplitRingLayout.AVAIL_NO_INTERRUPT) == 0;
        }
        int event = avail.u16Opaque(availAt + SplitRingLayout.usedEvent(size));
        // vring_need_event, section 2.7.7.2: was the event index among the entries published since we last asked?
        boolean passed = ((publishedUsed - event - 1) & 0xffff) < ((publishedUsed - signalledUsed) & 0xffff);
        boolean call = passed || !signalledOnce;
        signalledUsed = publishedUsed;
        signalledOnce = true;
        return call;
    }

    /** With EVENT_IDX nothing needs to be written: the old event index lies behind. */
    @Override
    public void suppressKicks() {
        if (fault == QueueFault.NONE && !eventIndex) {
            used.u16Opaque(usedAt + SplitRingLayout.USED_FLAGS, SplitRingLayout.USED_NO_NOTIFY);
        }
    }

    @Override
    public void armKicks() {
        if (fault != QueueFault.NONE) {
            return;
        }
        if (eventIndex) {
            used.u16Opaque(usedAt + SplitRingLayout.availEvent(size), seenAvail);
        } else {
            used.u16Opaque(usedAt + SplitRingLayout.USED_FLAGS, 0);
        }
    }

    @Override
    public boolean news() {
        return fault == QueueFault.NONE && avail.u16Acquire(availAt + SplitRingLayout.AVAIL_INDEX) != seenAvail;
    }
}
