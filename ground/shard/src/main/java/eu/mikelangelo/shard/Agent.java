package eu.mikelangelo.shard;

/**
 * A part of a shard's loop that runs to completion at every turn: rings, queues, devices. It allocates nothing, waits
 * for nothing and keeps each turn short.
 */
public interface Agent {
    /** Does what there is to do. @return how much was done; 0 lets the shard come to rest */
    int poll(long nowNs);

    /**
     * The shard is about to sleep: make sure that news wakes it (arm notifications), then look once more.
     *
     * @return false when there is work after all
     */
    default boolean beforeSleep() {
        return true;
    }

    /** The shard has slept. */
    default void afterSleep() {
    }

    /**
     * Something was thrown in the loop outside the lanes' tasks: by an agent, a {@link Watcher}, what came through the
     * door, or by the engine itself where the JVM raises errors late (a mapped file that was cut short:
     * {@link InternalError}, wherever the thread is by then). Events of descriptors may have been lost with it.
     *
     * @return whether it was this agent's and has been dealt with; what is nobody's is recorded, and the loop goes on
     */
    default boolean broken(Throwable thrown) {
        return false;
    }

    /** When to be polled again though nothing happened; {@link Long#MAX_VALUE} for never. */
    default long deadlineNs() {
        return Long.MAX_VALUE;
    }
}
