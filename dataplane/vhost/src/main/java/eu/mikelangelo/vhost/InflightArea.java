package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.vhost.inflight.InflightLayout;
import eu.mikelangelo.vhost.inflight.InflightRegion;
import java.lang.foreign.Arena;

/**
 * The mapping behind an {@link InflightRegion}: made by us and handed out, or handed back by a front-end that kept it
 * for us over a crash. What comes back is as hostile as any other memory of the peer's.
 */
final class InflightArea {
    static final InflightArea NONE = new InflightArea(null, InflightRegion.NONE, -1, 0, 0);

    private final Arena arena;
    private final InflightRegion region;
    private final int queues;
    private final int queueSize;
    private int fd;

    private InflightArea(Arena arena, InflightRegion region, int fd, int queues, int queueSize) {
        this.arena = arena;
        this.region = region;
        this.fd = fd;
        this.queues = queues;
        this.queueSize = queueSize;
    }

    InflightRegion region() {
        return region;
    }

    /** The descriptor of a region that was made, now the caller's; -1 of one that was handed back. */
    int takeFd() {
        int taken = fd;
        fd = -1;
        return taken;
    }

    Request.Inflight description(RequestType type) {
        return new Request.Inflight(type, InflightLayout.size(queues, queueSize, region.packed()), 0, queues,
                queueSize);
    }

    /** @throws IllegalArgumentException naming what is wrong with the numbers */
    static InflightArea create(Request.Inflight request, int rings, boolean packed, PeerFiles files) {
        checkNumbers(request, rings, packed);
        long size = InflightLayout.size(request.queues(), request.queueSize(), packed);
        int fd = files.create("vhost-inflight", size);
        try {
            return map(request, new SharedFile(fd, 0, size, 1), fd, packed, files);
        } catch (IllegalArgumentException | LinuxException refused) {
            files.close(fd);
            throw refused;
        }
    }

    /**
     * Takes over what a front-end hands back.
     *
     * @param fd stays the caller's
     * @throws IllegalArgumentException naming what is wrong with the file, the numbers or what the region says of
     *         itself
     */
    static InflightArea map(Request.Inflight request, int fd, int rings, boolean packed, PeerFiles files) {
        checkNumbers(request, rings, packed);
        long needed = InflightLayout.size(request.queues(), request.queueSize(), packed);
        if (Long.compareUnsigned(request.mmapSize(), needed) < 0) {
            throw new IllegalArgumentException("in-flight region of " + Long.toUnsignedString(request.mmapSize())
                    + " bytes, " + request.queues() + " queues of " + request.queueSize() + " need " + needed);
        }
        if (request.mmapOffset() % InflightLayout.ALIGNMENT != 0) {
            throw new IllegalArgumentException("in-flight region at " + request.mmapOffset() + " is not aligned");
        }
        // Sealed, whoever the peer is: it is ours, and our control thread reads it.
        SharedFile whole = SharedFile.checked("in-flight region", fd, request.mmapOffset(), request.mmapSize(),
                MappedTable.MAX_TOTAL, false, files);
        // Of a region that is too large the rest is left alone.
        SharedFile file = new SharedFile(fd, whole.offset(), needed, whole.blockSize());
        return map(request, file, -1, packed, files);
    }

    private static void checkNumbers(Request.Inflight request, int rings, boolean packed) {
        int size = request.queueSize();
        if (request.queues() < 1 || request.queues() > rings) {
            throw new IllegalArgumentException("in-flight region of " + request.queues() + " queues, there are "
                    + rings);
        }
        if (size < 1 || size > Ring.MAX_SIZE || !packed && Integer.bitCount(size) != 1) {
            throw new IllegalArgumentException("in-flight region of queues of " + size + " entries");
        }
    }

    private static InflightArea map(Request.Inflight request, SharedFile file, int fd, boolean packed,
            PeerFiles files) {
        Arena arena = Arena.ofShared();
        try {
            InflightRegion region = new InflightRegion(file.map(arena, files), request.queues(), request.queueSize(),
                    packed);
            return new InflightArea(arena, region, fd, request.queues(), request.queueSize());
        } catch (IllegalArgumentException | LinuxException refused) {
            arena.close();
            throw refused;
        }
    }

    void close() {
        if (arena != null) {
            arena.close();
        }
    }
}
