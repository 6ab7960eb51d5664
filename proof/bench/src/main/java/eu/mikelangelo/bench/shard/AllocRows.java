package eu.mikelangelo.bench.shard;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.JavaCommand;
import java.util.List;

/** Bytes that a shard's thread allocates per operation. */
final class AllocRows {
    private static final int RUNS = 5;
    private final Plan plan;

    AllocRows(Plan plan) {
        this.plan = plan;
    }

    /** The cache server's conversations. */
    Row agents(String row, double aim) {
        return bound(row, "agents", aim, "the cache's shard, 50 connections, 1 to 32 requests at a time");
    }

    /** A fiber per connection that reads and writes a stream. */
    Row direct(String row, double aim) {
        return bound(row, "direct", aim, "a fiber per connection, 50 of them, 64-byte requests");
    }

    private Row bound(String row, String what, double aim, String note) {
        List<String> lines = JavaCommand.lines(JavaCommand.of(JavaCommand.engineOptions(), AllocMain.class.getName(),
                List.of(what, String.valueOf(RUNS), String.valueOf(plan.allocationOperations()))));
        double[] runs = lines.stream().mapToDouble(Double::parseDouble).toArray();
        return new Row(ShardBench.NAME, row, "", Row.BYTES_PER_OPERATION, true, runs, new double[0], aim,
                plan.allocationOperations() + " operations a run; " + note);
    }
}
