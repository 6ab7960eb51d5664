/** Machines. */
package eu.mikelangelo.machines;
