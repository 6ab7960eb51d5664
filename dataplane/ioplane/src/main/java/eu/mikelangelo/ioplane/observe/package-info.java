/**
 * What is seen of ports and cores: counters that the core writes and any thread reads, and the mirror of a port's
 * frames.
 */
package eu.mikelangelo.ioplane.observe;
