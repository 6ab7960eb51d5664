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

    /** When to be polled again though nothing happened; {@link Long#MAX_VALUE} for never. */
    default long deadlineNs() {
        return Long.MAX_VALUE;
    }
}
