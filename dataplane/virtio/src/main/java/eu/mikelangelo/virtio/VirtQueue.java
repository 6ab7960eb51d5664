package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.GuestMemory;
import java.lang.invoke.VarHandle;

/**
 * The device side of one virtqueue, of either format: {@link SplitQueue} or {@link PackedQueue}.
 *
 * <p>A turn looks like this: {@link #available} says how many chains there are to take; {@link #walk} lists the memory
 * of one of them without taking it; {@link #complete} stages its used entry; {@link #take} takes what was served;
 * {@link #publish} shows all staged entries to the driver at once; after a {@link #fence}, {@link #shouldCall} says
 * whether the driver wants to be told. Before going to sleep: {@link #armKicks}, {@link #fence}, {@link #news}.
 *
 * <p>The driver is hostile. Each index, length, flag and address is checked when it is read, each is read once, and
 * walks are bounded by the queue's size. The first violation marks the queue broken ({@link #fault}): from then on
 * nothing is available and nothing is written. Nothing throws because of what a driver wrote.
 *
 * <p>Threading: one owner at a time. The order towards the driver is by acquire, release and the full fence, as named
 * there.
 */
public abstract sealed class VirtQueue permits SplitQueue, PackedQueue {
    /** The largest queue served. The specification allows 32,768; QEMU's own limit is 1,024. */
    public static final int MAX_SIZE = 4096;

    /** The longest descriptor served. */
    public static final int MAX_DESCRIPTOR_BYTES = 1 << 30;

    /**
     * Descriptors that a turn walks of one guest, in a direction, before the rest is left to the next one. No honest
     * guest comes near it: 64 frames of 64 KiB have some 1,200 in Linux. One that posts the longest chains there are
     * takes no more of a core's time than one that sends long frames.
     */
    public static final int TURN_DESCRIPTORS = 4096;

    /** A descriptor, of either format, is 16 bytes. */
    static final int DESCRIPTOR_BYTES = 16;

    GuestMemory memory = GuestMemory.EMPTY;
    int size;
    boolean eventIndex;
    boolean indirectAllowed;

    /** Within a walk: no descriptor to be written was met yet. */
    boolean mayRead;

    QueueFault fault = QueueFault.NOT_ATTACHED;

    private long walked;

    VirtQueue() {
    }

    /** @return a queue, not attached, of the format that these features name */
    public static VirtQueue of(long features) {
        return Features.has(features, Features.PACKED) ? new PackedQueue() : new SplitQueue();
    }

    /**
     * @return {@code current} where it has the format that these features name; otherwise a new one, and
     *     {@code current} has let go of its guest
     */
    static VirtQueue suited(VirtQueue current, long features) {
        if (current.packed() == Features.has(features, Features.PACKED)) {
            return current;
        }
        current.detach();
        return of(features);
    }

    /** @return whether this is a packed queue */
    public abstract boolean packed();

    /**
     * Begins to serve a queue. A split queue's used index is taken from the ring itself, so a successor continues
     * where a killed back-end stopped; a packed queue begins where the front-end says.
     *
     * @return {@link QueueFault#NONE}, or why the queue is refused (it then stays broken with that reason)
     */
    public final QueueFault attach(GuestMemory guest, QueueConfig config) {
        fault = QueueFault.NOT_ATTACHED;
        if (Features.has(config.features(), Features.PACKED) != packed()) {
            return breakQueue(QueueFault.WRONG_FORMAT);
        }
        int entries = config.size();
        if (entries < 1) {
            return breakQueue(QueueFault.BAD_SIZE);
        }
        if (entries > MAX_SIZE) {
            return breakQueue(QueueFault.BAD_SIZE);
        }
        if (!sizeAllowed(entries)) {
            return breakQueue(QueueFault.BAD_SIZE);
        }
        memory = guest;
        size = entries;
        eventIndex = Features.has(config.features(), Features.EVENT_IDX);
        indirectAllowed = Features.has(config.features(), Features.INDIRECT_DESC);
        QueueFault refused = begin(config);
        if (refused != QueueFault.NONE) {
            return breakQueue(refused);
        }
        fault = QueueFault.NONE;
        return fault;
    }

    /** @return whether this format allows {@code entries}, which is in the limits */
    abstract boolean sizeAllowed(int entries);

    /** Finds the parts and sets the positions. @return why not, or NONE */
    abstract QueueFault begin(QueueConfig config);

    /** Drops the references to the guest's memory; positions stay. */
    abstract void forget();

    /** @return the region that holds a part of the queue, aligned where we see it; or {@link GuestMemory#NONE} */
    final int locate(long user, int bytes, int align) {
        int region = memory.findUser(user, bytes);
        if (region == GuestMemory.NONE) {
            return GuestMemory.NONE;
        }
        // The address that counts for ordered access is ours, not the front-end's.
        long host = memory.region(region).segment().address() + (user - memory.userStart(region));
        return host % align == 0 ? region : GuestMemory.NONE;
    }

    /**
     * Stops serving; nothing of the guest's memory is kept. What was staged and not published is lost.
     *
     * @return {@link #nextAvail}, for the successor
     */
    public final int detach() {
        memory = GuestMemory.EMPTY;
        forget();
        fault = QueueFault.NOT_ATTACHED;
        return nextAvail();
    }

    /** @return whether a queue is attached and not broken */
    public final boolean working() {
        return fault == QueueFault.NONE;
    }

    /** @return why it is not working, or {@link QueueFault#NONE} */
    public final QueueFault fault() {
        return fault;
    }

