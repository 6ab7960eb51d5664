package eu.mikelangelo.plane.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.SequencedMap;

/**
 * Counters of a port since it was added. Directions are the guest's: {@code tx} is what it sent.
 *
 * @param connected a front-end (QEMU) is connected
 * @param ringsRunning rings that the guest's driver has started: 2 when its network card is up
 * @param uplinkConnected passt is connected
 * @param uplinkConnects how often it was
 * @param uplinkBadFrames how often it was closed for a frame length that cannot be
 * @param rxBytes bytes of frames without virtio headers, as {@code txBytes}
 * @param capturedFrames frames that captures kept
 * @param captureLost frames that captures lost, for their readers were too slow
 * @param drops frames lost, by reason; only reasons that occurred
 * @param queues each queue, of which the numbers above are the sums
 * @param latency of bursts
 * @param lastError why the last connection ended or could not be made, or why the guest's queues are not served; empty:
 *         no trouble
 */
public record PortStats(String name, boolean connected, int ringsRunning, boolean uplinkConnected, long uplinkConnects,
        long uplinkBadFrames, long rxFrames, long txFrames, long rxBytes, long txBytes, long capturedFrames,
        long captureLost, SequencedMap<String, Long> drops, List<QueueStats> queues, LatencyStats latency,
        String lastError) {
    /** Most reasons there may be. */
    public static final int MAX_REASONS = 64;

    /** @throws IllegalArgumentException when there are more reasons or queues than may be */
    public PortStats {
        if (drops.size() > MAX_REASONS) {
            throw new IllegalArgumentException(drops.size() + " drop reasons");
        }
        if (queues.size() > 2 * QueueStats.MAX_PAIRS) {
            throw new IllegalArgumentException(queues.size() + " queues");
        }
        drops = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(drops));
        queues = List.copyOf(queues);
    }
}
