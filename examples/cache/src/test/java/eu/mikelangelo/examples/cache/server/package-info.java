/** The cache as a server, over real sockets. */
package eu.mikelangelo.examples.cache.server;
