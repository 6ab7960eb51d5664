package eu.mikelangelo.shard;

/** What goes from one shard to another. */
interface Mail {
    /** Runs on the loop of the shard that it was sent to; must not take long or throw. */
    void arrive(Shard here);
}
