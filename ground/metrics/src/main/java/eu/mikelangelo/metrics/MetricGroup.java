package eu.mikelangelo.metrics;

import java.util.Arrays;

/**
 * The metrics of one writer (a shard, a thread), whose values lie together. Registering is for one thread at a time
 * and throws {@link IllegalArgumentException} for a name or label that the Prometheus format does not allow, for a
 * metric registered before, or for text that is too long, and {@link IllegalStateException} when there is no room.
 */
public final class MetricGroup {
    private final Metrics metrics;
    private final String[] labels;
    private long at;
    private long end;

    MetricGroup(Metrics metrics, String... labels) {
        this.metrics = metrics;
        this.labels = labels.clone();
        MetricNames.labels(labels);
    }

    /**
     * A counter at 0.
     *
     * @param name ends in {@code _total} by custom
     * @param more labels beside those of the group: names and values in turn
     */
    public Counter counter(String name, String help, String... more) {
        long offset = word();
        register(MetricsLayout.KIND_COUNTER, name, help, offset, 0, 0, 1, more);
        return new Counter(metrics.memory(), offset);
    }

    /**
     * A counter at 0 in another unit than the one shown.
     *
     * @param scale as for {@link #histogram}: 1e-9 for nanoseconds added and {@code _seconds_total} shown
     */
    public Counter counter(String name, String help, double scale, String... more) {
        long offset = word();
        register(MetricsLayout.KIND_COUNTER, name, help, offset, 0, 0, scale, more);
        return new Counter(metrics.memory(), offset);
    }

    /** A gauge at 0. */
    public Gauge gauge(String name, String help, String... more) {
        long offset = word();
        register(MetricsLayout.KIND_GAUGE, name, help, offset, 0, 0, 1, more);
        return new Gauge(metrics.memory(), offset);
    }

    /**
     * A histogram. Prometheus sees a bucket for each doubling between {@code low} and {@code high}.
     *
     * @param low the first bound of interest, at least 1
     * @param high the largest value that is told from larger ones
     * @param scale what a recorded unit is in the unit that the name ends in: 1e-9 for nanoseconds recorded and
     *        {@code _seconds} shown
     */
    public Histogram histogram(String name, String help, long low, long high, double scale, String... more) {
        if (low < 1 || high < low) {
            throw new IllegalArgumentException("histogram " + name + " from " + low + " to " + high);
        }
        long offset = metrics.reserve(Histogram.bytes(high));
        int exponent = 63 - Long.numberOfLeadingZeros(low);
        int buckets = Buckets.count(high);
        register(MetricsLayout.KIND_HISTOGRAM, name, help, offset, buckets, exponent, scale, more);
        return new Histogram(metrics.memory(), offset, buckets);
    }

    private long word() {
        if (at == end) {
            at = metrics.reserve(Metrics.chunk());
            end = at + Metrics.chunk();
        }
        at += 8;
        return at - 8;
    }

    private void register(int kind, String name, String help, long offset, int buckets, int low, double scale,
            String... more) {
        String[] all = Arrays.copyOf(labels, labels.length + more.length);
        System.arraycopy(more, 0, all, labels.length, more.length);
        MetricText text = new MetricText(MetricNames.name(name), MetricNames.labels(all),
                MetricNames.escape(help, false));
        metrics.register(kind, text, offset, buckets, low, scale);
    }
}
