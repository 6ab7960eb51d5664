package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.virtio.QueueConfig;

/** What a front-end has said of one ring so far. Clauses are those of VIRTIO 1.3. */
final class Ring {
    /** Sections 2.7 and 2.8: at most 32,768 entries. */
    static final int MAX_SIZE = 32_768;
    /** VIRTIO_F_RING_PACKED. */
    static final long PACKED = 1L << 34;

    private static final int PACKED_INDEX = 0x7fff;
    private static final int WRAP = 0x8000;
    private static final int USED_SHIFT = 16;

    int size;
    boolean hasAddress;
    long descriptorUser;
    long availUser;
    long usedUser;
    int base;
    int kickFd = -1;
    int callFd = -1;
    boolean enabled;
    boolean running;
    /** Regions come and go one by one: until its own has come back the ring rests, which is no error. */
    boolean awaitsMemory;

    /** Everything is there that a ring needs to run (memory apart). */
    boolean isReady() {
        return enabled && hasAddress && size > 0 && kickFd >= 0;
    }

    QueueConfig config(long features) {
        return new QueueConfig(size, descriptorUser, availUser, usedUser, position(features), features);
    }

    /**
     * The base as the queue wants it. Of a packed ring DPDK's virtio-user sends the lower half only, 0x8000: nothing is
     * in flight, so both positions are the same. As a full word that would be a lap or more in flight.
     */
    private int position(long features) {
        boolean half = (features & PACKED) != 0 && (base & WRAP) != 0 && base >>> USED_SHIFT == 0;
        return half ? base | base << USED_SHIFT : base;
    }

    /** Why a ring of this size and base cannot be, or null. */
    String unfit(long features) {
        if ((features & PACKED) == 0) {
            // Section 2.7: a power of two. An index is 16 bits, "bits 16–31: reserved (set to zero)".
            return Integer.bitCount(size) != 1 ? "size " + size + " is not a power of two"
                    : base >>> USED_SHIFT != 0 ? "base index " + Integer.toUnsignedString(base) : null;
        }
        int position = position(features);
        boolean fits = (position & PACKED_INDEX) < size && (position >>> USED_SHIFT & PACKED_INDEX) < size;
        return fits ? null : "base 0x" + Integer.toHexString(base) + " in a packed ring of " + size + " entries";
    }

    /** Why the ring cannot lie where it is said to, or null; sizes and alignments of sections 2.7 and 2.8. */
    String misplaced(long features, GuestMemory memory) {
        boolean packed = (features & PACKED) != 0;
        if (!placed(memory, descriptorUser, 16L * size, 16)) {
            return (packed ? "descriptor ring at 0x" : "descriptor table at 0x") + Long.toHexString(descriptorUser);
        }
        if (!placed(memory, availUser, packed ? 4 : 6 + 2L * size, packed ? 4 : 2)) {
            return (packed ? "driver event area at 0x" : "available ring at 0x") + Long.toHexString(availUser);
        }
        if (!placed(memory, usedUser, packed ? 4 : 6 + 8L * size, 4)) {
            return (packed ? "device event area at 0x" : "used ring at 0x") + Long.toHexString(usedUser);
        }
        return null;
    }

    private static boolean placed(GuestMemory memory, long user, long length, int alignment) {
        int region = memory.findUser(user, length);
        if (region == GuestMemory.NONE) {
            return false;
        }
        // The alignment that ordered accesses need is that of our mapping, not that of the peer's address.
        long address = memory.region(region).segment().address() + (user - memory.userStart(region));
        return (address & alignment - 1) == 0;
    }
}
