package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import java.lang.invoke.VarHandle;
import java.util.Arrays;

/**
 * The device side of one split virtqueue (VIRTIO 1.3 section 2.7).
 *
 * <p>A turn looks like this: {@link #available} says how many chains the driver has made available; {@link #walk}
 * lists the memory of one of them without taking it; {@link #take} takes what was served; {@link #complete} stages a
 * used entry; {@link #publish} shows all staged entries to the driver at once; after a {@link #fence},
 * {@link #shouldCall} says whether the driver wants to be told. Before going to sleep: {@link #armKicks}.
 *
 * <p>The driver is hostile. Each index, length, flag and address is checked when it is read, each is read once, and
 * walks are bounded by the queue's size. The first violation marks the queue broken ({@link #fault}): from then on
 * nothing is available and nothing is written. Nothing throws because of what a driver wrote.
 *
 * <p>Threading: one owner at a time. The order towards the driver is by acquire, release and the full fence, as named
 * there.
 */
public final class SplitQueue {
    /** The largest queue served. The specification allows 32,768; QEMU's own limit is 1,024. */
    public static final int MAX_SIZE = 4096;

    /** The longest descriptor served. */
    public static final int MAX_DESCRIPTOR_BYTES = 1 << 30;

    private static final int DESCRIPTORS_PER_LINE = 4;

    /** Written so that what was only touched counts as used. */
    private long touched;

    private GuestMemory memory = GuestMemory.EMPTY;
    private Region descriptors;
    private long descriptorsAt;
    private Region avail;
    private long availAt;
    private Region used;
    private long usedAt;
    private int size;
    private boolean eventIndex;
    private boolean indirectAllowed;
    private boolean inOrder;

    /** Free-running indices, 16 bits in the rings. {@code seenAvail} is the driver's index as last read. */
    private int nextAvail;
    private int seenAvail;
    private int nextUsed;
    private int publishedUsed;
    private int signalledUsed;
    private boolean signalledOnce;

    /** Within a walk: no descriptor to be written was met yet. */
    private boolean mayRead;

    private QueueFault fault = QueueFault.NOT_ATTACHED;

    /**
     * Begins to serve a queue. The used index is taken from the ring itself, so a successor continues where a killed
     * back-end stopped.
     *
     * @return {@link QueueFault#NONE}, or why the queue is refused (it then stays broken with that reason)
     */
    public QueueFault attach(GuestMemory guest, QueueConfig config) {
        fault = QueueFault.NOT_ATTACHED;
        int entries = config.size();
        if (entries < 1 || entries > MAX_SIZE || Integer.bitCount(entries) != 1) {
            return breakQueue(QueueFault.BAD_SIZE);
        }
        memory = guest;
        size = entries;
        eventIndex = Features.has(config.features(), Features.EVENT_IDX);
        inOrder = Features.has(config.features(), Features.IN_ORDER);
        indirectAllowed = Features.has(config.features(), Features.INDIRECT_DESC);
        int table = locate(config.descriptorUser(), SplitRingLayout.descriptorBytes(entries),
                SplitRingLayout.DESCRIPTOR_ALIGN);
        int driver = locate(config.availUser(), SplitRingLayout.availBytes(entries), SplitRingLayout.AVAIL_ALIGN);
        int device = locate(config.usedUser(), SplitRingLayout.usedBytes(entries), SplitRingLayout.USED_ALIGN);
        if (table < 0 || driver < 0 || device < 0) {
            return breakQueue(QueueFault.BAD_RING_ADDRESS);
        }
        descriptors = memory.region(table);
        descriptorsAt = config.descriptorUser() - memory.userStart(table);
        avail = memory.region(driver);
        availAt = config.availUser() - memory.userStart(driver);
        used = memory.region(device);
        usedAt = config.usedUser() - memory.userStart(device);
        nextAvail = config.nextAvail() & 0xffff;
        seenAvail = nextAvail;
        nextUsed = used.u16Acquire(usedAt + SplitRingLayout.USED_INDEX);
        publishedUsed = nextUsed;
        signalledOnce = false;
        fault = QueueFault.NONE;
        return fault;
    }

    private int locate(long user, int bytes, int align) {
        int region = memory.findUser(user, bytes);
        if (region == GuestMemory.NONE) {
            return GuestMemory.NONE;
        }
        // The address that counts for ordered access is ours, not the front-end's.
        long host = memory.region(region).segment().address() + (user - memory.userStart(region));
        return host % align == 0 ? region : GuestMemory.NONE;
    }

