/** The parts of the shard bench, and that each server gives right answers. */
package eu.mikelangelo.bench.shard;
