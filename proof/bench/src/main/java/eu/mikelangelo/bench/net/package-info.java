/** The network plane against its peers. */
package eu.mikelangelo.bench.net;
