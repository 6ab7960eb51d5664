package eu.mikelangelo.bench.shard;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.LoadProcess;
import eu.mikelangelo.bench.measure.Pairs;
import eu.mikelangelo.bench.measure.Regime;
import eu.mikelangelo.bench.measure.Window;
import eu.mikelangelo.bench.shard.CacheServer.Kind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** CPU time of the server per operation, ours and a peer's, and the 99th percentile at 70 % of what they can do. */
final class CacheRows {
    private static final String METRIC = "s/op";
    private static final double LOAD = 0.7;
    private static final List<Kind> NETTY = List.of(Kind.NETTY_EPOLL, Kind.NETTY_URING, Kind.NETTY_URING_RING);
    private final Plan plan;
    private final Cores cores = Cores.pick();

    CacheRows(Plan plan) {
        this.plan = plan;
    }

    /** @param pipeline requests under way on each connection */
    Row againstMemcached(String row, int pipeline, double aim) {
        try (LoadProcess load = new LoadProcess(cores.client());
                CacheServer ours = start(Kind.OURS); CacheServer theirs = start(Kind.MEMCACHED)) {
            return pairs(row, load, ours, theirs, pipeline, aim, "");
        }
    }

    /** Against the best of Netty's transports. */
    Row againstNetty(String row, int pipeline, double aim) {
        try (LoadProcess load = new LoadProcess(cores.client())) {
            StringBuilder others = new StringBuilder();
            Kind best = bestNetty(load, pipeline, others);
            try (CacheServer ours = start(Kind.OURS); CacheServer theirs = start(best)) {
                return pairs(row, load, ours, theirs, pipeline, aim, others.toString());
            }
        }
    }

    private CacheServer start(Kind kind) {
        return CacheServer.start(kind, cores.server());
    }

    private Row pairs(String row, LoadProcess load, CacheServer ours, CacheServer theirs, int pipeline, double aim,
                      String others) {
        warm(load, List.of(ours, theirs), pipeline);
        List<Window> our = new ArrayList<>();
        List<Window> their = new ArrayList<>();
        Pairs pairs = Pairs.run(plan.pairs(), () -> Regime.now(cores),
                () -> measured(load.closed(ours, pipeline, plan.windowSeconds()), our),
                () -> measured(load.closed(theirs, pipeline, plan.windowSeconds()), their));
        String note = String.format(Locale.ROOT, "server's CPU; operations a second: ours %.0f, theirs %.0f; share of "
                + "its core: ours %.2f, theirs %.2f%s%s", median(our, 0), median(their, 0), median(our, 1),
                median(their, 1), others, pairs.movedNote());
        return new Row(ShardBench.NAME, row, CacheServer.name(theirs.kind), METRIC, true, pairs.ours(), pairs.theirs(),
                aim, pairs.topology(), note);
    }

    private static double measured(Window window, List<Window> all) {
        all.add(window);
        return window.cpuPerOperation();
    }

    private static double median(List<Window> windows, int what) {
        return Row.median(windows.stream()
                .mapToDouble(window -> what == 0 ? window.perSecond() : window.cpuShare()).toArray());
    }

    /** In turns, so that the generator is compiled for all when the first is measured. */
    private void warm(LoadProcess load, List<CacheServer> servers, int pipeline) {
        for (int round = 0; round < 2; round++) {
            for (CacheServer server : servers) {
                load.closed(server, pipeline, plan.warmupSeconds() / 2);
            }
        }
    }

    /** The transport with the least CPU per operation in a short trial; the others and what they took into the note. */
    private Kind bestNetty(LoadProcess load, int pipeline, StringBuilder others) {
        Kind best = null;
        double least = Double.MAX_VALUE;
        StringBuilder all = new StringBuilder();
        for (Kind kind : NETTY) {
            try (CacheServer server = start(kind)) {
                warm(load, List.of(server), pipeline);
                double[] trial = new double[3];
                for (int i = 0; i < trial.length; i++) {
                    trial[i] = load.closed(server, pipeline, plan.windowSeconds() / 2).cpuPerOperation();
                }
                double took = Row.median(trial);
                all.append(String.format(Locale.ROOT, " %s %.4g,", kind.title, took));
                if (took < least) {
                    least = took;
                    best = kind;
                }
            } catch (IllegalStateException cannot) {
                all.append(' ').append(kind.title).append(" not at all (").append(cannot.getMessage()).append("),");
            }
        }
        if (best == null) {
            throw new IllegalStateException("no transport of Netty works here:" + all);
        }
        others.append("; in the trial:").append(all, 0, all.length() - 1);
        return best;
    }

    /**
     * One request at a time on each connection. What the best peer and we can do in closed loop, then the same rate for
     * all, 70 % of the lower. The peer with the lower percentile is the one in the row.
     */
    Row tail(String row, double aim) {
        try (LoadProcess load = new LoadProcess(cores.client())) {
            StringBuilder others = new StringBuilder();
            Kind netty = bestNetty(load, 1, others);
            try (CacheServer ours = start(Kind.OURS); CacheServer memcached = start(Kind.MEMCACHED);
                    CacheServer onNetty = start(netty)) {
                return tail(row, aim, load, List.of(ours, memcached, onNetty));
            }
        }
    }

    private Row tail(String row, double aim, LoadProcess load, List<CacheServer> servers) {
        warm(load, servers, 1);
        double[] most = new double[servers.size()];
        for (int i = 0; i < most.length; i++) {
            double[] trial = new double[3];
            for (int j = 0; j < trial.length; j++) {
                trial[j] = load.closed(servers.get(i), 1, plan.windowSeconds() / 2).perSecond();
            }
            most[i] = Row.median(trial);
        }
        double rate = LOAD * Math.min(most[0], Math.max(most[1], most[2]));
        double[][] p99 = new double[most.length][plan.tailWindows()];
        for (int window = -1; window < plan.tailWindows(); window++) {
            for (int i = 0; i < most.length; i++) {
                double seen = load.open(servers.get(i), rate, plan.windowSeconds()).p99();
                if (window >= 0) {
                    p99[i][window] = seen;
                }
            }
        }
        int peer = Row.median(p99[1]) <= Row.median(p99[2]) ? 1 : 2;
        int other = 3 - peer;
        String note = String.format(Locale.ROOT, "%.0f operations a second offered to each; closed loop: ours %.0f, "
                + "%s %.0f, %s %.0f; %s's p99 %.4g", rate, most[0], servers.get(1).kind.title, most[1],
                servers.get(2).kind.title, most[2], servers.get(other).kind.title, Row.median(p99[other]));
        String name = CacheServer.name(servers.get(peer).kind);
        return new Row(ShardBench.NAME, row, name, "s", true, p99[0], p99[peer], aim, note);
    }
}
