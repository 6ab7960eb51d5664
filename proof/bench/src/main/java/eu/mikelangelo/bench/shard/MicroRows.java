package eu.mikelangelo.bench.shard;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.JavaCommand;
import eu.mikelangelo.bench.measure.Pairs;
import eu.mikelangelo.bench.measure.Regime;
import java.util.ArrayList;
import java.util.List;

/** Rows of {@link Micro}: each side in JVMs of its own, in turn. */
final class MicroRows {
    /** A pool of virtual threads with one carrier. */
    private static final List<String> ONE_CARRIER = List.of("-Djdk.virtualThreadScheduler.parallelism=1",
            "-Djdk.virtualThreadScheduler.maxPoolSize=1");
    private final Plan plan;
    private final Cores cores = Cores.pick();

    MicroRows(Plan plan) {
        this.plan = plan;
    }

    Row calls(String row, double aim) {
        String bare = String.format("; a token that is handed there and back, without a call: %.3g s",
                run("token-theirs", List.of()));
        return pairs(row, "call", "two threads with JCTools' queues", aim, List.of(), bare);
    }

    Row wakes(String row, double aim) {
        return pairs(row, "wake", "a selector's thread that unparks a virtual thread", aim, List.of(), "");
    }

    Row switches(String row, double aim) {
        return pairs(row, "switch", "virtual threads on one carrier", aim, ONE_CARRIER, "");
    }

    private Row pairs(String row, String name, String peer, double aim, List<String> peerOptions, String note) {
        Pairs pairs = Pairs.run(plan.pairs(), () -> Regime.now(cores), () -> run(name + "-ours", List.of()),
                () -> run(name + "-theirs", peerOptions));
        return new Row(ShardBench.NAME, row, peer, "s/op", true, pairs.ours(), pairs.theirs(), aim, pairs.topology(),
                "elapsed" + note + pairs.movedNote());
    }

    private double run(String name, List<String> more) {
        List<String> options = new ArrayList<>(JavaCommand.engineOptions());
        options.add("--sun-misc-unsafe-memory-access=allow");   // JCTools
        options.addAll(more);
        List<String> command = JavaCommand.of(options, Micro.class.getName(),
                List.of(name, String.valueOf(plan.rounds())));
        return Double.parseDouble(JavaCommand.lines(command).getLast());
    }
}
