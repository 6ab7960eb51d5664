/** A cache that speaks memcached's text and meta protocols: sessions and a store without sockets and threads, and a
 *  server made of them. */
module eu.mikelangelo.examples.cache {
    requires transitive eu.mikelangelo.memory;
    requires transitive eu.mikelangelo.shard;

    exports eu.mikelangelo.examples.cache;
    exports eu.mikelangelo.examples.cache.server;
    // The hash that names a key's owner.
    exports eu.mikelangelo.examples.cache.bytes;
}
