/** Memory outside the heap: checked regions and a bounded allocator. One of the two modules with native access. */
module eu.mikelangelo.memory {
    /** For wide copies; who wants them says --add-modules, for it is incubating and has the JVM warn. */
    requires static jdk.incubator.vector;

    exports eu.mikelangelo.memory;
    /** Unchecked: for those alone whose loops need it. */
    exports eu.mikelangelo.memory.raw to eu.mikelangelo.virtio, eu.mikelangelo.ioplane;
}
