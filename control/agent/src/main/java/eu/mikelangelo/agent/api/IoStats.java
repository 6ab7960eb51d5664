package eu.mikelangelo.agent.api;

import eu.mikelangelo.plane.api.CoreStats;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.QueueStats;
import eu.mikelangelo.plane.api.Response;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** The plane's counters as JSON; docs/api.md explains the members. Stateless. */
public final class IoStats {
    private IoStats() { }

    /** What there is to tell without a plane. */
    public static Map<String, Object> down() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("state", "down");
        json.put("cores", List.of());
        json.put("ports", List.of());
        return json;
    }

    /** @param pid the plane's process */
    public static Map<String, Object> json(Response.Stats stats, long pid) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("state", "up");
        json.put("pid", pid);
        json.put("timeNs", stats.timeNs());
        json.put("cores", stats.cores().stream().map(IoStats::core).toList());
        json.put("ports", stats.ports().stream().map(IoStats::port).toList());
        return json;
    }

    private static Map<String, Object> core(CoreStats core) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("cpu", core.cpu());
        json.put("ports", core.ports());
        json.put("upNs", core.upNs());
        json.put("turns", core.turns());
        json.put("emptyTurns", core.emptyTurns());
        json.put("frames", core.frames());
        json.put("busyNs", core.busyNs());
        json.put("sleeps", core.sleeps());
        json.put("asleepNs", core.asleepNs());
        return json;
    }

    private static Map<String, Object> port(PortStats port) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", port.name());
        json.put("connected", port.connected());
        json.put("ringsRunning", port.ringsRunning());
        json.put("uplinkConnected", port.uplinkConnected());
        json.put("uplinkConnects", port.uplinkConnects());
        json.put("uplinkBadFrames", port.uplinkBadFrames());
        json.put("rxFrames", port.rxFrames());
        json.put("txFrames", port.txFrames());
        json.put("rxBytes", port.rxBytes());
        json.put("txBytes", port.txBytes());
        json.put("capturedFrames", port.capturedFrames());
        json.put("captureLost", port.captureLost());
        drops(json, port.drops());
        json.put("queues", port.queues().stream().map(IoStats::queue).toList());
        json.put("latency", latency(port.latency()));
        if (!port.lastError().isEmpty()) {
            json.put("lastError", port.lastError());
        }
        return json;
    }

    private static Map<String, Object> queue(QueueStats queue) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", queue.name());
        json.put("frames", queue.frames());
        json.put("bytes", queue.bytes());
        json.put("bursts", queue.bursts());
        json.put("kicks", queue.kicks());
        json.put("calls", queue.calls());
        json.put("callsSuppressed", queue.callsSuppressed());
        json.put("depthSum", queue.depthSum());
        json.put("depthMax", queue.depthMax());
        drops(json, queue.drops());
        return json;
    }

    /** {"drops", "dropReasons"}. */
    public static void drops(Map<String, Object> json, Map<String, Long> reasons) {
        json.put("drops", reasons.values().stream().mapToLong(Long::longValue).sum());
        json.put("dropReasons", new LinkedHashMap<>(reasons));
    }

    private static Map<String, Object> latency(LatencyStats stats) {
        Latency latency = Latency.of(stats);
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("count", latency.count());
        json.put("sumNs", stats.sumNs());
        json.put("maxNs", stats.maxNs());
        json.put("p50Ns", Math.min(latency.percentileNs(50), stats.maxNs()));
        json.put("p99Ns", Math.min(latency.percentileNs(99), stats.maxNs()));
        json.put("firstNs", stats.firstNs());
        json.put("counts", new ArrayList<>(stats.counts()));
        return json;
    }
}
