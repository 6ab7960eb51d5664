/**
 * A library to write servers that use a modern machine to the full: one shard per core, nothing shared, everything that
 * waits is a future or a fiber. Begin with {@link eu.mikelangelo.shard.Host}.
 */
package eu.mikelangelo.shard;
