package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Options;
import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.net.room.Patience;
import eu.mikelangelo.bench.net.room.Room;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

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
        apart("net64-split", new Testpmd.Shape(SMALL, false), 1.3, 1.1);
        row("net1518-split", Metric.MPPS, 1.3, (row, metric, aim) ->
                rivals(new Testpmd.Shape(FULL, false), metric).together(row, aim, 0));
        apart("net64-packed", new Testpmd.Shape(SMALL, true), 1, 1);
        row("alloc-per-packet", Metric.BYTES, 0,
                (row, metric, aim) -> AllocationRow.measure(row, aim, room, plan, cores));
        Rivals<JavaClient> hops = rivals(JavaClient.Shape.HOPS, Metric.SECONDS);
        row("hop-p50", Metric.SECONDS, 1, (row, metric, aim) -> hops.together(row, aim, 0));
        row("hop-p99", Metric.SECONDS, 1, (row, metric, aim) -> hops.together(row, aim, 1));
        row("guest2guest-64", Metric.MPPS, 1.3,
                against(new Testpmd.Shape(SMALL, false), () -> new OpenVswitch(false)));
        row("guest2guest-64k", Metric.GIGABITS, 1.3,
                against(JavaClient.Shape.SEGMENTS, () -> new OpenVswitch(true)));
        row("publish-rps-passt", Metric.REQUESTS, 1,
                (row, metric, aim) -> new PublishRow(room, plan, cores).measure(row, aim));
        row("iperf-guests", Metric.BITS, 1.5, (row, metric, aim) -> new IperfRow(room, plan).measure(row, aim));
    }

    private void apart(String name, Testpmd.Shape shape, double nearAim, double farAim) {
        Set<String> wanted = new LinkedHashSet<>();
        for (String regime : new String[] {Matches.NEAR, Matches.FAR}) {
            if (options.wants(name + "-" + regime)) {
                wanted.add(regime);
            }
        }
        Rivals<Testpmd> rivals = rivals(shape, Metric.MPPS);
        for (String regime : wanted) {
            row(name + "-" + regime, Metric.MPPS, regime.equals(Matches.NEAR) ? nearAim : farAim,
                    (row, metric, aim) -> rivals.apart(row, aim, regime, wanted));
        }
    }

    /** DPDK's forwarder, and with --harder that and a loop of our own, built for this processor. */
    private <C extends Client> Rivals<C> rivals(Client.Kind<C> kind, Metric metric) {
        List<Circuit.Peer> peers = new ArrayList<>(List.of(new TestpmdPeer()));
        if (options.harder()) {
            String folder = System.getProperty("mike.dpdk.native");
            peers.addAll(folder == null ? List.of(new Rivals.Absent("DPDK built for this processor"))
                    : List.of(new TestpmdPeer(Path.of(folder, "dpdk-testpmd").toString(), ", built for this processor"),
                            new OneCopyPeer(Path.of(folder, "one-copy"))));
        }
        return new Rivals<>(peers.stream().map(peer -> new Circuit<>(room, plan, cores, kind, metric, peer)).toList());
    }

    /** Whatever regime it is. @param peer made when the row is, for it may be that there is none */
    private Measure against(Client.Kind<?> kind, Supplier<Circuit.Peer> peer) {
        return (row, metric, aim) -> new Circuit<>(room, plan, cores, kind, metric, peer.get()).together(row, aim, 0);
    }

    private interface Measure {
        Row measure(String row, Metric metric, double aim);
    }

    private void row(String name, Metric metric, double aim, Measure measure) {
        options.row(NAME, name, metric.unit(), aim, () -> {
            try (Patience patience = new Patience(room, plan.patienceSeconds())) {
                return patience.with(() -> measure.measure(name, metric, aim));
            } catch (RuntimeException failed) {
                return new Row(NAME, name, "", metric.unit(), metric.lowerIsBetter(), new double[0], new double[0],
                        aim, String.valueOf(failed.getMessage()));
            }
        });
    }
}
