/** Counters and the distinct-error log. */
package eu.mikelangelo.metrics;
