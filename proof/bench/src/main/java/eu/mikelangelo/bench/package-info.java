/** Benchmarks against named peers; {@code ./do bench NAME}. Never shipped. */
package eu.mikelangelo.bench;
