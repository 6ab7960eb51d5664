/**
 * Memory outside the Java heap.
 *
 * <p>{@link eu.mikelangelo.memory.Region} is one bounded piece of memory with little-endian accessors;
 * {@link eu.mikelangelo.memory.GuestMemory} is the immutable table that turns addresses named by a guest or by its
 * front-end into a region and an offset, or refuses; {@link eu.mikelangelo.memory.Slabs} divides a bounded reserve
 * among the needs of one thread.
 */
package eu.mikelangelo.memory;
