package eu.mikelangelo.virtio;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.memory.raw.Raw;

/**
 * The device side of one packed virtqueue (VIRTIO 1.3 section 2.8).
 *
 * <p>One ring holds what the driver makes available and, written over it, what the device has used. A position counts
 * as {@link PackedRingLayout} says. Where a chain begins is known only when those before it were listed, so that is
 * remembered for every chain listed and not taken. Nothing is read beyond what may be available: one ring ahead of
 * the next used descriptor.
 *
 * <p>With VIRTIO_F_IN_ORDER, chains completed one behind the other with nothing to write share one used descriptor
 * (2.8.8): skipped buffers count as used completely, which says nothing of those to be read.
 *
 * <p>The buffer id is the driver's own name for a chain; it is given back and used for nothing.
 */
public final class PackedQueue extends VirtQueue {
    /** A chain: its id, how many descriptors of the ring it takes, and whether it has any to be written. */
    private static final int COUNT_SHIFT = 16;
    private static final int COUNT_MASK = 0x1fff;
    private static final int WRITES = 1 << 29;
    private static final int ID_MASK = 0xffff;

    private Region ring;
    private long ringAt;
    /** Our address of the ring, all of which lies in the region. */
    private long ringHost;
    private Region driver;
    private long driverAt;
    private Region device;
    private long deviceAt;
    private boolean inOrder;

    /**
     * Positions where chains begin, from the next one on: {@code starts[first + i & mask]} is that of the i-th, known
     * for all listed ones and the one behind them. {@code more}: that one was seen to be available.
     */
    private int[] starts = {0};
    private int mask;
    private int first;
    private int listed;
    private boolean more;

    /** Where the front-end last asked to begin, which is where a successor begins too while we have no positions. */
    private int askedBase;
    private boolean positioned;

    /** Where the next used descriptor goes, and how many descriptors were passed since the last publication. */
    private int nextUsed;
    private int staged;
    private int publishedUsed;

    /** The first used descriptor of what is staged, which is written last; none when {@code heldAt} is negative. */
    private int heldAt = -1;
    private long held;

    /** In order: chains completed and covered by one used descriptor to come; none when {@code runAt} is negative. */
    private int runAt = -1;
    private int runId;

    /** Where publication stood when we last asked whether to call, and how much was published since. */
    private int signalled;
    private int unsignalled;
    private boolean signalledOnce;

    /** The driver may be kicking: so it is before anything was said. */
    private boolean kicksAsked;

    /** A queue that is attached to nothing. */
    public PackedQueue() {
    }

    @Override
    public boolean packed() {
        return true;
    }

    /** Any size: section 2.8.10.1. */
    @Override
    boolean sizeAllowed(int entries) {
        return true;
    }

    @Override
    QueueFault begin(QueueConfig config) {
        askedBase = config.nextAvail();
        positioned = false;
        int table = locate(config.descriptorUser(), PackedRingLayout.descriptorBytes(size),
                PackedRingLayout.DESCRIPTOR_ALIGN);
        int avail = locate(config.availUser(), PackedRingLayout.EVENT_SIZE, PackedRingLayout.EVENT_ALIGN);
        int used = locate(config.usedUser(), PackedRingLayout.EVENT_SIZE, PackedRingLayout.EVENT_ALIGN);
        if (table == GuestMemory.NONE) {
            return QueueFault.BAD_RING_ADDRESS;
        }
        if (avail == GuestMemory.NONE) {
            return QueueFault.BAD_RING_ADDRESS;
        }
        if (used == GuestMemory.NONE) {
            return QueueFault.BAD_RING_ADDRESS;
        }
        if (!beginAt(config.nextAvail())) {
            return QueueFault.BAD_BASE;
        }
        ring = memory.region(table);
        ringAt = config.descriptorUser() - memory.userStart(table);
        ringHost = ring.segment().address() + ringAt;
        driver = memory.region(avail);
        driverAt = config.availUser() - memory.userStart(avail);
        device = memory.region(used);
        deviceAt = config.usedUser() - memory.userStart(used);
        inOrder = Features.has(config.features(), Features.IN_ORDER);
        signalledOnce = false;
        kicksAsked = true;
        return QueueFault.NONE;
    }

