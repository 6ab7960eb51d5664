/** vhost-user: messages, session state machine, back-end. */
module eu.mikelangelo.vhost {
    exports eu.mikelangelo.vhost;

    requires transitive eu.mikelangelo.memory;
    requires transitive eu.mikelangelo.linux;
    requires transitive eu.mikelangelo.virtio;
}
