/**
 * I/O cores, ports, the switch and uplinks.
 *
 * <p>An {@link eu.mikelangelo.ioplane.IoCore} is one thread that owns a {@link eu.mikelangelo.ioplane.Switch} and its
 * {@link eu.mikelangelo.ioplane.Port}s. Others talk to it by commands; no other thread touches a live ring.
 */
package eu.mikelangelo.ioplane;
