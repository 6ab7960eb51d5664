/** The plane's own process. */
module eu.mikelangelo.plane {
    requires eu.mikelangelo.linux;
    requires eu.mikelangelo.metrics;
    requires eu.mikelangelo.vhost;
    requires eu.mikelangelo.virtio;
    requires eu.mikelangelo.ioplane;
    requires eu.mikelangelo.plane.api;
    requires jdk.net;
}
