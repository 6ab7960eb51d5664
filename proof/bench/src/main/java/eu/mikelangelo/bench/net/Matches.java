package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.net.room.Pause;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.function.Supplier;

/**
 * Windows of ours and of a peer in turn, A B A B …, with a look at how far apart the cores are before, between and
 * after. A pair counts if all three looks saw the same; what counts is kept apart by regime.
 *
 * @param discarded pairs within which the cores moved
 * @param seconds the search took
 */
record Matches(List<Match> all, int discarded, double seconds) {
    /** Of a search that has not begun. */
    static final Matches NONE = new Matches(List.of(), 0, 0);
    static final String NEAR = "near";
    static final String FAR = "far";

    /** A pair: of each side what its client has measured, value by value. */
    record Match(double[] ours, double[] theirs, String regime) {}

    /** A regime of which there are enough is waited out. */
    private static final double LOOK_SECONDS = 0.2;

    /**
     * Goes on with a search.
     *
     * @param found what was found until now
     * @param wanted with what was found before
     * @param mostSeconds after which it ends, however few there are
     * @param regime says how far apart the cores are now
     */
    static Matches search(Matches found, Wanted wanted, double mostSeconds, Clock clock, Supplier<String> regime,
                          Supplier<double[]> ours, Supplier<double[]> theirs) {
        List<Match> kept = new ArrayList<>(found.all);
        int discarded = found.discarded;
        double start = clock.seconds();
        String before = regime.get();
        while (clock.seconds() - start < mostSeconds && !wanted.all(kept)) {
            if (!wanted.more(before, kept)) {
                clock.sleep(LOOK_SECONDS);
                before = regime.get();
                continue;
            }
            double[] our = ours.get();
            String between = regime.get();
            double[] their = theirs.get();
            String after = regime.get();
            if (before.equals(between) && between.equals(after)) {
                kept.add(new Match(our, their, after));
            } else {
                discarded++;
            }
            before = after;
        }
        return new Matches(kept, discarded, found.seconds + clock.seconds() - start);
    }

    /**
     * What is searched.
     *
     * @param regimes each of these by itself; empty for any of the two
     * @param pairs of each
     */
    record Wanted(Set<String> regimes, int pairs) {
        /** Whether there are enough. */
        boolean all(List<Match> kept) {
            return regimes.isEmpty() ? kept.size() >= pairs
                    : regimes.stream().allMatch(regime -> count(kept, regime) >= pairs);
        }

        /** Whether a pair of this regime would be of use. */
        boolean more(String regime, List<Match> kept) {
            return regimes.isEmpty() ? regime.equals(NEAR) || regime.equals(FAR)
                    : regimes.contains(regime) && count(kept, regime) < pairs;
        }
    }

    /** Time, for a test to make. */
    interface Clock {
        double seconds();

        void sleep(double seconds);
    }

    /** That of this machine. */
    static final Clock CLOCK = new Clock() {
        @Override
        public double seconds() {
            return System.nanoTime() / 1e9;
        }

        @Override
        public void sleep(double seconds) {
            Pause.seconds(seconds);
        }
    };

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

    /** A row of these, or, with fewer than so many, one without a ratio. @param value which of the measured it is of */
    static Row row(String name, String peer, Metric metric, double aim, List<Match> matches, int value, int least,
                   String note) {
        boolean enough = matches.size() >= least;
        List<Match> counted = enough ? matches : List.of();
        return new Row(NetBench.NAME, name, peer, metric.unit(), metric.lowerIsBetter(),
                counted.stream().mapToDouble(match -> match.ours[value]).toArray(),
                counted.stream().mapToDouble(match -> match.theirs[value]).toArray(), aim,
                counted.stream().map(Match::regime).toList(),
                enough ? note : "only " + matches.size() + " pairs of windows: " + note);
    }
}
