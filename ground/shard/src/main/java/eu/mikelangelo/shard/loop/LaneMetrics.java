package eu.mikelangelo.shard.loop;

import eu.mikelangelo.metrics.Counter;
import eu.mikelangelo.metrics.Histogram;
import eu.mikelangelo.metrics.MetricGroup;

/** What a loop counts about a lane: a few stores for each batch of tasks. The loop's thread writes, any may read. */
public final class LaneMetrics {
    private static final long LOW_NS = 1 << 10;
    private static final long HIGH_NS = 10_000_000_000L;
    private final Counter tasks;
    private final Counter runNs;
    private final Histogram waitNs;

    public LaneMetrics(MetricGroup of, String lane) {
        tasks = of.counter("shard_lane_tasks_total", "Tasks and steps of fibers that ran", "lane", lane);
        runNs = of.counter("shard_lane_run_seconds_total", "Time that the lane had", 1e-9, "lane", lane);
        waitNs = of.histogram("shard_lane_wait_seconds",
                "From ready until it runs; the first of a batch of at most 8 tasks stands for all of it",
                LOW_NS, HIGH_NS, 1e-9, "lane", lane);
    }

    /** A batch of tasks ran. @param waitedNs how long the first of them, which is the oldest, had waited */
    public void batch(int count, long ns, long waitedNs) {
        tasks.add(count);
        runNs.add(ns);
        waitNs.record(waitedNs, count);
    }

    public long tasks() {
        return tasks.get();
    }

    public long runNs() {
        return runNs.get();
    }
}
