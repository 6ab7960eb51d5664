/** The shared-nothing engine: one shard per core, nothing shared, everything that waits is a future or a fiber. */
module eu.mikelangelo.shard {
    requires transitive eu.mikelangelo.memory;
    requires transitive eu.mikelangelo.linux;
    requires transitive eu.mikelangelo.metrics;
    requires java.management;

    exports eu.mikelangelo.shard;
    exports eu.mikelangelo.shard.io;
    exports eu.mikelangelo.shard.limits;
}