    /** Sets the positions as vhost-user names them. @return whether the ring has them */
    private boolean beginAt(int base) {
        int usedBase = base >>> 16;
        if (!PackedRingLayout.isPosition(base, size)) {
            return false;
        }
        int avail = PackedRingLayout.decode(base, size);
        int used = PackedRingLayout.decode(usedBase, size);
        // Zero where the wrap counters differ would be a whole ring in flight at least: no position was given.
        if (usedBase == 0 && (base & PackedRingLayout.WRAP) != 0) {
            used = avail;
        }
        if (!PackedRingLayout.isPosition(usedBase, size)) {
            return false;
        }
        if (PackedRingLayout.distance(used, avail, size) > size) {
            return false;
        }
        // A chain has at least one descriptor, so there is room for the start of each and of the one behind them.
        int room = Integer.highestOneBit(size) << 1;
        starts = starts.length == room ? starts : new int[room];
        mask = room - 1;
        positioned = true;
        first = 0;
        starts[0] = avail;
        listed = 0;
        more = false;
        nextUsed = used;
        publishedUsed = used;
        signalled = used;
        unsignalled = 0;
        staged = 0;
        heldAt = -1;
        runAt = -1;
        return true;
    }

    @Override
    void forget() {
        ring = null;
        driver = null;
        device = null;
    }

    @Override
    public int nextAvail() {
        if (!positioned) {
            return askedBase;
        }
        return PackedRingLayout.encode(starts[first], size) | PackedRingLayout.encode(publishedUsed, size) << 16;
    }

    private long at(int position) {
        return ringAt + (long) PackedRingLayout.DESCRIPTOR_SIZE * PackedRingLayout.place(position, size);
    }

    private boolean isAvailable(int flags, int position) {
        int bits = flags & (PackedRingLayout.FLAG_AVAIL | PackedRingLayout.FLAG_USED);
        return bits == PackedRingLayout.available(position, size);
    }

    /** Acquire: pairs with the driver's barrier before it writes the flags of a chain's first descriptor (2.8.21.1). */
    private boolean isAvailable(int position) {
        // A whole ring ahead of the next used descriptor nothing can be available, whatever the flags say.
        if (PackedRingLayout.distance(nextUsed, position, size) >= size) {
            return false;
        }
        return isAvailable(ring.u16Acquire(at(position) + PackedRingLayout.DESCRIPTOR_FLAGS), position);
    }

    @Override
    public int available() {
        if (fault != QueueFault.NONE) {
            return 0;
        }
        more = isAvailable(starts[first + listed & mask]);
        return more ? listed + 1 : listed;
    }

    @Override
    public int seen() {
        return fault != QueueFault.NONE ? 0 : more ? listed + 1 : listed;
    }

    @Override
    public boolean fills(int chains) {
        return PackedRingLayout.distance(starts[first], starts[first + chains & mask], size) == size;
    }

    @Override
    public int walk(int ahead, ScatterList readable, ScatterList writable) {
        if (fault != QueueFault.NONE) {
            return -1;
        }
        if (ahead > listed) {
            // The chains before it were not listed: our own mistake.
            breakQueue(QueueFault.INTERNAL);
            return -1;
        }
        int start = starts[first + ahead & mask];
        mayRead = true;
        int chain = walkRing(start, size - PackedRingLayout.distance(nextUsed, start, size), readable, writable);
        if (chain < 0) {
            return -1;
        }
        int count = chain >>> COUNT_SHIFT;
        if (!remember(ahead, PackedRingLayout.advance(start, count, size))) {
            return -1;
        }
        return mayRead ? chain : chain | WRITES;
    }

    /** Notes where the chain behind this one begins. @return false when that was elsewhere before */
    private boolean remember(int ahead, int end) {
        int index = first + ahead + 1 & mask;
        if (ahead == listed) {
            starts[index] = end;
            listed++;
            more = false;
            return true;
        }
        return starts[index] == end || refuse(QueueFault.CHANGED);
    }

