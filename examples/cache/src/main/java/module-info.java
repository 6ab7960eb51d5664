/** A cache that speaks memcached's text and meta protocols: sessions and a store without sockets and threads. */
module eu.mikelangelo.examples.cache {
    requires transitive eu.mikelangelo.memory;

    exports eu.mikelangelo.examples.cache;
    // The hash that names a key's owner.
    exports eu.mikelangelo.examples.cache.bytes;
}
