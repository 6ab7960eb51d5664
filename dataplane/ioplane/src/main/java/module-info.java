/** I/O cores, ports, the switch and uplinks. */
module eu.mikelangelo.ioplane {
    requires transitive eu.mikelangelo.memory;
    requires transitive eu.mikelangelo.linux;
    requires transitive eu.mikelangelo.metrics;
    requires transitive eu.mikelangelo.virtio;
    requires transitive eu.mikelangelo.vhost;
    requires eu.mikelangelo.shard;

    exports eu.mikelangelo.ioplane;
    exports eu.mikelangelo.ioplane.link;
    exports eu.mikelangelo.ioplane.observe;
    exports eu.mikelangelo.ioplane.policy;
}
