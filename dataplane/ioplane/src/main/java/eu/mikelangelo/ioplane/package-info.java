/** I/O cores, ports, switch. */
package eu.mikelangelo.ioplane;
