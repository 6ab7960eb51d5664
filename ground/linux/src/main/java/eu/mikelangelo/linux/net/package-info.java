/**
 * Network interfaces of the host: their state, TAP devices, packet sockets. Set-up calls, thread-safe; they work in the
 * network namespace of the calling thread and throw {@link eu.mikelangelo.linux.LinuxException}. Frames themselves move
 * through {@link eu.mikelangelo.linux.HotCalls} and, with {@link eu.mikelangelo.linux.net.PacketSocket}, through mapped
 * rings.
 */
package eu.mikelangelo.linux.net;
