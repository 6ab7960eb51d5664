package eu.mikelangelo.cli.io;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.IoMetrics;
import eu.mikelangelo.cli.Context;
import eu.mikelangelo.cli.Table;
import eu.mikelangelo.cli.Verb;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

@Command(name = "stats", description = {"Show what the I/O plane has counted, per core, port and queue.",
    "rx is what a machine received, tx what it sent. docs/cli.md explains each column."},
        footer = {"  mike io stats", "  mike io stats web --json | jq '.ports[0].dropReasons'",
            "  mike io stats --prometheus > /var/lib/node_exporter/mike.prom",
            "  mike io stats --control /run/vm/plane.sock"})
public final class IoStatsCommand extends Verb.WithJson {
    @Option(names = "--prometheus", description = "Print all of it in the Prometheus text format.")
    boolean prometheus;

    @Mixin
    IoSource source = new IoSource();

    @Parameters(paramLabel = "MACHINE", arity = "0..1", defaultValue = "", description = "Only this machine's port.")
    String machine;

    public IoStatsCommand(Context context) {
        super(context);
    }

    @Override
    public Integer call() throws IOException {
        Fields stats = source.stats(context, machine);
        if (json) {
            printJson(stats);
        } else if (prometheus) {
            context.out().print(IoMetrics.text(stats));
        } else if (stats.string("state", "").equals("down")) {
            print("plane: down");
        } else {
            cores(stats.objects("cores")).print(context);
            List<Fields> ports = stats.objects("ports");
            if (!ports.isEmpty()) {
                print("");
                ports(ports).print(context);
                print("");
                queues(ports).print(context);
            }
        }
        return OK;
    }

    private static Table cores(List<Fields> cores) {
        Table table = new Table("CORE", "CPU", "PORTS", "BUSY", "ASLEEP", "SLEEPS", "TURNS", "EMPTY", "FRAMES");
        for (int i = 0; i < cores.size(); i++) {
            Fields core = cores.get(i);
            double up = core.integer("upNs", 0);
            long cpu = core.integer("cpu", -1);
            table.row(Integer.toString(i), cpu < 0 ? "-" : Long.toString(cpu), number(core, "ports"),
                    Amounts.percent(core.integer("busyNs", 0) / up), Amounts.percent(core.integer("asleepNs", 0) / up),
                    number(core, "sleeps"), number(core, "turns"), number(core, "emptyTurns"), number(core, "frames"));
        }
        return table;
    }

    private static Table ports(List<Fields> ports) {
        Table table = new Table("PORT", "STATE", "UPLINK", "P50", "P99", "MAX", "CAPTURED", "TROUBLE");
        for (Fields port : ports) {
            Fields latency = port.object("latency");
            long lost = port.integer("captureLost", 0);
            table.row(port.string("name", ""), state(port), port.flag("uplinkConnected") ? "up"
                    : port.integer("uplinkConnects", 0) > 0 ? "down" : "-", Amounts.time(latency.integer("p50Ns", 0)),
                    Amounts.time(latency.integer("p99Ns", 0)), Amounts.time(latency.integer("maxNs", 0)),
                    number(port, "capturedFrames") + (lost == 0 ? "" : ", " + lost + " lost"),
                    port.has("lastError") ? port.string("lastError", "") : "-");
        }
        return table;
    }

    /** Of its card; "-" where an interface of the host is in the place of one: that is told as its uplink. */
    private static String state(Fields port) {
        if (port.string("name", "").matches("(tap|interface):.*")) {
            return "-";
        }
        return !port.flag("connected") ? "absent" : port.integer("ringsRunning", 0) < 2 ? "connected" : "up";
    }

    private static Table queues(List<Fields> ports) {
        Table table = new Table("PORT", "QUEUE", "FRAMES", "BYTES", "BATCH", "DEPTH", "KICKS", "CALLS", "QUIET",
                "DROPS");
        for (Fields port : ports) {
            for (Fields queue : port.objects("queues")) {
                double bursts = queue.integer("bursts", 0);
                table.row(port.string("name", ""), queue.string("name", ""), number(queue, "frames"),
                        number(queue, "bytes"), Amounts.ratio(queue.integer("frames", 0), bursts),
                        Amounts.ratio(queue.integer("depthSum", 0), bursts), number(queue, "kicks"),
                        number(queue, "calls"), number(queue, "callsSuppressed"), drops(queue));
            }
        }
        return table;
    }

    /** "7: noBuffers 4, tooLong 3". */
    private static String drops(Fields queue) {
        StringBuilder text = new StringBuilder(number(queue, "drops"));
        String separator = ": ";
        for (Map.Entry<String, Object> reason : queue.object("dropReasons").members().entrySet()) {
            text.append(separator).append(reason.getKey()).append(' ').append(reason.getValue());
            separator = ", ";
        }
        return text.toString();
    }

    private static String number(Fields from, String member) {
        return Long.toString(from.integer(member, 0));
    }
}
