/** Guests for tests: memory, drivers and network cards, and the fuzz target that is a program for them. */
package eu.mikelangelo.virtio.mock;
