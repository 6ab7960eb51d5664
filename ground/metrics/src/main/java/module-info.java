/** Counters, histograms and the distinct-error log; readable from outside the process. */
module eu.mikelangelo.metrics {
    exports eu.mikelangelo.metrics;
}
