/** Tests of the client against a real plane. */
package eu.mikelangelo.bench.net.client;
