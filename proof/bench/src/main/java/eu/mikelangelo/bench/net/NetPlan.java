package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Options;

/**
 * How long and how often.
 *
 * @param pairs of windows that count, of each regime
 * @param windowSeconds each of these
 * @param warmupSeconds each side, before the first of them
 * @param mostSeconds after which a search for both regimes ends
 * @param mostSecondsTogether the same where one regime is enough
 * @param allocationFrames at least so many in a run
 */
record NetPlan(int pairs, double windowSeconds, double warmupSeconds, double mostSeconds, double mostSecondsTogether,
               long allocationFrames) {
    static NetPlan of(Options options) {
        return options.quick() ? new NetPlan(3, 0.4, 2, 40, 20, 10_000_000)
                : new NetPlan(7, 0.6, 5, 240, 90, 20_000_000);
    }
}