    /** Stops serving; nothing of the guest's memory is kept. @return the next available index, for the successor */
    public int detach() {
        memory = GuestMemory.EMPTY;
        descriptors = null;
        avail = null;
        used = null;
        fault = QueueFault.NOT_ATTACHED;
        return nextAvail & 0xffff;
    }

    /** @return whether a queue is attached and not broken */
    public boolean working() {
        return fault == QueueFault.NONE;
    }

    /** @return why it is not working, or {@link QueueFault#NONE} */
    public QueueFault fault() {
        return fault;
    }

    /** Marks the queue broken; the first reason stays. @return the reason that stays */
    public QueueFault breakQueue(QueueFault reason) {
        if (fault == QueueFault.NONE || fault == QueueFault.NOT_ATTACHED) {
            fault = reason;
        }
        return fault;
    }

    /** @return entries of the queue */
    public int size() {
        return size;
    }

    /** @return the memory of the guest that this queue is in */
    public GuestMemory memory() {
        return memory;
    }

    /** @return the next available index, 0 to 65,535 */
    public int nextAvail() {
        return nextAvail & 0xffff;
    }

    /** @return chains that the driver has made available and we have not taken; 0 when broken */
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

    /**
     * Lists the memory of the chain {@code ahead} places after the next one; it stays available. {@code ahead} must
     * be less than what {@link #available} said.
     *
     * @param readable receives what the device may read; null when this queue's chains must have nothing to read
     * @param writable receives what the device may write; null when there must be nothing to write
     * @return the chain's head, to be given to {@link #complete}; -1 when the queue is broken now
     */
    public int walk(int ahead, ScatterList readable, ScatterList writable) {
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
            // All that is to be read comes before all that is to be written (section 2.7.4.2).
            if (!write && !mayRead) {
                return refuse(QueueFault.DIRECTION);
            }
            mayRead = !write;
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
        if (length == 0 || length % SplitRingLayout.DESCRIPTOR_SIZE != 0
                || length > (long) MAX_SIZE * SplitRingLayout.DESCRIPTOR_SIZE) {
            return refuse(QueueFault.INDIRECT_TABLE);
        }
        int region = memory.find(address, length);
        if (region == GuestMemory.NONE) {
            return refuse(QueueFault.INDIRECT_TABLE);
        }
        int entries = (int) (length / SplitRingLayout.DESCRIPTOR_SIZE);
        return walkTable(memory.region(region), address - memory.guestStart(region), entries, 0, budget, true,
                readable, writable);
    }

    private boolean append(ScatterList list, long address, long length) {
        if (list == null) {
            return refuse(QueueFault.DIRECTION);
        }
        if (length > MAX_DESCRIPTOR_BYTES) {
            return refuse(QueueFault.DESCRIPTOR_TOO_LONG);
        }
        int region = memory.find(address, length);
        if (region == GuestMemory.NONE) {
            return appendAcross(list, address, length);
        }
        return length == 0 || list.add(memory.region(region), address - memory.guestStart(region), (int) length)
                || refuse(QueueFault.CHAIN_TOO_LONG);
    }

    /** A buffer may cross from one region into the next where they touch in the guest's address space. */
    private boolean appendAcross(ScatterList list, long address, long length) {
        long at = address;
        long left = length;
        while (left > 0) {
            int region = memory.find(at, 1);
            if (region == GuestMemory.NONE) {
                return refuse(QueueFault.UNMAPPED);
            }
            long offset = at - memory.guestStart(region);
            long now = Math.min(left, memory.region(region).size() - offset);
            if (!list.add(memory.region(region), offset, (int) now)) {
                return refuse(QueueFault.CHAIN_TOO_LONG);
            }
            at += now;
            left -= now;
        }
        return length > 0 || refuse(QueueFault.UNMAPPED);
    }

    private boolean refuse(QueueFault reason) {
        breakQueue(reason);
        return false;
    }

