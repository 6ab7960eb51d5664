package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Options;

/**
 * How long and how often.
 *
 * @param pairs of windows that count, of each regime
 * @param rounds in which these come: each starts both sides anew
 * @param windowSeconds each of these
 * @param warmupSeconds each side, before the first of a round
 * @param mostSeconds after which a search for both regimes ends, what starts and warms not counted
 * @param mostSecondsTogether the same where one regime is enough
 * @param allocationFrames at least so many in a run
 * @param patienceSeconds that any row may take
 */
record NetPlan(int pairs, int rounds, double windowSeconds, double warmupSeconds, double mostSeconds,
               double mostSecondsTogether, long allocationFrames, long patienceSeconds) {
    static NetPlan of(Options options) {
        int harder = options.harder() ? 3 : 1;
        return options.quick() ? new NetPlan(3, 1, 0.4, 2, 40, 20, 10_000_000, 300 * harder)
                : new NetPlan(7, 3, 0.6, 3, 150, 60, 20_000_000, 600 * harder);
    }
}