    /**
     * @param budget descriptors that the chain may have: never more than the queue's size (2.8.17), which also ends
     *     loops, and none that would lie beyond what can be available
     * @return id and count, or -1
     */
    private int walkRing(int start, int budget, ScatterList readable, ScatterList writable) {
        int position = start;
        for (int count = 1; count <= budget; count++) {
            long at = at(position);
            // Length, id and flags in one load: what was checked is what is used. The address, which needs no check
            // beside them, comes after it: acquire, as in isAvailable.
            long rest = ring.u64Acquire(at + PackedRingLayout.DESCRIPTOR_LENGTH);
            int flags = (int) (rest >>> 48);
            // All of a chain's descriptors carry the bits (2.8.6), so it ends where the driver stopped.
            if (!isAvailable(flags, position)) {
                refuse(QueueFault.NOT_AVAILABLE);
                return -1;
            }
            long address = ring.u64(at + PackedRingLayout.DESCRIPTOR_ADDRESS);
            boolean listedAll = (flags & PackedRingLayout.FLAG_INDIRECT) != 0
                    ? walkIndirect(address, rest, flags, count, readable, writable)
                    : list(address, rest, (flags & PackedRingLayout.FLAG_WRITE) != 0, readable, writable);
            if (!listedAll) {
                return -1;
            }
            if ((flags & PackedRingLayout.FLAG_NEXT) == 0) {
                return count << COUNT_SHIFT | (int) (rest >>> 32) & ID_MASK;
            }
            position = PackedRingLayout.advance(position, 1, size);
        }
        refuse(QueueFault.CHAIN_TOO_LONG);
        return -1;
    }

    private boolean list(long address, long rest, boolean write, ScatterList readable, ScatterList writable) {
        return turns(write) && append(write ? writable : readable, address, rest & 0xffffffffL);
    }

    /**
     * Section 2.8.7: the table is the whole list, from its start to its end; of its descriptors' flags only WRITE
     * counts, and its own WRITE flag does not. Where nothing can be written WRITE does not count either: DPDK's
     * virtio-user (to 22.11 at least) sets it in tables of frames to be sent.
     *
     * @param count which descriptor of the chain names the table, from 1
     */
    private boolean walkIndirect(long address, long rest, int flags, int count, ScatterList readable,
            ScatterList writable) {
        if (!indirectAllowed) {
            return refuse(QueueFault.INDIRECT_NOT_NEGOTIATED);
        }
        // A list has descriptors of one kind only (2.8.5, 2.8.19).
        if (count > 1) {
            return refuse(QueueFault.INDIRECT_WITH_NEXT);
        }
        if ((flags & PackedRingLayout.FLAG_NEXT) != 0) {
            return refuse(QueueFault.INDIRECT_WITH_NEXT);
        }
        long length = rest & 0xffffffffL;
        int found = locateTable(address, length);
        if (found == GuestMemory.NONE) {
            return false;
        }
        int entries = (int) (length / PackedRingLayout.DESCRIPTOR_SIZE);
        if (entries > size) {
            return refuse(QueueFault.CHAIN_TOO_LONG);
        }
        Region table = memory.region(found);
        long at = address - memory.guestStart(found);
        for (int i = 0; i < entries; i++) {
            long entry = table.u64(at + PackedRingLayout.DESCRIPTOR_LENGTH);
            boolean write = writable != null && (entry >>> 48 & PackedRingLayout.FLAG_WRITE) != 0;
            if (!list(table.u64(at + PackedRingLayout.DESCRIPTOR_ADDRESS), entry, write, readable, writable)) {
                return false;
            }
            at += PackedRingLayout.DESCRIPTOR_SIZE;
        }
        return true;
    }

    /** In two loops: what follows a descriptor's check would keep the processor from the next line. */
    @Override
    public int list(Burst burst, boolean writable, int most) {
        if (fault != QueueFault.NONE) {
            return 0;
        }
        memory.requireMapped();
        int start = starts[first];
        int limit = Math.min(most, size - PackedRingLayout.distance(nextUsed, start, size));
        int seen = see(burst, start, limit, writable ? PackedRingLayout.FLAG_WRITE : 0);
        // Acquire, for all of them: the addresses are read after the flags that tell of them (2.8.21.1).
        Raw.loadFence();
        int position = start;
        for (int i = 0; i < seen; i++) {
            if (!single(burst, i, position, writable)) {
                return i;
            }
            position = PackedRingLayout.advance(position, 1, size);
            if (i >= listed) {
                starts[first + i + 1 & mask] = position;
                listed = i + 1;
                more = false;
            } else if (starts[first + i + 1 & mask] != position) {
                return i;
            }
        }
        return seen;
    }

