package eu.mikelangelo.metrics;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Writes metrics in the Prometheus text format, version 0.0.4. Allocates: for whoever scrapes, not for shards. */
public final class PrometheusText {
    /** The value for the HTTP header Content-Type. */
    public static final String CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private PrometheusText() {}

    /**
     * Writes all metrics whose name begins with {@code prefix}; families in the order of their first registration.
     *
     * @param prefix empty for all
     */
    public static void write(MetricsReader reader, String prefix, Appendable out) throws IOException {
        Map<String, List<MetricsReader.Entry>> families = new LinkedHashMap<>();
        for (MetricsReader.Entry entry : reader.entries()) {
            if (entry.text().name().startsWith(prefix)) {
                families.computeIfAbsent(entry.text().name(), name -> new ArrayList<>()).add(entry);
            }
        }
        for (List<MetricsReader.Entry> family : families.values()) {
            MetricsReader.Entry first = family.getFirst();
            String name = first.text().name();
            out.append("# HELP ").append(name).append(' ').append(first.text().help()).append('\n');
            out.append("# TYPE ").append(name).append(' ').append(type(first.kind())).append('\n');
            for (MetricsReader.Entry entry : family) {
                if (entry.kind() == MetricsLayout.KIND_HISTOGRAM) {
                    histogram(entry, reader.distribution(entry), out);
                } else {
                    sample(name, "", entry.text().labels(), number(reader.value(entry), entry.scale()), out);
                }
            }
        }
    }

    /** Cumulative counts at the powers of two that the histogram tells apart; bounds are inclusive in the format. */
    private static void histogram(MetricsReader.Entry entry, Distribution values, Appendable out) throws IOException {
        String name = entry.text().name();
        String labels = entry.text().labels();
        String separator = labels.isEmpty() ? "" : ",";
        long lastBucket = Buckets.low(entry.buckets() - 1);
        for (int exponent = entry.low(); exponent < 63 && 1L << exponent <= lastBucket; exponent++) {
            String bound = number((1L << exponent) - 1, entry.scale());
            sample(name, "_bucket", labels + separator + "le=\"" + bound + "\"",
                    Long.toString(values.countBelow(exponent)), out);
        }
        sample(name, "_bucket", labels + separator + "le=\"+Inf\"", Long.toString(values.count()), out);
        sample(name, "_sum", labels, entry.scale() == 1 ? Long.toString((long) values.sum())
                : Double.toString(scaled(values.sum(), entry.scale())), out);
        sample(name, "_count", labels, Long.toString(values.count()), out);
    }

    private static void sample(String name, String suffix, String labels, String value, Appendable out)
            throws IOException {
        out.append(name).append(suffix);
        if (!labels.isEmpty()) {
            out.append('{').append(labels).append('}');
        }
        out.append(' ').append(value).append('\n');
    }

    private static String number(long value, double scale) {
        return scale == 1 ? Long.toString(value) : Double.toString(scaled(value, scale));
    }

    /** Divides by the inverse where that is whole: 1023 / 1e9 is the nearest double, 1023 * 1e-9 is not. */
    private static double scaled(double value, double scale) {
        double inverse = Math.rint(1 / scale);
        return scale < 1 && 1 / inverse == scale ? value / inverse : value * scale;
    }

    private static String type(int kind) {
        return switch (kind) {
            case MetricsLayout.KIND_COUNTER -> "counter";
            case MetricsLayout.KIND_GAUGE -> "gauge";
            default -> "histogram";
        };
    }
}
