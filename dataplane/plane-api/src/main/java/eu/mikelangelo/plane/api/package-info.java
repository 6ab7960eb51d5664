/** The plane's control protocol. */
package eu.mikelangelo.plane.api;
