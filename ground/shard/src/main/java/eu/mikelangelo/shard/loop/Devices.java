package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.uring.Uring;
import java.util.function.Consumer;

/** Opens the device of a loop. */
public final class Devices {
    /** Requests between two submits. */
    private static final int ENTRIES = 256;
    /** Completions of a ring that watches descriptors too; what does not fit is kept by the kernel. */
    private static final int COMPLETIONS = 4096;

    /** A device, and why there is no ring in it; null when there is one. */
    public record Opened(LoopDevice device, String reason) {}

    private Devices() {}

    /** By the loop's thread. Without io_uring it is epoll, whatever was wanted. */
    public static Opened open(LoopDevice.Kind wanted, HotCalls calls) {
        if (wanted == LoopDevice.Kind.EPOLL) {
            return new Opened(new EpollDevice(calls), "io_uring is not wanted");
        }
        boolean both = wanted == LoopDevice.Kind.URING;
        return with(both, calls, Uring.open(ENTRIES, both ? COMPLETIONS : 2 * ENTRIES));
    }

    /** @param both whether the ring watches descriptors too */
    static Opened with(boolean both, HotCalls calls, Uring.Opening opening) {
        return switch (opening) {
            case Uring.Opening.Ready(Uring ring) ->
                    new Opened(both ? new UringDevice(ring) : new SplitDevice(calls, ring), null);
            case Uring.Opening.Refused(String reason) -> new Opened(new EpollDevice(calls), reason);
        };
    }

    /**
     * Where operations go: to its ring, or to threads.
     *
     * @param files threads for them when there is no ring
     * @param loop runs something on the loop; any thread
     */
    public static Operations operations(Opened opened, FilePool files, Consumer<Runnable> loop) {
        return opened.reason() == null ? opened.device().operations() : new PoolOperations(files, loop);
    }

    /** By the loop's thread. */
    public static void close(LoopDevice device, Operations operations) {
        if (operations instanceof PoolOperations pool) {
            pool.close();
        }
        device.close();
    }
}
