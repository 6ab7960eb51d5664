package eu.mikelangelo.plane.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Counters of one queue since its port was added. Directions are the guest's: a frame in its transmit queue is one that
 * it sent.
 *
 * @param receive a receive queue; otherwise a transmit queue
 * @param pair the number of its queue pair, from 0
 * @param frames taken from a transmit queue, dropped ones included; delivered into a receive queue
 * @param bytes of frames, without virtio headers
 * @param bursts how often at least one frame was moved and then published: frames per burst is the batch
 * @param kicks notifications taken from the driver
 * @param calls interrupts asked of the driver
 * @param callsSuppressed bursts of which the driver did not want to be told
 * @param depthSum over all bursts: frames that waited in a transmit queue, those of the burst included; buffers that
 *        were still free after it in a receive queue
 * @param depthMax the most of that
 * @param drops frames lost here, by reason; only reasons that occurred
 */
public record QueueStats(boolean receive, int pair, long frames, long bytes, long bursts, long kicks, long calls,
        long callsSuppressed, long depthSum, long depthMax, SequencedMap<String, Long> drops) {
    /** Most queue pairs of a port. */
    public static final int MAX_PAIRS = 128;

    /** @throws IllegalArgumentException when there are more pairs or reasons than may be */
    public QueueStats {
        if (pair < 0 || pair >= MAX_PAIRS) {
            throw new IllegalArgumentException("queue pair " + pair);
        }
        if (drops.size() > PortStats.MAX_REASONS) {
            throw new IllegalArgumentException(drops.size() + " drop reasons");
        }
        drops = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(drops));
    }

    /** {@code rx0}, {@code tx0}, {@code rx1}, … */
    public String name() {
        return (receive ? "rx" : "tx") + pair;
    }
}
