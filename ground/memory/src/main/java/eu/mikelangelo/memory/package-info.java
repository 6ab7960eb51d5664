/** Mapped memory as checked regions. */
package eu.mikelangelo.memory;
