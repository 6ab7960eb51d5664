package eu.mikelangelo.shard;

/** Is told on the loop what became possible with a descriptor; see {@link Shard#watch}. */
@FunctionalInterface
public interface Watcher {
    /** There may be something to read. */
    int READABLE = 1;
    /** There may be room to write. */
    int WRITABLE = 2;
    /** The other side has finished or the connection broke: no further news of input will come, so read to the end. */
    int ENDED = 4;

    /** @param what bits of the above */
    void ready(int what);
}
