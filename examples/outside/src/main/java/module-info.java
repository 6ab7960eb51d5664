/** Somebody else's program on the shard engine. */
module example.outside {
    requires eu.mikelangelo.shard;
}
