/** The cache as a server on the shard engine: a store and its clients on each shard, keys spread over them. */
package eu.mikelangelo.examples.cache.server;
