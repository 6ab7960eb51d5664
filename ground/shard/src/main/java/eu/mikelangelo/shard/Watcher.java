package eu.mikelangelo.shard;

/** Is told on the loop that a descriptor can be read or written; see {@link Shard#watch}. */
public interface Watcher {
    /** @param writable there may be room to write; @param readable there may be something to read, an end or an error */
    void ready(boolean readable, boolean writable);
}
