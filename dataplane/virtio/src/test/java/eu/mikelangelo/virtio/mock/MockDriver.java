package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.SplitRingLayout;
import java.lang.invoke.VarHandle;
import java.util.Arrays;
import java.util.stream.IntStream;

/**
 * The driver side of a split virtqueue, as a guest's kernel plays it. Each descriptor owns a slot of guest memory; a
 * chain's bytes live in the slots of its descriptors, an indirect chain's table at the start of its slot with the
 * bytes behind it.
 */
public final class MockDriver {
    private final MockGuest guest;
    private final int size;
    private final int slotBytes;
    private final boolean eventIndex;
    private final long features;
    private final long table;
    private final long avail;
    private final long used;
    private final long slots;
    private final int[] freeHeads;
    private final int[][] chains;
    private final long[][] addresses;
    private final int[][] lengths;
    private int free;
    private int availIndex;
    private int lastUsed;
    private int kickedIndex;
    private int lastUsedLength;
    private final int[] readableBytes;
    private int lastReadableBytes;
    private long[] lastAddresses = new long[0];
    private int[] lastLengths = new int[0];

    /** A driver whose indices start at zero. */
    public MockDriver(MockGuest guest, int size, int slotBytes, long features) {
        this(guest, size, slotBytes, features, 0);
    }

    /** @param start first value of both indices, as after a long life */
    public MockDriver(MockGuest guest, int size, int slotBytes, long features, int start) {
        this.guest = guest;
        this.size = size;
        this.slotBytes = slotBytes;
        this.features = features;
        eventIndex = Features.has(features, Features.EVENT_IDX);
        table = guest.allocate(SplitRingLayout.descriptorBytes(size), SplitRingLayout.DESCRIPTOR_ALIGN);
        avail = guest.allocate(SplitRingLayout.availBytes(size), SplitRingLayout.AVAIL_ALIGN);
        used = guest.allocate(SplitRingLayout.usedBytes(size), SplitRingLayout.USED_ALIGN);
        slots = guest.allocate((long) slotBytes * size, 1);
        freeHeads = new int[size];
        chains = new int[size][];
        addresses = new long[size][];
        lengths = new int[size][];
        readableBytes = new int[size];
        for (int i = 0; i < size; i++) {
            freeHeads[free++] = size - 1 - i;
        }
        availIndex = start;
        kickedIndex = start;
        lastUsed = start;
        ring16(avail + SplitRingLayout.AVAIL_INDEX, start);
        ring16(used + SplitRingLayout.USED_INDEX, start);
    }

    public QueueConfig config() {
        return new QueueConfig(size, guest.user(table), guest.user(avail), guest.user(used), lastUsed & 0xffff,
                features);
    }

    public long tableAddress() {
        return table;
    }

    public long availAddress() {
        return avail;
    }

    public long usedAddress() {
        return used;
    }

    public long slotAddress(int descriptor) {
        return slots + (long) slotBytes * descriptor;
    }

    public int freeDescriptors() {
        return free;
    }

    /**
     * Adds a chain of pieces, each at most a slot long, readable ones first; not yet visible to the device.
     *
     * @return its head, or -1 when there are not enough descriptors
     */
    public int add(int[] readable, int[] writable, boolean indirect) {
        int pieces = readable.length + writable.length;
        int needed = indirect ? 1 : pieces;
        if (needed > free || pieces == 0) {
            return -1;
        }
        int[] ids = new int[needed];
        for (int i = 0; i < needed; i++) {
            ids[i] = freeHeads[--free];
        }
        long[] where = new long[pieces];
        int[] length = new int[pieces];
        long inTable = slotAddress(ids[0]) + (long) SplitRingLayout.DESCRIPTOR_SIZE * pieces;
        for (int i = 0; i < pieces; i++) {
            length[i] = i < readable.length ? readable[i] : writable[i - readable.length];
            where[i] = indirect ? inTable : slotAddress(ids[i]);
            inTable += length[i];
            int flags = (i < readable.length ? 0 : SplitRingLayout.FLAG_WRITE)
                    | (i < pieces - 1 ? SplitRingLayout.FLAG_NEXT : 0);
            int next = i == pieces - 1 ? 0 : indirect ? i + 1 : ids[i + 1];
            descriptor(indirect ? slotAddress(ids[0]) : table, indirect ? i : ids[i], where[i], length[i], flags, next);
        }
        if (indirect) {
            descriptor(table, ids[0], slotAddress(ids[0]), SplitRingLayout.DESCRIPTOR_SIZE * pieces,
                    SplitRingLayout.FLAG_INDIRECT, 0);
        }
        chains[ids[0]] = ids;
        readableBytes[ids[0]] = IntStream.of(readable).sum();
        addresses[ids[0]] = where;
        lengths[ids[0]] = length;
        offer(ids[0]);
        return ids[0];
    }

