/** The peer on Netty: our cache's protocol and store on its event loop. */
package eu.mikelangelo.bench.netty;