    /**
     * Lists the next chains, as far as each is a single descriptor for the given direction that lies in one region;
     * they stay available. Before one that is anything else, or breaks a rule, the list ends: {@link #walk} is for
     * that.
     *
     * @param writable whether the device is to write them; otherwise to read
     * @param most at most {@link Burst#MAX}
     * @return how many
     */
    public int list(Burst burst, boolean writable, int most) {
        int count = Math.min(ahead(most), most);
        int wanted = writable ? SplitRingLayout.FLAG_WRITE : 0;
        touch(count);
        for (int i = 0; i < count; i++) {
            int slot = (nextAvail + i) & (size - 1);
            int head = avail.u16(availAt + SplitRingLayout.AVAIL_RING
                    + (long) SplitRingLayout.AVAIL_ENTRY_SIZE * slot);
            if (head >= size || !single(burst, i, head, wanted)) {
                return i;
            }
        }
        return count;
    }

    /** As {@link #available}, but an old answer that is enough counts: the driver writes its index all the time. */
    private int ahead(int most) {
        int known = (seenAvail - nextAvail) & 0xffff;
        return known >= most && fault == QueueFault.NONE ? known : available();
    }

    /**
     * Has the descriptors brought in all at the same time, where they lie one behind the other: the checks below are too
     * long for the processor to reach the next line while it waits for one.
     */
    private void touch(int count) {
        if (count < DESCRIPTORS_PER_LINE) {
            return;
        }
        int first = avail.u16(availAt + SplitRingLayout.AVAIL_RING
                + (long) SplitRingLayout.AVAIL_ENTRY_SIZE * (nextAvail & (size - 1)));
        long sum = 0;
        for (int i = 0; i < count; i += DESCRIPTORS_PER_LINE) {
            sum += descriptors.u64(descriptorsAt + (long) SplitRingLayout.DESCRIPTOR_SIZE * ((first + i) & (size - 1)));
        }
        touched = sum;
    }

    private boolean single(Burst burst, int index, int head, int wanted) {
        long at = descriptorsAt + (long) SplitRingLayout.DESCRIPTOR_SIZE * head;
        // Length and flags in one load: what was checked is what is used.
        long rest = descriptors.u64(at + SplitRingLayout.DESCRIPTOR_LENGTH);
        long length = rest & 0xffffffffL;
        if (((int) (rest >>> 32) & 0xffff) != wanted || length == 0 || length > MAX_DESCRIPTOR_BYTES) {
            return false;
        }
        long address = descriptors.u64(at + SplitRingLayout.DESCRIPTOR_ADDRESS);
        int region = memory.find(address, length);
        if (region == GuestMemory.NONE) {
            return false;
        }
        burst.regions[index] = memory.region(region);
        burst.offsets[index] = address - memory.guestStart(region);
        burst.lengths[index] = (int) length;
        burst.heads[index] = head;
        return true;
    }

    /** Takes the first {@code chains} chains of a list, and stages their used entries as {@link #complete} does. */
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

    /** As {@link #complete}, when nothing was written into them. */
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

    /** Takes the next {@code chains} chains. */
    public void take(int chains) {
        nextAvail = (nextAvail + chains) & 0xffff;
    }

    /**
     * Stages a used entry; the driver sees it after {@link #publish}. @param written bytes written from the chain's
     * start on
     */
    public void complete(int head, int written) {
        long at = usedAt + SplitRingLayout.USED_RING
                + (long) SplitRingLayout.USED_ENTRY_SIZE * (nextUsed & (size - 1));
        used.u64(at, (long) written << 32 | head);
        nextUsed = (nextUsed + 1) & 0xffff;
    }

    /** Shows the staged used entries to the driver. @return whether there were any */
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

    /**
     * The full fence between publishing used entries and reading whether the driver wants a call, and between arming
     * kicks and looking once more; it pairs with the driver's own between the same two steps in the other order
     * (2.7.7.2, 2.7.10).
     */
    public static void fence() {
        VarHandle.fullFence();
    }

    /**
     * After {@link #publish} and {@link #fence}. @return whether the driver wants to be called for what was published
     */
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

    /** Asks the driver not to kick. With EVENT_IDX nothing needs to be written: the old event index lies behind. */
    public void suppressKicks() {
        if (fault == QueueFault.NONE && !eventIndex) {
            used.u16Opaque(usedAt + SplitRingLayout.USED_FLAGS, SplitRingLayout.USED_NO_NOTIFY);
        }
    }

    /**
     * Asks the driver to kick for the next chain it adds beyond those seen. To be followed by a {@link #fence}, then
     * {@link #news}.
     */
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

    /** @return whether the driver has added chains since {@link #available} last looked */
    public boolean news() {
        return fault == QueueFault.NONE && avail.u16Acquire(availAt + SplitRingLayout.AVAIL_INDEX) != seenAvail;
    }
}
