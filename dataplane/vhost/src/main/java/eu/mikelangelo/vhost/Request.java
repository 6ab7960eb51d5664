package eu.mikelangelo.vhost;

import java.util.List;

/** One request of a front-end, decoded. Shapes are checked; whether the values make sense is the session's business. */
public sealed interface Request {
    /** No payload. */
    record Plain(RequestType type) implements Request {}

    /** A u64. */
    record Number(RequestType type, long value) implements Request {}

    /** About one ring; {@code index} and {@code value} are unsigned 32-bit. */
    record VringState(RequestType type, int index, int value) implements Request {}

    /**
     * Where a ring lies, in the front-end's addresses ({@code log}: guest physical, used with {@code flags} bit 0
     * only).
     */
    record VringAddress(int index, int flags, long descriptor, long used, long available, long log)
            implements Request {}

    /** An eventfd of a ring; {@code hasFd} says whether exactly one descriptor came along. */
    record VringFd(RequestType type, int index, boolean hasFd) implements Request {}

    /** The guest's memory, one descriptor per region, in order. */
    record MemoryTable(List<MemoryRegion> regions) implements Request {}

    /** One region comes (with its descriptor) or goes. */
    record MemorySlot(RequestType type, MemoryRegion region) implements Request {}

    /**
     * The region that tracks what is in flight; sizes in bytes, unsigned. {@code queues} and {@code queueSize} are 0
     * to 65,535.
     */
    record Inflight(RequestType type, long mmapSize, long mmapOffset, int queues, int queueSize) implements Request {}

    /** Well-formed as far as we can tell, but not a request that we serve: unknown, or of a feature we never offer. */
    record Unserved(int number) implements Request {}

    /** Not a request: why. The session ends. */
    record Malformed(String why) implements Request {}

    /** A region of {@link MemoryTable}; addresses and sizes in bytes, unsigned. */
    record MemoryRegion(long guestPhysical, long size, long userAddress, long mmapOffset) {}
}
