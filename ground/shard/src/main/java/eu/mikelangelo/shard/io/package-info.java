/**
 * Sockets and files that do not block their shard: {@link eu.mikelangelo.shard.io.Stream}s, found by
 * {@link eu.mikelangelo.shard.io.Listener}, {@link eu.mikelangelo.shard.io.Acceptor} or
 * {@link eu.mikelangelo.shard.io.Server}; {@link eu.mikelangelo.shard.io.Datagrams};
 * {@link eu.mikelangelo.shard.io.File}s, whose disk {@link eu.mikelangelo.shard.io.IoLane}s divide.
 */
package eu.mikelangelo.shard.io;
