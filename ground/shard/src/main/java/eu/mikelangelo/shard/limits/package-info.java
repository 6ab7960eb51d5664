/** Who may come in, how many at once, and how much may wait: for fibers of one shard. */
package eu.mikelangelo.shard.limits;
