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
        List<QueueStats> queues = List.of(queue(true, port.rxCounters(), drops(port, true, false)),
                queue(false, port.txCounters(), drops(port, false, true)));
        return new PortStats(port.name(), vhost != null && vhost.connected(), vhost == null ? 0 : vhost.runningRings(),
                port.uplinkConnected(), port.uplinkConnects(), port.uplinkBadFrames(), port.rxFrames(),
                port.txFrames(), port.rxBytes(), port.txBytes(), port.captured(), port.captureLost(),
                drops(port, true, true), queues, latency(port.latency()), trouble);
    }

    private static QueueStats queue(boolean receive, QueueCounters queue, LinkedHashMap<String, Long> drops) {
        return new QueueStats(receive, 0, queue.frames(), queue.bytes(), queue.bursts(), queue.kicks(), queue.calls(),
                queue.callsSuppressed(), queue.depthSum(), queue.depthMax(), drops);
    }

    private static LinkedHashMap<String, Long> drops(Port port, boolean receiver, boolean sender) {
        LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
        for (Drop reason : Drop.values()) {
            long count = port.drops(reason);
            if (count > 0 && (reason.atReceiver() ? receiver : sender)) {
                drops.put(reason.label(), count);
            }
        }
        return drops;
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
