package eu.mikelangelo.virtio.driver;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.PackedRingLayout;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.SplitRingLayout;

/**
 * Where a driver's queue lies in its guest's memory. All addresses are guest physical; each part lies in one region.
 *
 * @param size entries: a power of two for a split queue, any number for a packed one
 * @param features the feature bits the driver accepted
 * @param descriptors descriptor area: the table, or a packed queue's ring
 * @param driverArea the available ring, or the event suppression structure that a packed queue's driver writes
 * @param deviceArea the used ring, or the event suppression structure that a packed queue's device writes
 * @param tables indirect tables, one per entry of the queue, one behind the other
 * @param tableEntries descriptors of one indirect table; 0 when there are none
 */
public record DriverLayout(int size, long features, long descriptors, long driverArea, long deviceArea, long tables,
        int tableEntries) {
    /** Alignment of {@link #at}: no part shares a cache line with another. */
    public static final int ALIGN = 64;

    /** Puts the parts one behind the other, from {@code start} on (aligned to {@link #ALIGN} by the caller). */
    public static DriverLayout at(long start, int size, long features, int tableEntries) {
        boolean packed = Features.has(features, Features.PACKED);
        long driver = aligned(start + SplitRingLayout.descriptorBytes(size));
        long device = aligned(driver + (packed ? PackedRingLayout.EVENT_SIZE : SplitRingLayout.availBytes(size)));
        long tables = aligned(device + (packed ? PackedRingLayout.EVENT_SIZE : SplitRingLayout.usedBytes(size)));
        return new DriverLayout(size, features, start, driver, device, tables, tableEntries);
    }

    private static long aligned(long address) {
        return (address + ALIGN - 1) / ALIGN * ALIGN;
    }

    /** @return whether the queue is a packed one */
    public boolean packed() {
        return Features.has(features, Features.PACKED);
    }

    /** @return the first address behind a layout that {@link #at} made */
    public long end() {
        return aligned(tables + (long) SplitRingLayout.descriptorBytes(size) * tableEntries);
    }

    /** @return address of the indirect table that belongs to buffer {@code id} */
    public long table(int id) {
        return tables + (long) SplitRingLayout.descriptorBytes(tableEntries) * id;
    }

    /** @return what the device side needs to know, with the front-end's addresses; {@code base} as in QueueConfig */
    public QueueConfig config(GuestMemory memory, int base) {
        return new QueueConfig(size, user(memory, descriptors), user(memory, driverArea), user(memory, deviceArea),
                base, features);
    }

    private static long user(GuestMemory memory, long guest) {
        int region = memory.find(guest, 1);
        return guest - memory.guestStart(region) + memory.userStart(region);
    }
}
