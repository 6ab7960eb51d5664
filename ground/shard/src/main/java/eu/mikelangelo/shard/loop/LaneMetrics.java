package eu.mikelangelo.shard.loop;

import eu.mikelangelo.metrics.Counter;
import eu.mikelangelo.metrics.Histogram;
import eu.mikelangelo.metrics.MetricGroup;

/**
 * What a loop counts about a lane: a few plain stores for each batch of tasks; {@link #publish} adds them to the
 * registry,
 * where any thread reads them. The loop's thread alone writes.
 */
public final class LaneMetrics {
    private static final long LOW_NS = 1 << 10;
    private static final long HIGH_NS = 10_000_000_000L;
    private static final int BATCHES = 64;
    private final Counter tasks;
    private final Counter runNs;
    private final Histogram waitNs;
    // Not yet published.
    private final long[] waits = new long[BATCHES];
    private final int[] counts = new int[BATCHES];
    private int batches;
    private long freshTasks;
    private long freshNs;

    public LaneMetrics(MetricGroup of, String lane) {
        tasks = of.counter("shard_lane_tasks_total", "Tasks and steps of fibers that ran", "lane", lane);
        runNs = of.counter("shard_lane_run_seconds_total", "Time that the lane had", 1e-9, "lane", lane);
        waitNs = of.histogram("shard_lane_wait_seconds",
                "From ready until it runs; the first of a batch of at most 8 tasks stands for all of it",
                LOW_NS, HIGH_NS, 1e-9, "lane", lane);
    }

    /** A batch of tasks ran. @param waitedNs how long the first of them, which is the oldest, had waited */
    public void batch(int count, long ns, long waitedNs) {
        freshTasks += count;
        freshNs += ns;
        if (batches > 0 && waits[batches - 1] == waitedNs) {
            counts[batches - 1] += count;   // most often 0: it ran in the turn in which it became ready
            return;
        }
        waits[batches] = waitedNs;
        counts[batches] = count;
        if (++batches == BATCHES) {
            publish();
        }
    }

    /** Makes it visible to readers. */
    public void publish() {
        if (batches > 0) {
            tasks.add(freshTasks);
            runNs.add(freshNs);
            for (int i = 0; i < batches; i++) {
                waitNs.record(waits[i], counts[i]);
            }
            batches = 0;
            freshTasks = 0;
            freshNs = 0;
        }
    }

    /** The loop's thread only: all the time that the lane had. */
    public long runNs() {
        return runNs.get() + freshNs;
    }
}
