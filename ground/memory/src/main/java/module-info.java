/** Mapped memory as checked regions. One of the two modules with native access. */
module eu.mikelangelo.memory {
    exports eu.mikelangelo.memory;
}
