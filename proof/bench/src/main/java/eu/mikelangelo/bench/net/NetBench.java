package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Options;
import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import java.util.LinkedHashSet;
import java.util.Set;

/** {@code ./do bench net}: the shipped switch, {@code ./mike io serve}, against what others switch frames with. */
public final class NetBench {
    static final String NAME = "net";
    private static final int SMALL = 64;
    private static final int FULL = 1518;
    private final Options options;
    private final NetPlan plan;
    private final Cores cores;
    private final Room room = Room.entered();

    public NetBench(Options options) {
        this.options = options;
        plan = NetPlan.of(options);
        Cores free = Cores.pick();
        cores = new Cores(free.client(), free.server());   // the switch on the first
    }

    /** Prints each row when it is measured. */
    public void run() {
        Circuit split = circuit(SMALL, false, new TestpmdPeer());
        apart(split, "net64-split", 1.3, 1.1);
        together(circuit(FULL, false, new TestpmdPeer()), "net1518-split", 1.3);
        apart(circuit(SMALL, true, new TestpmdPeer()), "net64-packed", 1, 1);
        row("alloc-per-packet", Row.BYTES_PER_OPERATION, 0,
                (row, aim) -> AllocationRow.measure(row, aim, room, plan, cores));
        row("guest2guest-64", Circuit.METRIC, 1.3,
                (row, aim) -> circuit(SMALL, false, new OpenVswitch()).together(row, aim));
        row("publish-rps-passt", "req/s", 1, (row, aim) -> new PublishRow(room, plan, cores).measure(row, aim));
        row("iperf-guests", "bit/s", 1.5, (row, aim) -> new IperfRow(room, plan).measure(row, aim));
        noClient("guest2guest-64k", Circuit.METRIC, 1.3);
        noClient("hop-p50", "s", 1);
        noClient("hop-p99", "s", 1);
    }

    private Circuit circuit(int frameBytes, boolean packed, Circuit.Peer peer) {
        return new Circuit(room, plan, cores, new Testpmd.Shape(frameBytes, packed), peer);
    }

    private void apart(Circuit circuit, String name, double nearAim, double farAim) {
        Set<String> wanted = new LinkedHashSet<>();
        for (String regime : new String[] {Matches.NEAR, Matches.FAR}) {
            if (options.wants(name + "-" + regime)) {
                wanted.add(regime);
            }
        }
        for (String regime : wanted) {
            row(name + "-" + regime, Circuit.METRIC, regime.equals(Matches.NEAR) ? nearAim : farAim,
                    (row, aim) -> circuit.apart(row, aim, regime, wanted));
        }
    }

    private void together(Circuit circuit, String name, double aim) {
        row(name, Circuit.METRIC, aim, circuit::together);
    }

    private void noClient(String name, String metric, double aim) {
        row(name, metric, aim, (row, bound) -> {
            throw new IllegalStateException("no client yet that can do this: testpmd sends no segments and takes no "
                    + "times of single frames");
        });
    }

    private interface Measure {
        Row measure(String row, double aim);
    }

    private void row(String name, String metric, double aim, Measure measure) {
        options.row(NAME, name, metric, aim, () -> {
            try {
                return measure.measure(name, aim);
            } catch (RuntimeException failed) {
                boolean lowerIsBetter = metric.equals("s") || metric.equals(Row.BYTES_PER_OPERATION);
                return new Row(NAME, name, "", metric, lowerIsBetter, new double[0], new double[0], aim,
                        String.valueOf(failed.getMessage()));
            }
        });
    }
}
