/** Commands about machines: make, watch, end them; and a terminal that becomes one's console. */
package eu.mikelangelo.cli.machine;
