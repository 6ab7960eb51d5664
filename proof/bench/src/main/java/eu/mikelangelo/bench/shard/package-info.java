/** The shard engine against its peers. */
package eu.mikelangelo.bench.shard;
