package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;

/**
 * What a row counts.
 *
 * @param unit as rows have it
 */
record Metric(String unit, boolean lowerIsBetter) {
    static final Metric MPPS = new Metric("Mpps", false);
    static final Metric GIGABITS = new Metric("Gbit/s", false);
    static final Metric BITS = new Metric("bit/s", false);
    static final Metric REQUESTS = new Metric("req/s", false);
    static final Metric SECONDS = new Metric("s", true);
    static final Metric BYTES = new Metric(Row.BYTES_PER_OPERATION, true);
}
