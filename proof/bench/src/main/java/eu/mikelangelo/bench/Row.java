package eu.mikelangelo.bench;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import tools.jackson.databind.json.JsonMapper;

/**
 * One row of a benchmark. With a peer, {@code ratio} is the median of the pairwise ratios, bigger being better for us,
 * and {@code aim} is the smallest ratio that meets it. Without one, {@code aim} is a bound in the metric's unit and the
 * ratio is aim/median (lower is better) or median/aim.
 *
 * @param topology how far apart the cores were, pair by pair; empty where it does not matter
 */
public record Row(String bench, String name, String peer, String metric, boolean lowerIsBetter, double[] ours,
                  double[] theirs, double aim, List<String> topology, String note) {
    private static final double RATIO_MAX = 1_000;
    /** An aim of no allocation allows what the measurement itself leaves behind, in bytes per operation. */
    private static final double NO_BYTES = 0.001;
    /** The metric of rows on allocation. */
    public static final String BYTES_PER_OPERATION = "bytes/op";
    private static final JsonMapper JSON = JsonMapper.builder().build();

    /** A row for which it does not matter how far apart the cores are. */
    public Row(String bench, String name, String peer, String metric, boolean lowerIsBetter, double[] ours,
               double[] theirs, double aim, String note) {
        this(bench, name, peer, metric, lowerIsBetter, ours, theirs, aim, List.of(), note);
    }

    static Row failed(String bench, String name, String metric, double aim, String why) {
        return new Row(bench, name, "", metric, true, new double[0], new double[0], aim, why);
    }

    /** Bigger is better for us; null when the row could not run. */
    public Double ratio() {
        if (ours.length == 0) {
            return null;
        }
        if (theirs.length == 0) {
            double median = median(ours);
            if (aim == 0) {
                double most = metric.equals(BYTES_PER_OPERATION) ? Math.nextDown(NO_BYTES) : 0;
                return Arrays.stream(ours).allMatch(run -> run <= most) ? 1.0 : 0.0;
            }
            // Less than can be seen (one clock tick in a window) must not become an infinite ratio, which JSON lacks.
            return lowerIsBetter ? aim / Math.max(median, aim / RATIO_MAX) : median / aim;
        }
        double[] ratios = new double[Math.min(ours.length, theirs.length)];
        for (int i = 0; i < ratios.length; i++) {
            ratios[i] = lowerIsBetter ? theirs[i] / ours[i] : ours[i] / theirs[i];
        }
        return median(ratios);
    }

    boolean met() {
        Double ratio = ratio();
        return ratio != null && ratio >= (theirs.length == 0 ? 1.0 : aim);
    }

    String json() {
        Map<String, Object> fields = new LinkedHashMap<>();
        fields.put("bench", bench);
        fields.put("row", name);
        fields.put("peer", peer);
        fields.put("metric", metric);
        fields.put("better", lowerIsBetter ? "lower" : "higher");
        fields.put("ours", rounded(ours));
        fields.put("theirs", rounded(theirs));
        fields.put("ratio", ratio() == null ? null : significant(ratio()));
        fields.put("aim", aim);
        fields.put("met", met());
        fields.put("topology", topology);
        fields.put("note", note);
        return JSON.writeValueAsString(fields);
    }

    String text() {
        return String.format(Locale.ROOT, "%-38s %-8s ours %s  theirs %s  ratio %s  aim %s  %s%s", name, metric,
                spread(ours), spread(theirs), ratio() == null ? "-" : String.format(Locale.ROOT, "%.3f", ratio()), aim,
                met() ? "met" : "NOT MET", note.isEmpty() ? "" : "  (" + note + ")");
    }

    private static String spread(double[] runs) {
        if (runs.length == 0) {
            return "-";
        }
        double[] sorted = runs.clone();
        Arrays.sort(sorted);
        return String.format(Locale.ROOT, "%.4g (%.4g-%.4g, n=%d)", median(runs), sorted[0], sorted[sorted.length - 1],
                runs.length);
    }

    private static List<Double> rounded(double[] runs) {
        List<Double> out = new ArrayList<>();
        for (double run : runs) {
            out.add(significant(run));
        }
        return out;
    }

    /** Five digits. */
    static double significant(double value) {
        return Double.parseDouble(String.format(Locale.ROOT, "%.5g", value));
    }

    /** Of an even number the mean of the two in the middle. */
    public static double median(double[] values) {
        double[] sorted = values.clone();
        Arrays.sort(sorted);
        int middle = sorted.length / 2;
        return sorted.length % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
    }
}
