package eu.mikelangelo.bench.shard;

import eu.mikelangelo.bench.Options;

/**
 * How long and how often.
 *
 * @param pairs of windows that count
 * @param windowSeconds each of these
 * @param warmupSeconds each server, before the first of them
 * @param tailWindows of each server, for the percentile
 * @param rounds of a micro measurement, the later half of which counts
 * @param allocationOperations per run
 */
record Plan(int pairs, double windowSeconds, double warmupSeconds, int tailWindows, int rounds,
            int allocationOperations) {
    static Plan of(Options options) {
        return options.quick() ? new Plan(3, 1, 2, 3, 2, 1_000_000) : new Plan(7, 4, 10, 9, 6, 1_000_000);
    }
}
