/** Our cache's server as long as examples/cache has none of its own. */
package eu.mikelangelo.bench.standin;
