/** The daemon that supervises machines and the plane, and its API (both ends of it). */
module eu.mikelangelo.agent {
    requires transitive eu.mikelangelo.base;
    requires transitive eu.mikelangelo.packages;
    requires transitive eu.mikelangelo.machines;
    requires eu.mikelangelo.plane.api;
    requires tools.jackson.core;
    requires tools.jackson.databind;
    requires java.logging;
    requires jdk.net;
    requires org.eclipse.jetty.server;
    requires org.eclipse.jetty.unixdomain.server;
    exports eu.mikelangelo.agent.api;
}
