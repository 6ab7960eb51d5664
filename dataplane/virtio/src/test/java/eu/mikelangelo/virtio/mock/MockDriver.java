package eu.mikelangelo.virtio.mock;

import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.driver.BufferList;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import eu.mikelangelo.virtio.driver.PackedDriver;
import eu.mikelangelo.virtio.driver.SplitDriver;
import java.util.Arrays;

/**
 * A {@link Driver} with memory for its buffers: as many slots as the queue has entries; each piece of a chain lies in
 * a slot of its own, an indirect chain's pieces lie one behind the other in one.
 */
public final class MockDriver {
    private static final int TABLE_ENTRIES = 16;

    private final MockGuest guest;
    private final Driver driver;
    private final int slotBytes;
    private final long slots;
    private final int[] freeSlots;
    private int free;
    private final int[][] taken;
    private final BufferList[] chains;
    private BufferList last = new BufferList(0);

    /** A driver of a fresh queue. */
    public MockDriver(MockGuest guest, int size, int slotBytes, long features) {
        this(guest, size, slotBytes, features, Features.has(features, Features.PACKED) ? PackedDriver.FIRST_BASE : 0);
    }

    /** @param start where the queue begins, as after a long life: as {@link Driver#of} takes it */
    public MockDriver(MockGuest guest, int size, int slotBytes, long features, int start) {
        this.guest = guest;
        this.slotBytes = slotBytes;
        long bytes = DriverLayout.at(0, size, features, TABLE_ENTRIES).end();
        long at = guest.allocate(bytes, DriverLayout.ALIGN);
        driver = Driver.of(guest.memory(), DriverLayout.at(at, size, features, TABLE_ENTRIES), start);
        slots = guest.allocate((long) slotBytes * size, 1);
        freeSlots = new int[size];
        taken = new int[size][];
        chains = new BufferList[size];
        for (int i = 0; i < size; i++) {
            freeSlots[free++] = size - 1 - i;
        }
    }

    /** @return the driver itself */
    public Driver driver() {
        return driver;
    }

    public QueueConfig config() {
        return driver.config();
    }

    public long tableAddress() {
        return driver.layout().descriptors();
    }

    public long availAddress() {
        return driver.layout().driverArea();
    }

    public long usedAddress() {
        return driver.layout().deviceArea();
    }

    public long slotAddress(int slot) {
        return slots + (long) slotBytes * slot;
    }

    public int freeDescriptors() {
        return driver.free();
    }

    /**
     * Adds a chain of pieces, each at most a slot long (all of them together, when indirect), readable ones first; not
     * yet visible to the device.
     *
     * @return its id, or -1 when there are not enough descriptors
     */
    public int add(int[] readable, int[] writable, boolean indirect) {
        int pieces = readable.length + writable.length;
        int needed = indirect ? 1 : pieces;
        if (pieces == 0 || needed > free || needed > driver.free()) {
            return -1;
        }
        int[] ids = new int[needed];
        for (int i = 0; i < needed; i++) {
            ids[i] = freeSlots[--free];
        }
        BufferList list = new BufferList(pieces);
        long inSlot = slotAddress(ids[0]);
        for (int i = 0; i < pieces; i++) {
            int length = i < readable.length ? readable[i] : writable[i - readable.length];
            long where = indirect ? inSlot : slotAddress(ids[i]);
            inSlot += length;
            if (i < readable.length) {
                list.readable(where, length);
            } else {
                list.writable(where, length);
            }
        }
        int id = driver.post(list, indirect);
        taken[id] = ids;
        chains[id] = list;
        return id;
    }

    /** Writes a descriptor of the table at {@code tableAddress}; {@code next} is the id in a packed one. */
    public void descriptor(long tableAddress, int index, long address, int length, int flags, int next) {
        driver.rawDescriptor(tableAddress, index, address, length, flags, next);
    }

    /** Puts a head into the available ring of a split queue, not yet visible. */
    public void offer(int head) {
        ((SplitDriver) driver).offer(head);
    }

    /** Writes {@code bytes} over the pieces of the chain {@code id}, from its first piece on. */
    public void fill(int id, byte[] bytes) {
        BufferList list = chains[id];
        int at = 0;
        for (int i = 0; i < list.count() && at < bytes.length; i++) {
            int now = Math.min(list.length(i), bytes.length - at);
            guest.write(list.address(i), bytes, at, now);
            at += now;
        }
    }

    /** Makes what was added visible to the device, also what was not added in earnest. */
    public void publish() {
        if (!driver.publish() && driver instanceof SplitDriver split) {
            split.show();
        }
    }

    /** After {@link #publish}. @return whether the device wants a kick for it */
    public boolean needsKick() {
        return driver.needsKick();
    }

    /** Takes one used buffer. @return its id, or -1 when there is none; then see the {@code last…} methods */
    public int pollUsed() {
        int id = driver.poll();
        if (id == Driver.FOREIGN) {
            throw new AssertionError("the device returned a chain that it did not have");
        }
        if (id >= 0) {
            last = chains[id];
            for (int slot : taken[id]) {
                freeSlots[free++] = slot;
            }
        }
        return id;
    }

    public int lastUsedLength() {
        return driver.usedLength();
    }

    /** @return bytes of the chain last returned that were for the device to read; what it may write begins there */
    public int lastReadableBytes() {
        return last.readableBytes();
    }

    /** @return the first {@code length} bytes of the chain last returned by {@link #pollUsed} */
    public byte[] lastBytes(int length) {
        byte[] bytes = new byte[length];
        int at = 0;
        for (int i = 0; i < last.count() && at < length; i++) {
            int now = Math.min(last.length(i), length - at);
            guest.read(last.address(i), bytes, at, now);
            at += now;
        }
        return Arrays.copyOf(bytes, at);
    }

    /** Asks for a call at the next used entry. @return whether one is there already */
    public boolean armCalls() {
        driver.armCalls();
        Driver.fence();
        return driver.hasUsed();
    }

    /** Asks for no calls. */
    public void suppressCalls() {
        driver.suppressCalls();
    }
}
