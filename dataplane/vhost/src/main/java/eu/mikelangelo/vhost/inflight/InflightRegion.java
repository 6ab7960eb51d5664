package eu.mikelangelo.vhost.inflight;

import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * The shared memory in which a device notes what is in flight, a part per queue. Its content belongs to the peer as
 * much as to us: every value read from it must be checked. Immutable; the parts are not protected.
 */
public final class InflightRegion {
    /** No region: the device notes nothing. */
    public static final InflightRegion NONE = new InflightRegion();

    private final Region[] parts;
    private final int entries;
    private final boolean packed;

    private InflightRegion() {
        parts = new Region[0];
        entries = 0;
        packed = false;
    }

    /**
     * Takes over a region; parts that nobody has initialised (version 0) are.
     *
     * @param memory at least {@link InflightLayout#size} bytes, at an address divisible by 8
     * @throws IllegalArgumentException when a part is of another version or another size
     */
    public InflightRegion(MemorySegment memory, int queues, int entries, boolean packed) {
        this.entries = entries;
        this.packed = packed;
        parts = new Region[queues];
        long size = InflightLayout.queueSize(entries, packed);
        for (int i = 0; i < queues; i++) {
            Region part = new Region(memory.asSlice(i * size, size));
            int version = part.u16(InflightLayout.VERSION);
            if (version == 0) {
                initialise(part);
            } else if (version != InflightLayout.VERSION_1 || part.u16(InflightLayout.ENTRIES) != entries
                    || part.u64(InflightLayout.FEATURES) != 0) {
                throw new IllegalArgumentException("in-flight region: queue " + i + " has version " + version + " and "
                        + part.u16(InflightLayout.ENTRIES) + " entries, not " + InflightLayout.VERSION_1 + " and "
                        + entries);
            }
            parts[i] = part;
        }
    }

    private void initialise(Region part) {
        part.clear(0, part.size());
        if (packed) {
            for (int i = 0; i < entries; i++) {
                part.u16(InflightLayout.PACKED_HEADER + (long) i * InflightLayout.PACKED_ENTRY
                        + InflightLayout.PACKED_NEXT, i + 1);
            }
            part.u8(InflightLayout.USED_WRAP, 1);
            part.u8(InflightLayout.OLD_USED_WRAP, 1);
        }
        part.u16(InflightLayout.ENTRIES, entries);
        part.u16(InflightLayout.VERSION, InflightLayout.VERSION_1);
    }

    /** How many queues have a part; 0 of {@link #NONE}. */
    public int queues() {
        return parts.length;
    }

    /** The most entries that a queue noted here may have. */
    public int entries() {
        return entries;
    }

    /** Whether the parts have the form for packed rings. */
    public boolean packed() {
        return packed;
    }

    /** The part of one queue. */
    public Region part(int queue) {
        return parts[queue];
    }

    /** A region of our own, for a device without a front-end that keeps one, and for tests; never unmapped. */
    public static InflightRegion ofPrivateMemory(int queues, int entries, boolean packed) {
        return new InflightRegion(Arena.ofAuto().allocate(InflightLayout.size(queues, entries, packed), 64), queues,
                entries, packed);
    }
}
