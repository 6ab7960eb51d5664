/**
 * A load generator that keeps one core busy for a cache server: memcached's text protocol, closed or open loop, and in
 * the open one latencies from the time a request was due, not from when it could be sent (coordinated omission).
 */
package eu.mikelangelo.load;
