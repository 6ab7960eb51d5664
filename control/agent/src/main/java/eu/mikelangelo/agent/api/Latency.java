package eu.mikelangelo.agent.api;

import eu.mikelangelo.plane.api.LatencyStats;
import java.util.List;

/**
 * How many bursts took how long: counts in buckets that double, as the plane tells them.
 *
 * @param firstNs the upper end of the first bucket; the last one has none
 * @param counts  not copied
 */
public record Latency(long firstNs, long[] counts) {
    static Latency of(LatencyStats stats) {
        return new Latency(stats.firstNs(), stats.counts().stream().mapToLong(Long::longValue).toArray());
    }

    /** The "latency" of a port in {@link IoStats}. */
    public static Latency of(Fields latency) {
        List<?> counts = latency.members().get("counts") instanceof List<?> list ? list : List.of();
        return new Latency(latency.integer("firstNs", 1),
                counts.stream().mapToLong(count -> count instanceof Number number ? number.longValue() : 0).toArray());
    }

    /** What came since {@code before}; all of it when that is of another plane. */
    public Latency since(Latency before) {
        if (before.counts.length != counts.length) {
            return this;
        }
        long[] news = new long[counts.length];
        for (int i = 0; i < counts.length; i++) {
            news[i] = counts[i] - before.counts[i];
            if (news[i] < 0) {
                return this;
            }
        }
        return new Latency(firstNs, news);
    }

    /** How many bursts. */
    public long count() {
        long count = 0;
        for (long each : counts) {
            count += each;
        }
        return count;
    }

    /** The upper end of a bucket in nanoseconds; that of the last is {@link Long#MAX_VALUE}. */
    public long upperNs(int bucket) {
        return bucket == counts.length - 1 ? Long.MAX_VALUE : firstNs << bucket;
    }

    /**
     * What so many percent of the bursts did not take longer than, taken to lie evenly within their bucket (as
     * Prometheus' histogram_quantile does); the lower end of the last bucket when it is in there; 0 when there are
     * none.
     */
    public long percentileNs(double percent) {
        double rank = count() * percent / 100;
        double below = 0;
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0 && below + counts[i] >= rank) {
                long low = i == 0 ? 0 : firstNs << i - 1;
                return i == counts.length - 1 ? low
                        : low + Math.round(((firstNs << i) - low) * ((rank - below) / counts[i]));
            }
            below += counts[i];
        }
        return 0;
    }
}
