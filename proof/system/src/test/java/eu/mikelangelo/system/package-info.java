/**
 * The product as a black box: these tests run {@code ./mike} and look at what a user could see. Those of the plane
 * start its process by itself and are guests to it, or read its counters over its own socket.
 */
package eu.mikelangelo.system;
