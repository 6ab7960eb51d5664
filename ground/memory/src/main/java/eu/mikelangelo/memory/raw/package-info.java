/**
 * Memory by absolute address, without any check: for the hottest loops, over addresses that {@link
 * eu.mikelangelo.memory.GuestMemory#host} has checked. Exported to the two modules that have such loops.
 */
package eu.mikelangelo.memory.raw;
