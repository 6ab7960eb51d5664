/** vhost-user: messages, session state machine, back-end and front-end. */
module eu.mikelangelo.vhost {
    exports eu.mikelangelo.vhost;
    exports eu.mikelangelo.vhost.frontend;
    exports eu.mikelangelo.vhost.inflight;

    requires transitive eu.mikelangelo.memory;
    requires transitive eu.mikelangelo.linux;
    requires transitive eu.mikelangelo.virtio;
}
