package eu.mikelangelo.plane.api;

import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.SequencedMap;

/**
 * Counters of a port since it was added. Directions are the guest's: {@code tx} is what it sent.
 *
 * @param connected a front-end (QEMU) is connected
 * @param ringsRunning rings that the guest's driver has started: 2 when its network card is up
 * @param uplinkConnected passt is connected
 * @param rxBytes bytes of frames without virtio headers, as {@code txBytes}
 * @param drops frames lost, by reason; only reasons that occurred
 * @param lastError why the last connection ended or could not be made, or why the guest's queues are not served; empty:
 *         no trouble
 */
public record PortStats(String name, boolean connected, int ringsRunning, boolean uplinkConnected, long rxFrames,
        long txFrames, long rxBytes, long txBytes, SequencedMap<String, Long> drops, String lastError) {
    /** Most reasons there may be. */
    public static final int MAX_REASONS = 64;

    public PortStats {
        if (drops.size() > MAX_REASONS) {
            throw new IllegalArgumentException(drops.size() + " drop reasons");
        }
        drops = Collections.unmodifiableSequencedMap(new LinkedHashMap<>(drops));
    }
}
