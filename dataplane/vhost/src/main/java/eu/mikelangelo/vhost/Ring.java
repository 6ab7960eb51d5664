package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.virtio.QueueConfig;

/** What a front-end has said of one ring so far. */
final class Ring {
    /** VIRTIO 1.3 section 2.7: a power of two, at most 32,768. */
    static final int MAX_SIZE = 32_768;

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

    /** Everything is there that a ring needs to run (memory apart). */
    boolean isReady() {
        return enabled && hasAddress && size > 0 && kickFd >= 0;
    }

    QueueConfig config(long features) {
        return new QueueConfig(size, descriptorUser, availUser, usedUser, base, features);
    }

    /**
     * Why the ring cannot lie where it is said to, or null. Sizes and alignments are those of VIRTIO 1.3 section 2.7.
     */
    String misplaced(GuestMemory memory) {
        if (!placed(memory, descriptorUser, 16L * size, 16)) {
            return "descriptor table at 0x" + Long.toHexString(descriptorUser);
        }
        if (!placed(memory, availUser, 6 + 2L * size, 2)) {
            return "available ring at 0x" + Long.toHexString(availUser);
        }
        if (!placed(memory, usedUser, 6 + 8L * size, 4)) {
            return "used ring at 0x" + Long.toHexString(usedUser);
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
