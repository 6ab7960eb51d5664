/** Memory outside the heap: checked regions and a bounded allocator. One of the two modules with native access. */
module eu.mikelangelo.memory {
    exports eu.mikelangelo.memory;
}
