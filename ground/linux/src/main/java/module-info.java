/** System calls and struct layouts through the FFM API. The other module with native access. */
module eu.mikelangelo.linux {
    requires eu.mikelangelo.memory;

    exports eu.mikelangelo.linux;
    exports eu.mikelangelo.linux.net;
    exports eu.mikelangelo.linux.uring;
}
