package eu.mikelangelo.ioplane;

import java.util.Arrays;

/**
 * Which receive queue each flow of a port with several pairs is for: automatic receive steering (VIRTIO 1.3 section
 * 5.1.6.5.6: a flow that the driver transmits on queue N is received on queue N). A flow that the guest has not sent of
 * goes to the receive queue that its hash names, always the same as long as the same ones are enabled.
 *
 * <p>A table of a fixed size, buckets of four places. A flow keeps its place while frames of it pass and for
 * {@value #IDLE_NS} ns after that: one that finds its bucket full goes by its hash, for flows that took a place from
 * each other would change queues with each frame and be received out of order. For the same reason a flow whose sender
 * moves from queue to queue is moved at most every {@value #SETTLE_NS} ns.
 *
 * <p>Threading: the core's thread. Nothing is allocated after construction; a hostile guest can spoil only its own.
 */
final class Flows {
    static final long IDLE_NS = 1_000_000_000;
    static final long SETTLE_NS = 10_000_000;
    static final int BUCKETS = 512;
    static final int WAYS = 4;
    private static final byte FREE = -1;

    private final Port port;
    private final int[] hashes = new int[BUCKETS * WAYS];
    private final byte[] pairs = new byte[BUCKETS * WAYS];
    private final long[] seenNs = new long[BUCKETS * WAYS];
    private final long[] movedNs = new long[BUCKETS * WAYS];

    Flows(Port port) {
        this.port = port;
        Arrays.fill(pairs, FREE);
    }

    /** The guest has sent a frame of a flow. @param pair on this pair's transmit queue */
    void sent(int hash, int pair, long nowNs) {
        int at = find(hash);
        if (at < 0) {
            at = vacant(hash, nowNs);
            if (at < 0) {
                return;
            }
            hashes[at] = hash;
            pairs[at] = (byte) pair;
            movedNs[at] = nowNs;
        } else if (pairs[at] != pair && nowNs - movedNs[at] >= SETTLE_NS) {
            pairs[at] = (byte) pair;
            movedNs[at] = nowNs;
        }
        seenNs[at] = nowNs;
    }

    private static int bucket(int hash) {
        return (hash & BUCKETS - 1) * WAYS;
    }

    private int find(int hash) {
        int from = bucket(hash);
        for (int i = from; i < from + WAYS; i++) {
            if (hashes[i] == hash && pairs[i] != FREE) {
                return i;
            }
        }
        return -1;
    }

    private int vacant(int hash, long nowNs) {
        int from = bucket(hash);
        for (int i = from; i < from + WAYS; i++) {
            if (pairs[i] == FREE || nowNs - seenNs[i] >= IDLE_NS) {
                return i;
            }
        }
        return -1;
    }

    /** @return the pair that is to receive a frame of a flow; its queue may be broken, or detached when all are */
    Pair choose(int hash, long nowNs) {
        int at = find(hash);
        if (at >= 0) {
            Pair pair = port.pair(pairs[at]);
            if (pair.rx.queue().working()) {
                seenNs[at] = nowNs;
                return pair;
            }
        }
        // The high bits: the low ones name the bucket, and flows that share one need not share the queue.
        Pair[] receivers = port.receivers;
        return receivers.length == 0 ? port.first : receivers[(hash >>> 16) * receivers.length >>> 16];
    }
}
