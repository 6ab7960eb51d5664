/**
 * I/O cores, ports, the switch and uplinks.
 *
 * <p>An {@link eu.mikelangelo.ioplane.IoCore} is one thread, a shard of the engine in {@code ground/shard}, that owns a
 * {@link eu.mikelangelo.ioplane.Switch} and its {@link eu.mikelangelo.ioplane.Port}s: {@link
 * eu.mikelangelo.ioplane.CoreAgent} is what it does in a turn. Others talk to it by commands through the shard's door;
 * no other thread touches a live ring.
 */
package eu.mikelangelo.ioplane;
