/** Counters and the distinct-error log. */
module eu.mikelangelo.metrics {
    exports eu.mikelangelo.metrics;
}