    /** Marks the queue broken; the first reason stays. @return the reason that stays */
    public final QueueFault breakQueue(QueueFault reason) {
        if (fault == QueueFault.NONE || fault == QueueFault.NOT_ATTACHED) {
            fault = reason;
        }
        return fault;
    }

    final boolean refuse(QueueFault reason) {
        breakQueue(reason);
        return false;
    }

    /** @return entries of the queue */
    public final int size() {
        return size;
    }

    /** @return the memory of the guest that this queue is in */
    public final GuestMemory memory() {
        return memory;
    }

    /**
     * @return where a successor goes on, as vhost-user's GET_VRING_BASE says it: of a split queue the next available
     *     index, 0 to 65,535; of a packed one all 32 bits (so it may be negative): position and wrap counter of the
     *     next available descriptor in the low half, those of the next used one in the high half
     */
    public abstract int nextAvail();

    /**
     * Looks for chains that the driver has made available and we have not taken.
     *
     * @return how many there are at least: all of a split queue; of a packed one those listed by {@link #walk} and one
     *     more where there is one. So it is more than the number listed so far whenever there are more, and 0 when
     *     there are none or the queue is broken
     */
    public abstract int available();

    /**
     * Counts without a look into the driver's memory.
     *
     * @return chains that are known to be available and were not taken: of a split queue all that there were at the
     *     last look; a packed ring does not say how many there are, so of those no more than were listed and one
     */
    public abstract int seen();

    /**
     * @param chains how many were listed from the next one on
     * @return whether they take all of the ring, so that there can be no more before some are completed
     */
    public abstract boolean fills(int chains);

    /**
     * Lists the memory of the chain {@code ahead} places after the next one; it stays available. {@code ahead} must be
     * less than what {@link #available} said, and those before it must have been listed since they became available.
     *
     * @param readable receives what the device may read; null when this queue's chains must have nothing to read
     * @param writable receives what the device may write; null when there must be nothing to write
     * @return the chain, to be given to {@link #complete}; -1 when the queue is broken now
     */
    public abstract int walk(int ahead, ScatterList readable, ScatterList writable);

    /** Takes the next {@code chains} chains, all of which were listed by {@link #walk}. */
    public abstract void take(int chains);

    /**
     * Stages a used entry; the driver sees it after {@link #publish}. Chains that are not taken yet are completed in
     * their order: a packed ring's used entry overwrites the first one of them.
     *
     * @param chain what {@link #walk} returned
     * @param written bytes written from the chain's start on
     */
    public abstract void complete(int chain, int written);

    /** Shows the staged used entries to the driver. @return whether there were any */
    public abstract boolean publish();

    /**
     * The full fence between publishing used entries and reading whether the driver wants a call, and between arming
     * kicks and looking once more; it pairs with the driver's own between the same two steps in the other order
     * (2.7.7.2, 2.7.10, 2.8.21).
     */
    public static void fence() {
        VarHandle.fullFence();
    }

    /**
     * After {@link #publish} and {@link #fence}. @return whether the driver wants to be called for what was published
     */
    public abstract boolean shouldCall();

    /** Asks the driver not to kick. */
    public abstract void suppressKicks();

    /**
     * Asks the driver to kick for the next chain it adds beyond those seen. To be followed by a {@link #fence}, then
     * {@link #news}.
     */
    public abstract void armKicks();

    /** @return whether the driver has added chains since {@link #available} last looked */
    public abstract boolean news();

    /**
     * Lists the next chains, as far as each is a single descriptor for the given direction that lies in one region;
     * they stay available. Before one that is anything else, or breaks a rule, the list ends: {@link #walk} is for
     * that.
     *
     * @param writable whether the device is to write them; otherwise to read
     * @param most at most {@link Burst#MAX}
     * @return how many
     */
    public abstract int list(Burst burst, boolean writable, int most);

    /** Takes the first {@code chains} chains of a list, and stages their used entries as {@link #complete} does. */
    public abstract void complete(Burst burst, int chains);

    /** As {@link #complete(Burst, int)}, when nothing was written into them. */
    public abstract void consume(Burst burst, int chains);

    /** @return descriptors that {@link #walk} has listed since the queue was made, those in tables too */
    public final long walked() {
        return walked;
    }

    /** Notes one buffer of a chain. @return false when the queue is broken now */
    final boolean append(ScatterList list, long address, long length) {
        walked++;
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

    /**
     * Checks a descriptor that names an indirect table, except for what comes before and behind it.
     *
     * @return the region that holds the table, or {@link GuestMemory#NONE} when the queue is broken now
     */
    final int locateTable(long address, long length) {
        if (length == 0) {
            breakQueue(QueueFault.INDIRECT_TABLE);
            return GuestMemory.NONE;
        }
        if (length % DESCRIPTOR_BYTES != 0) {
            breakQueue(QueueFault.INDIRECT_TABLE);
            return GuestMemory.NONE;
        }
        if (length > (long) MAX_SIZE * DESCRIPTOR_BYTES) {
            breakQueue(QueueFault.INDIRECT_TABLE);
            return GuestMemory.NONE;
        }
        int region = memory.find(address, length);
        if (region == GuestMemory.NONE) {
            breakQueue(QueueFault.INDIRECT_TABLE);
        }
        return region;
    }

    /** @return whether a descriptor for that direction may stand here, after those before it (2.7.4.2, 2.8.17) */
    final boolean turns(boolean write) {
        // All that is to be read comes before all that is to be written.
        if (!write && !mayRead) {
            return refuse(QueueFault.DIRECTION);
        }
        mayRead = !write;
        return true;
    }
}
