/** The load generator against a real cache, a lying one, a stalling one, and memcached. */
package eu.mikelangelo.load;
