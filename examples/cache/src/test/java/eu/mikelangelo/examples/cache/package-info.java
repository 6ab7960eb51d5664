/** Tests of the cache without sockets, and a small server of sockets to hold beside the real memcached. */
package eu.mikelangelo.examples.cache;
