/**
 * A cache server's protocol and store, sans I/O: {@link eu.mikelangelo.examples.cache.Session} takes bytes of a client
 * and makes {@link eu.mikelangelo.examples.cache.Request}s of them, a {@link eu.mikelangelo.examples.cache.Keeper}
 * (the {@link eu.mikelangelo.examples.cache.Store} of this shard, or whoever forwards to the owner) answers into an
 * {@link eu.mikelangelo.examples.cache.Output}. Nothing here is thread-safe; nothing allocates per operation.
 *
 * <p>"protocol.txt" in the comments is memcached's description of its protocol (version 1.6.18).
 */
package eu.mikelangelo.examples.cache;
