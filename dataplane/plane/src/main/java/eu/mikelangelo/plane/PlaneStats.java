package eu.mikelangelo.plane;

import eu.mikelangelo.ioplane.observe.CoreCounters;
import eu.mikelangelo.ioplane.Drop;
import eu.mikelangelo.ioplane.observe.LatencyHistogram;
import eu.mikelangelo.ioplane.Port;
import eu.mikelangelo.ioplane.observe.QueueCounters;
import eu.mikelangelo.plane.api.CoreStats;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.QueueStats;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.vhost.VhostPort;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;

/** The counters of ports and cores as the control protocol has them. Stateless; any thread. */
final class PlaneStats {
    private PlaneStats() {}

    /** @param vhost null where an interface of the host is behind the port */
    static PortStats port(Port port, VhostPort vhost) {
        String trouble = port.fault() != QueueFault.NONE ? port.fault().text()
                : vhost == null ? port.linkTrouble() : vhost.connected() ? "" : vhost.lastError();
        List<QueueStats> queues = new ArrayList<>();
        for (int pair = 0; pair < port.pairs(); pair++) {
            queues.add(queue(true, pair, port.rxCounters(pair), drops(port, pair, true)));
            queues.add(queue(false, pair, port.txCounters(pair), drops(port, pair, false)));
        }
        return new PortStats(port.name(), vhost != null && vhost.connected(), vhost == null ? 0 : vhost.runningRings(),
                port.uplinkConnected(), port.uplinkConnects(), port.uplinkBadFrames(), port.rxFrames(),
                port.txFrames(), port.rxBytes(), port.txBytes(), port.captured(), port.captureLost(),
                drops(port), queues, latency(port.latency()), trouble);
    }

    private static QueueStats queue(boolean receive, int pair, QueueCounters queue,
            LinkedHashMap<String, Long> drops) {
        return new QueueStats(receive, pair, queue.frames(), queue.bytes(), queue.bursts(), queue.kicks(),
                queue.calls(), queue.callsSuppressed(), queue.depthSum(), queue.depthMax(), drops);
    }

    private static LinkedHashMap<String, Long> drops(Port port) {
        LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
        for (Drop reason : Drop.values()) {
            note(drops, reason, port.drops(reason));
        }
        return drops;
    }

    private static LinkedHashMap<String, Long> drops(Port port, int pair, boolean receive) {
        LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
        for (Drop reason : Drop.values()) {
            if (reason.atReceiver() == receive) {
                note(drops, reason, port.drops(pair, reason));
            }
        }
        return drops;
    }

    private static void note(LinkedHashMap<String, Long> drops, Drop reason, long count) {
        if (count > 0) {
            drops.put(reason.label(), count);
        }
    }

    private static LatencyStats latency(LatencyHistogram latency) {
        List<Long> counts = new ArrayList<>();
        for (int i = 0; i < LatencyHistogram.BUCKETS; i++) {
            counts.add(latency.count(i));
        }
        return new LatencyStats(LatencyHistogram.FIRST_NS, latency.sumNs(), latency.maxNs(), counts);
    }

    static CoreStats core(CoreCounters core, int cpu, int ports, long nowNs) {
        long upNs = core.sinceNs() == 0 ? 0 : nowNs - core.sinceNs();
        return new CoreStats(cpu, ports, upNs, core.turns(), core.emptyTurns(), core.frames(), core.busyNs(),
                core.sleeps(), core.asleepNs());
    }
}