    /** Writes a descriptor of the table at {@code tableAddress}. */
    public void descriptor(long tableAddress, int index, long address, int length, int flags, int next) {
        long at = tableAddress + (long) SplitRingLayout.DESCRIPTOR_SIZE * index;
        byte[] bytes = new byte[SplitRingLayout.DESCRIPTOR_SIZE];
        for (int i = 0; i < 8; i++) {
            bytes[i] = (byte) (address >>> 8 * i);
        }
        for (int i = 0; i < 4; i++) {
            bytes[8 + i] = (byte) (length >>> 8 * i);
        }
        for (int i = 0; i < 2; i++) {
            bytes[12 + i] = (byte) (flags >>> 8 * i);
            bytes[14 + i] = (byte) (next >>> 8 * i);
        }
        guest.write(at, bytes, 0, bytes.length);
    }

    /** Puts a head into the available ring, not yet visible. */
    public void offer(int head) {
        ring16(avail + SplitRingLayout.AVAIL_RING + 2L * (availIndex & (size - 1)), head);
        availIndex = (availIndex + 1) & 0xffff;
    }

    /** Writes {@code bytes} over the pieces of the chain at {@code head}, from its first piece on. */
    public void fill(int head, byte[] bytes) {
        int at = 0;
        for (int i = 0; i < lengths[head].length && at < bytes.length; i++) {
            int now = Math.min(lengths[head][i], bytes.length - at);
            guest.write(addresses[head][i], bytes, at, now);
            at += now;
        }
    }

    /** Makes what was added visible to the device. */
    public void publish() {
        guest.region(avail, 4).u16Release(guest.offset(avail) + SplitRingLayout.AVAIL_INDEX, availIndex);
    }

    /** After {@link #publish}. @return whether the device wants a kick for it */
    public boolean needsKick() {
        VarHandle.fullFence();
        int before = kickedIndex;
        kickedIndex = availIndex;
        if (eventIndex) {
            int event = ring16(used + SplitRingLayout.availEvent(size));
            return ((availIndex - event - 1) & 0xffff) < ((availIndex - before) & 0xffff);
        }
        return (ring16(used + SplitRingLayout.USED_FLAGS) & SplitRingLayout.USED_NO_NOTIFY) == 0;
    }

    /** Takes one used entry. @return its head, or -1 when there is none; then see the other {@code last…} methods */
    public int pollUsed() {
        Region ring = guest.region(used, SplitRingLayout.usedBytes(size));
        long at = guest.offset(used);
        if (ring.u16Acquire(at + SplitRingLayout.USED_INDEX) == lastUsed) {
            return -1;
        }
        long entry = ring.u64(at + SplitRingLayout.USED_RING + 8L * (lastUsed & (size - 1)));
        lastUsed = (lastUsed + 1) & 0xffff;
        int head = (int) entry;
        lastUsedLength = (int) (entry >>> 32);
        if (head < 0 || head >= size || chains[head] == null) {
            throw new AssertionError("the device returned chain " + head + ", which it did not have");
        }
        lastAddresses = addresses[head];
        lastLengths = lengths[head];
        lastReadableBytes = readableBytes[head];
        for (int id : chains[head]) {
            freeHeads[free++] = id;
        }
        chains[head] = null;
        return head;
    }

    public int lastUsedLength() {
        return lastUsedLength;
    }

    /** @return bytes of the chain last returned that were for the device to read; what it may write begins there */
    public int lastReadableBytes() {
        return lastReadableBytes;
    }

    /** @return the first {@code length} bytes of the chain last returned by {@link #pollUsed} */
    public byte[] lastBytes(int length) {
        byte[] bytes = new byte[length];
        int at = 0;
        for (int i = 0; i < lastLengths.length && at < length; i++) {
            int now = Math.min(lastLengths[i], length - at);
            guest.read(lastAddresses[i], bytes, at, now);
            at += now;
        }
        return Arrays.copyOf(bytes, at);
    }

    /** Asks for a call at the next used entry. @return whether one is there already */
    public boolean armCalls() {
        if (eventIndex) {
            ring16(avail + SplitRingLayout.usedEvent(size), lastUsed);
        } else {
            ring16(avail + SplitRingLayout.AVAIL_FLAGS, 0);
        }
        VarHandle.fullFence();
        return ring16(used + SplitRingLayout.USED_INDEX) != lastUsed;
    }

    /** Asks for no calls. */
    public void suppressCalls() {
        if (!eventIndex) {
            ring16(avail + SplitRingLayout.AVAIL_FLAGS, SplitRingLayout.AVAIL_NO_INTERRUPT);
        }
    }

    private void ring16(long address, int value) {
        guest.region(address, 2).u16Opaque(guest.offset(address), value);
    }

    private int ring16(long address) {
        return guest.region(address, 2).u16Opaque(guest.offset(address));
    }
}
