/** A process that is two guests' network cards to one switch, and checks every frame that arrives. */
package eu.mikelangelo.bench.net.client;
