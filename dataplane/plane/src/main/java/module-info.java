/** The plane's own process. */
module eu.mikelangelo.plane {
    requires eu.mikelangelo.linux;
    requires eu.mikelangelo.metrics;
    requires eu.mikelangelo.ioplane;
    requires eu.mikelangelo.plane.api;
}
