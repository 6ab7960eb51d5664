/** Sockets on shards: {@link eu.mikelangelo.shard.io.Server} for agents, {@link eu.mikelangelo.shard.io.Stream} for fibers. */
package eu.mikelangelo.shard.io;
