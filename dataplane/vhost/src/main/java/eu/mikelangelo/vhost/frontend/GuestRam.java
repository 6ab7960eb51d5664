package eu.mikelangelo.vhost.frontend;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.Request;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Memory of a guest that exists only for us: a memfd, mapped here, to be given to a back-end. Set-up calls; the memory
 * itself may be used by any thread until {@link #close}.
 */
public final class GuestRam implements AutoCloseable {
    private final int fd;
    private final Arena arena = Arena.ofShared();
    private final Request.MemoryRegion region;
    private final MemorySegment segment;

    /**
     * Sealed against shrinking, as a back-end of strangers wants it.
     *
     * @param guestPhysical where the guest has it
     * @param userAddress where rings are said to lie; any number
     * @param size bytes, a multiple of the page size
     * @throws LinuxException when the kernel has no room
     */
    public GuestRam(long guestPhysical, long userAddress, long size) {
        this(guestPhysical, userAddress, size, true);
    }

    /** @param sealed false: memory that can be shrunk under the back-end */
    public GuestRam(long guestPhysical, long userAddress, long size, boolean sealed) {
        fd = Fds.memFd("guest", size);
        try {
            if (sealed) {
                Fds.addSeals(fd, Fds.F_SEAL_SHRINK);
            }
            segment = Mappings.shared(fd, 0, size, arena);
        } catch (LinuxException failed) {
            Fds.close(fd);
            throw failed;
        }
        region = new Request.MemoryRegion(guestPhysical, size, userAddress, 0);
    }

    /** The memfd; it stays this object's. */
    public int fd() {
        return fd;
    }

    /** As it is announced to a back-end. */
    public Request.MemoryRegion region() {
        return region;
    }

    /** The memory. */
    public MemorySegment segment() {
        return segment;
    }

    /** For a driver that wants to see it as a device does. */
    public GuestMemory.Mapping mapping() {
        return new GuestMemory.Mapping(region.guestPhysical(), region.userAddress(), segment);
    }

    /** Unmaps and closes; a back-end keeps its own mapping. */
    @Override
    public void close() {
        arena.close();
        Fds.close(fd);
    }
}