    /** Notes length, id and flags of what is available, in one load each. @return how many are as wanted */
    private int see(Burst burst, int start, int limit, int direction) {
        long words = ringHost + PackedRingLayout.DESCRIPTOR_LENGTH;
        int place = PackedRingLayout.place(start, size);
        int wanted = PackedRingLayout.available(start, size) | direction;
        for (int i = 0; i < limit; i++) {
            long rest = Raw.u64(words + (long) PackedRingLayout.DESCRIPTOR_SIZE * place);
            // Any other flag, also one without a meaning, is not for here.
            if ((int) (rest >>> 48) != wanted) {
                return i;
            }
            burst.words[i] = rest;
            if (++place == size) {
                place = 0;
                wanted ^= PackedRingLayout.FLAG_AVAIL | PackedRingLayout.FLAG_USED;
            }
        }
        return limit;
    }

    private boolean single(Burst burst, int index, int position, boolean writable) {
        long rest = burst.words[index];
        long length = rest & 0xffffffffL;
        if (length == 0 || length > MAX_DESCRIPTOR_BYTES) {
            return false;
        }
        long at = ringHost + (long) PackedRingLayout.DESCRIPTOR_SIZE * PackedRingLayout.place(position, size);
        long host = memory.host(Raw.u64(at + PackedRingLayout.DESCRIPTOR_ADDRESS), length);
        if (host == 0) {
            return false;
        }
        burst.addresses[index] = host;
        burst.lengths[index] = (int) length;
        burst.heads[index] = (int) (rest >>> 32) & ID_MASK | 1 << COUNT_SHIFT | (writable ? WRITES : 0);
        return true;
    }

    @Override
    public void complete(Burst burst, int chains) {
        stage(burst, chains, -1);
    }

    /** @param written a mask of the bytes written to each: nothing or what the burst says */
    private void stage(Burst burst, int chains, int written) {
        if (chains == 0 || fault != QueueFault.NONE) {
            return;
        }
        endRun();
        long words = ringHost + PackedRingLayout.DESCRIPTOR_LENGTH;
        int place = PackedRingLayout.place(nextUsed, size);
        int used = PackedRingLayout.used(nextUsed, size);
        boolean holds = heldAt < 0;
        if (holds) {
            heldAt = nextUsed;
            held = usedWord(burst.words[0], burst.written[0] & written, used);
        }
        for (int i = 0; i < chains; i++) {
            if (i > 0 || !holds) {
                Raw.u64(words + (long) PackedRingLayout.DESCRIPTOR_SIZE * place,
                        usedWord(burst.words[i], burst.written[i] & written, used));
            }
            if (++place == size) {
                place = 0;
                used ^= PackedRingLayout.FLAG_AVAIL | PackedRingLayout.FLAG_USED;
            }
        }
        nextUsed = PackedRingLayout.advance(nextUsed, chains, size);
        staged += chains;
        take(chains);
    }

    /** @param avail the descriptor's length, id and flags: the id goes back */
    private static long usedWord(long avail, int written, int used) {
        int flags = written > 0 ? used | PackedRingLayout.FLAG_WRITE : used;
        return (long) flags << 48 | avail & (long) ID_MASK << 32 | written & 0xffffffffL;
    }

    /** All that follow one another in order share a used descriptor: see {@link #complete(int, int)}. */
    @Override
    public void consume(Burst burst, int chains) {
        if (!inOrder || chains == 0 || fault != QueueFault.NONE || (burst.heads[0] & WRITES) != 0) {
            stage(burst, chains, 0);
            return;
        }
        runAt = runAt < 0 ? nextUsed : runAt;
        runId = burst.heads[chains - 1] & ID_MASK;
        nextUsed = PackedRingLayout.advance(nextUsed, chains, size);
        staged += chains;
        take(chains);
    }

