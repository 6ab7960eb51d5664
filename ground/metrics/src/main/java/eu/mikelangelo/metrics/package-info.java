/**
 * Numbers about a running program, cheap enough to leave on.
 *
 * <p>{@link eu.mikelangelo.metrics.Metrics} is the registry: counters, gauges and histograms by name and labels in one
 * block of memory that other processes read ({@link eu.mikelangelo.metrics.MetricsReader}) and
 * {@link eu.mikelangelo.metrics.PrometheusText} shows. {@link eu.mikelangelo.metrics.Counters} is a bare block on the
 * heap; {@link eu.mikelangelo.metrics.DistinctErrors} a log that cannot become the outage.
 */
package eu.mikelangelo.metrics;
