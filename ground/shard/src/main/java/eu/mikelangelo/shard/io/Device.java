package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.shard.Host;
import java.util.concurrent.atomic.AtomicLong;

/**
 * What all shards share and can be exhausted: a disk, a link. It does so many operations and bytes a second, and no
 * more are let through, by one token bucket for all shards, taken from without locks. {@link IoLane}s divide it.
 *
 * <p>Threading: any thread.
 */
public final class Device {
    /** How much may be done ahead of time, in nanoseconds of the device's time. */
    static final long BURST_NS = 5_000_000;
    private final Host host;
    private final String name;
    private final double nsPerOperation;
    private final double nsPerByte;
    /**
     * When the device will have done what was let through (the generic cell rate algorithm's "theoretical arrival
     * time", ITU-T I.371): a request is let through while that is less than the burst ahead.
     */
    private final AtomicLong busyUntilNs = new AtomicLong(Clock.nowNs());

    /** @throws IllegalArgumentException for a rate below 1 */
    public Device(Host host, String name, long operationsPerSecond, long bytesPerSecond) {
        if (operationsPerSecond < 1 || bytesPerSecond < 1) {
            throw new IllegalArgumentException("device " + name + ": " + operationsPerSecond + " operations and "
                    + bytesPerSecond + " bytes a second");
        }
        this.host = host;
        this.name = name;
        nsPerOperation = 1e9 / operationsPerSecond;
        nsPerByte = 1e9 / bytesPerSecond;
    }

    public String name() {
        return name;
    }

    Host host() {
        return host;
    }

    /** How long a request keeps the device busy. */
    long costNs(long bytes) {
        return (long) (nsPerOperation + nsPerByte * bytes);
    }

    /** How long to wait before asking again; 0 and less for not at all. */
    long waitNs(long nowNs) {
        return busyUntilNs.get() - nowNs - BURST_NS;
    }

    /** Lets a request through. @return 0 when it is, otherwise how many nanoseconds to wait before asking again */
    long take(long costNs, long nowNs) {
        while (true) {
            long until = busyUntilNs.get();
            long from = until - nowNs < 0 ? nowNs : until;
            long ahead = from - nowNs;
            if (ahead > BURST_NS) {
                return ahead - BURST_NS;
            }
            if (busyUntilNs.compareAndSet(until, from + costNs)) {
                return 0;
            }
        }
    }
}
