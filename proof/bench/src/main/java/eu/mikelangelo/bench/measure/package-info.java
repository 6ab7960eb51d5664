/** What several benchmarks measure with: cores and how far apart they are, pairs of runs, the load generator. */
package eu.mikelangelo.bench.measure;
