/** The arithmetic of rows. */
package eu.mikelangelo.bench;
