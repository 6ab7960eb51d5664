package eu.mikelangelo.agent.api;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.ToLongFunction;

/** The plane's counters in the Prometheus text format 0.0.4, made of {@link IoStats}. Stateless. */
public final class IoMetrics {
    /** For the HTTP header Content-Type. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";
    private static final double SECOND_NS = 1e9;

    private final StringBuilder text = new StringBuilder();

    private IoMetrics() { }

    /** @param stats what {@code GET /v1/io/stats} answers */
    public static String text(Fields stats) {
        IoMetrics metrics = new IoMetrics();
        List<Fields> ports = stats.objects("ports");
        metrics.family("mike_plane_up", "gauge", "Whether the I/O plane answers");
        metrics.sample("mike_plane_up", "", stats.string("state", "").equals("up") ? "1" : "0");
        metrics.cores(stats.objects("cores"));
        metrics.ports(ports);
        metrics.queues(ports);
        metrics.latency(ports);
        return metrics.text.toString();
    }

    private void cores(List<Fields> cores) {
        core(cores, "turns_total", "Turns of the core's loop", core -> number(core, "turns"));
        core(cores, "empty_turns_total", "Turns that found nothing to move", core -> number(core, "emptyTurns"));
        core(cores, "packets_total", "Frames taken from guests and uplinks", core -> number(core, "frames"));
        core(cores, "busy_seconds_total", "Time in turns that moved frames", core -> seconds(core, "busyNs"));
        core(cores, "sleeps_total", "Times the core had nothing to do and slept", core -> number(core, "sleeps"));
        core(cores, "asleep_seconds_total", "Time asleep", core -> seconds(core, "asleepNs"));
    }

    private interface Value {
        String of(Fields object);
    }

    private void core(List<Fields> cores, String name, String help, Value value) {
        family("mike_core_" + name, "counter", help);
        for (int i = 0; i < cores.size(); i++) {
            sample("mike_core_" + name, "core=\"" + i + "\",cpu=\"" + cores.get(i).integer("cpu", -1) + "\"",
                    value.of(cores.get(i)));
        }
    }

    private void ports(List<Fields> ports) {
        port(ports, "connected", "gauge", "Whether a front-end is connected", port -> flag(port, "connected"));
        port(ports, "rings_running", "gauge", "Rings that the driver has started",
                port -> number(port, "ringsRunning"));
        port(ports, "uplink_connected", "gauge", "Whether the uplink is connected",
                port -> flag(port, "uplinkConnected"));
        port(ports, "uplink_connects_total", "counter", "Times the uplink was connected",
                port -> number(port, "uplinkConnects"));
        port(ports, "uplink_bad_packets_total", "counter", "Times the uplink was closed for an impossible length",
                port -> number(port, "uplinkBadFrames"));
        port(ports, "captured_packets_total", "counter", "Frames that captures kept",
                port -> number(port, "capturedFrames"));
        port(ports, "capture_lost_packets_total", "counter", "Frames that captures lost",
                port -> number(port, "captureLost"));
    }

    private void port(List<Fields> ports, String name, String type, String help, Value value) {
        family("mike_port_" + name, type, help);
        for (Fields port : ports) {
            sample("mike_port_" + name, label(port), value.of(port));
        }
    }

    private void queues(List<Fields> ports) {
        for (boolean receive : new boolean[] {true, false}) {
            String what = receive ? "receive" : "transmit";
            queue(ports, receive, "packets_total", receive ? "Frames delivered to the guest" : "Frames taken from the "
                    + "guest, dropped ones included", queue -> queue.integer("frames", 0));
            queue(ports, receive, "bytes_total", "Their bytes, without virtio headers",
                    queue -> queue.integer("bytes", 0));
            queue(ports, receive, "bursts_total", "Times frames were moved and published together",
                    queue -> queue.integer("bursts", 0));
            queue(ports, receive, "kicks_total", "Notifications from the driver", queue -> queue.integer("kicks", 0));
            queue(ports, receive, "calls_total", "Interrupts asked of the driver", queue -> queue.integer("calls", 0));
            queue(ports, receive, "calls_suppressed_total", "Bursts of which the driver did not want to be told",
                    queue -> queue.integer("callsSuppressed", 0));
            queue(ports, receive, "depth_total", receive ? "Buffers free after a burst, added up over bursts"
                    : "Frames waiting at a burst, added up over bursts", queue -> queue.integer("depthSum", 0));
            String name = "mike_port_" + what + "_drop_total";
            family(name, "counter", "Frames lost at this queue, by reason");
            for (Fields port : ports) {
                for (Fields queue : queuesOf(port, receive)) {
                    for (Map.Entry<String, Object> reason : queue.object("dropReasons").members().entrySet()) {
                        sample(name, label(port, queue) + ",reason=\"" + escape(reason.getKey()) + "\"",
                                String.valueOf(reason.getValue()));
                    }
                }
            }
        }
    }

    private void queue(List<Fields> ports, boolean receive, String name, String help, ToLongFunction<Fields> value) {
        String full = "mike_port_" + (receive ? "receive_" : "transmit_") + name;
        family(full, "counter", help);
        for (Fields port : ports) {
            for (Fields queue : queuesOf(port, receive)) {
                sample(full, label(port, queue), Long.toString(value.applyAsLong(queue)));
            }
        }
    }

    private void latency(List<Fields> ports) {
        String name = "mike_port_burst_duration_seconds";
        family(name, "histogram", "Time of a burst, from the work before it in the core's turn until it was published");
        for (Fields port : ports) {
            Fields json = port.object("latency");
            Latency latency = Latency.of(json);
            long below = 0;
            for (int i = 0; i < latency.counts().length - 1; i++) {
                below += latency.counts()[i];
                // Bounds are inclusive in the format.
                sample(name + "_bucket", label(port) + ",le=\"" + (latency.upperNs(i) - 1) / SECOND_NS + "\"",
                        Long.toString(below));
            }
            sample(name + "_bucket", label(port) + ",le=\"+Inf\"", Long.toString(latency.count()));
            sample(name + "_sum", label(port), seconds(json, "sumNs"));
            sample(name + "_count", label(port), Long.toString(latency.count()));
        }
    }

    private static List<Fields> queuesOf(Fields port, boolean receive) {
        return port.objects("queues").stream()
                .filter(queue -> queue.string("name", "").startsWith(receive ? "rx" : "tx")).toList();
    }

    private static String label(Fields port) {
        return "port=\"" + escape(port.string("name", "")) + "\"";
    }

    private static String label(Fields port, Fields queue) {
        return label(port) + ",queue=\"" + queue.string("name", "").substring(2) + "\"";
    }

    private static String number(Fields from, String member) {
        return Long.toString(from.integer(member, 0));
    }

    private static String seconds(Fields from, String member) {
        return String.format(Locale.ROOT, "%.9f", from.integer(member, 0) / SECOND_NS);
    }

    private static String flag(Fields from, String member) {
        return from.flag(member) ? "1" : "0";
    }

    private static String escape(String label) {
        return label.replace("\\", "\\\\").replace("\"", "\\\"").replace("\n", "\\n");
    }

    private void family(String name, String type, String help) {
        text.append("# HELP ").append(name).append(' ').append(help).append("\n# TYPE ").append(name).append(' ')
                .append(type).append('\n');
    }

    private void sample(String name, String labels, String value) {
        text.append(name);
        if (!labels.isEmpty()) {
            text.append('{').append(labels).append('}');
        }
        text.append(' ').append(value).append('\n');
    }
}
