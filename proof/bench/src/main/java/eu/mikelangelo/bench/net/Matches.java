package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.DoubleSupplier;
import java.util.function.LongSupplier;
import java.util.function.Supplier;

/**
 * Windows of ours and of a peer in turn, A B A B …, with a look at how far apart the cores are before, between and
 * after. A pair counts if all three looks saw the same; what counts is kept apart by regime.
 *
 * @param discarded pairs within which the cores moved, or were neither near nor far
 * @param seconds the search took
 */
record Matches(List<Match> all, int discarded, double seconds) {
    static final String NEAR = "near";
    static final String FAR = "far";

    record Match(double ours, double theirs, String regime) {}

    /**
     * @param each of these regimes is searched until it has so many pairs
     * @param mostSeconds after which the search ends, however few there are
     */
    static Matches search(Set<String> regimes, int each, double mostSeconds, LongSupplier nanoClock,
                          Supplier<String> regime, DoubleSupplier ours, DoubleSupplier theirs) {
        List<Match> kept = new ArrayList<>();
        int discarded = 0;
        long start = nanoClock.getAsLong();
        String before = regime.get();
        double seconds = 0;
        while (seconds < mostSeconds && regimes.stream().anyMatch(one -> count(kept, one) < each)) {
            double our = ours.getAsDouble();
            String between = regime.get();
            double their = theirs.getAsDouble();
            String after = regime.get();
            boolean still = before.equals(between) && between.equals(after);
            if (still && (after.equals(NEAR) || after.equals(FAR))) {
                kept.add(new Match(our, their, after));
            } else {
                discarded++;
            }
            before = after;
            seconds = (nanoClock.getAsLong() - start) / 1e9;
        }
        return new Matches(kept, discarded, seconds);
    }

    private static long count(List<Match> matches, String regime) {
        return matches.stream().filter(match -> match.regime.equals(regime)).count();
    }

    /** Those of one regime, or all of them. @param regime null for all */
    List<Match> of(String regime) {
        return all.stream().filter(match -> regime == null || match.regime.equals(regime)).toList();
    }

    /** What was seen, for a row's note. */
    String note() {
        return String.format(Locale.ROOT, "%d pairs near, %d far, %d discarded in %.0f s", count(all, NEAR),
                count(all, FAR), discarded, seconds);
    }

    /** A row of these, or, with fewer than so many, one without a ratio. */
    static Row row(String name, String peer, String metric, double aim, List<Match> matches, int least, String note) {
        if (matches.size() < least) {
            return new Row(NetBench.NAME, name, peer, metric, false, new double[0], new double[0], aim,
                    "only " + matches.size() + " pairs of windows: " + note);
        }
        return new Row(NetBench.NAME, name, peer, metric, false, matches.stream().mapToDouble(Match::ours).toArray(),
                matches.stream().mapToDouble(Match::theirs).toArray(), aim,
                matches.stream().map(Match::regime).toList(), note);
    }
}
