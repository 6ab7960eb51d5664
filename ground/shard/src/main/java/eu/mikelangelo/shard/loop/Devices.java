package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.uring.Uring;

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
        int completions = wanted == LoopDevice.Kind.URING ? COMPLETIONS : 2 * ENTRIES;
        return switch (Uring.open(ENTRIES, completions)) {
            case Uring.Opening.Ready(Uring ring) when wanted == LoopDevice.Kind.URING ->
                    new Opened(new UringDevice(ring), null);
            case Uring.Opening.Ready(Uring ring) -> new Opened(new SplitDevice(calls, ring), null);
            case Uring.Opening.Refused(String reason) -> new Opened(new EpollDevice(calls), reason);
        };
    }
}
