package eu.mikelangelo.plane.api;

import java.util.List;

/**
 * How long the bursts of a port's transmit queues took, since it was added: from the beginning of the core's turn, or
 * the end of the work before it in the same turn, until the frames were with their receivers and the buffers with their
 * sender. The time that a frame waited in the ring before is not known.
 *
 * @param firstNs the upper end of the first bucket; each bucket ends at twice the end of the one before, and the last
 *        has no end
 * @param sumNs of all bursts together
 * @param maxNs the longest
 * @param counts bursts per bucket
 */
public record LatencyStats(long firstNs, long sumNs, long maxNs, List<Long> counts) {
    /** Most buckets there may be: the last but one of them ends at a long. */
    public static final int MAX_BUCKETS = 62;

    /** Nothing measured. */
    public static final LatencyStats NONE = new LatencyStats(1, 0, 0, List.of());

    /** @throws IllegalArgumentException for a bucket that cannot be */
    public LatencyStats {
        if (counts.size() > MAX_BUCKETS || firstNs < 1 || firstNs > Long.MAX_VALUE >>> counts.size()) {
            throw new IllegalArgumentException(counts.size() + " buckets from " + firstNs + " ns");
        }
        counts = List.copyOf(counts);
    }
}
