/** System calls and struct layouts through the FFM API. The other module with native access. */
module eu.mikelangelo.linux {
    exports eu.mikelangelo.linux;
}
