/** The plane's process. */
package eu.mikelangelo.plane;
