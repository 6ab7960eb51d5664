/** Virtqueues, chains and device models. Sans I/O: memory in, memory out. */
module eu.mikelangelo.virtio {
    requires transitive eu.mikelangelo.memory;

    exports eu.mikelangelo.virtio;
    exports eu.mikelangelo.virtio.driver;
}
