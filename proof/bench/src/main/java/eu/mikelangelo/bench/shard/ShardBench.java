package eu.mikelangelo.bench.shard;

import eu.mikelangelo.bench.Options;
import eu.mikelangelo.bench.Row;

/** {@code ./do bench shard}: the shard engine and the cache on it against what servers are made of today. */
public final class ShardBench {
    static final String NAME = "shard";
    private static final int PIPELINE = 32;
    private static final double PIPELINED_AIM = 1.3;
    private static final double SERIAL_AIM = 1.05;
    /** 1.1 times the peer's at most. */
    private static final double TAIL_AIM = 1 / 1.1;
    private final Options options;
    private final Plan plan;

    public ShardBench(Options options) {
        this.options = options;
        plan = Plan.of(options);
    }

    /** Prints each row when it is measured. */
    public void run() {
        // Whoever stops us stops the servers too.
        Runtime.getRuntime().addShutdownHook(new Thread(
                () -> ProcessHandle.current().descendants().forEach(ProcessHandle::destroy)));
        cache("cache-pipelined-memcached", PIPELINE, PIPELINED_AIM, false);
        cache("cache-serial-memcached", 1, SERIAL_AIM, false);
        cache("cache-pipelined-netty", PIPELINE, PIPELINED_AIM, true);
        cache("cache-serial-netty", 1, SERIAL_AIM, true);
        row("cross-shard-call", "s/op", 1, (row, aim) -> new MicroRows(plan).calls(row, aim));
        row("fiber-wake-from-io", "s/op", 10, (row, aim) -> new MicroRows(plan).wakes(row, aim));
        row("fiber-switch", "s/op", 1, (row, aim) -> new MicroRows(plan).switches(row, aim));
        row("p99-at-70", "s", TAIL_AIM, (row, aim) -> new CacheRows(plan).tail(row, aim));
        row("alloc-per-request-agents", Row.BYTES_PER_OPERATION, 0, (row, aim) -> new AllocRows(plan).agents(row, aim));
        row("alloc-per-request-direct", Row.BYTES_PER_OPERATION, 64,
                (row, aim) -> new AllocRows(plan).direct(row, aim));
    }

    private interface Measure {
        Row measure(String row, double aim);
    }

    private void cache(String name, int pipeline, double aim, boolean netty) {
        row(name, "s/op", aim, (row, bound) -> netty ? new CacheRows(plan).againstNetty(row, pipeline, bound)
                : new CacheRows(plan).againstMemcached(row, pipeline, bound));
    }

    private void row(String name, String metric, double aim, Measure measure) {
        options.row(NAME, name, metric, aim, () -> measure.measure(name, aim));
    }
}