    @Override
    public void take(int chains) {
        if (chains > listed) {
            // Where they end is not known: our own mistake.
            breakQueue(QueueFault.INTERNAL);
            return;
        }
        first = first + chains & mask;
        listed -= chains;
    }

    @Override
    public void complete(int chain, int written) {
        if (fault != QueueFault.NONE) {
            return;
        }
        int count = chain >>> COUNT_SHIFT & COUNT_MASK;
        int id = chain & ID_MASK;
        if (inOrder && (chain & WRITES) == 0) {
            runAt = runAt < 0 ? nextUsed : runAt;
            runId = id;
        } else {
            endRun();
            stage(nextUsed, id, written);
        }
        nextUsed = PackedRingLayout.advance(nextUsed, count, size);
        staged += count;
    }

    private void endRun() {
        if (runAt >= 0) {
            stage(runAt, runId, 0);
            runAt = -1;
        }
    }

    /** Writes a used descriptor, but the first since the last publication: the driver looks at no other before it. */
    private void stage(int position, int id, int written) {
        int flags = PackedRingLayout.used(position, size) | (written > 0 ? PackedRingLayout.FLAG_WRITE : 0);
        long word = (long) flags << 48 | (long) id << 32 | written & 0xffffffffL;
        if (heldAt < 0) {
            heldAt = position;
            held = word;
        } else {
            ring.u64(at(position) + PackedRingLayout.DESCRIPTOR_LENGTH, word);
        }
    }

    @Override
    public boolean publish() {
        if (staged == 0 || fault != QueueFault.NONE) {
            return false;
        }
        endRun();
        // Release: the other used descriptors, and the data written for all, are visible before this one (2.8.9).
        ring.u64Release(at(heldAt) + PackedRingLayout.DESCRIPTOR_LENGTH, held);
        heldAt = -1;
        publishedUsed = nextUsed;
        // Two laps are all positions; more cannot be told apart.
        unsignalled = Math.min(unsignalled + staged, 2 * size);
        staged = 0;
        return true;
    }

    @Override
    public boolean shouldCall() {
        if (fault != QueueFault.NONE) {
            return false;
        }
        int event = driver.u32Acquire(driverAt);
        int flags = event >>> 16 & PackedRingLayout.EVENT_FLAGS_MASK;
        // Was the event's position among those passed since we last asked (as vring_need_event in 2.7.7.2)?
        boolean passed = PackedRingLayout.distance(signalled, PackedRingLayout.decode(event, size), size)
                < unsignalled;
        boolean once = signalledOnce;
        signalled = publishedUsed;
        unsignalled = 0;
        signalledOnce = true;
        if (flags == PackedRingLayout.EVENT_DISABLE) {
            return false;
        }
        if (flags != PackedRingLayout.EVENT_DESCRIPTOR) {
            return true;
        }
        return passed || !once || !eventIndex;
    }

    /** Two laps later an old event position would count again, so with EVENT_IDX too kicks are disabled. */
    @Override
    public void suppressKicks() {
        if (fault == QueueFault.NONE && kicksAsked) {
            device.u16Opaque(deviceAt + PackedRingLayout.EVENT_FLAGS, PackedRingLayout.EVENT_DISABLE);
            kicksAsked = false;
        }
    }

    @Override
    public void armKicks() {
        if (fault != QueueFault.NONE) {
            return;
        }
        kicksAsked = true;
        if (eventIndex) {
            // Position and flags in one store: no pair of an old and a new half is seen.
            int position = PackedRingLayout.encode(starts[first + listed & mask], size);
            device.u32Release(deviceAt, position | PackedRingLayout.EVENT_DESCRIPTOR << 16);
        } else {
            device.u16Opaque(deviceAt + PackedRingLayout.EVENT_FLAGS, PackedRingLayout.EVENT_ENABLE);
        }
    }

    /** What {@link #available} saw and {@link #walk} has not listed is no news. */
    @Override
    public boolean news() {
        return fault == QueueFault.NONE && !more && isAvailable(starts[first + listed & mask]);
    }
}
