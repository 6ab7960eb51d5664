/**
 * Mapped memory as checked regions.
 *
 * <p>{@link eu.mikelangelo.memory.Region} is one bounded piece of memory with little-endian accessors;
 * {@link eu.mikelangelo.memory.GuestMemory} is the immutable table that turns addresses named by a guest or by its
 * front-end into a region and an offset, or refuses.
 */
package eu.mikelangelo.memory;
