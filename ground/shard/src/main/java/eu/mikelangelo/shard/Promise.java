package eu.mikelangelo.shard;

/** A {@link Future} that its holder completes. Made on a shard, and its alone. */
public final class Promise<T> extends Future<T> {
    /** @throws NullPointerException on a thread that is no shard's */
    public Promise() {
        super(Shard.current());
    }

    /** Where the caller knows where it is. */
    Promise(Shard shard) {
        super(shard);
    }

    /** @return false when it was done before: the first outcome stays */
    public boolean complete(T value) {
        return settle(value);
    }

    /** @return false when it was done before */
    public boolean fail(Throwable cause) {
        return settleFailed(cause);
    }

    /** Completes with what the step makes of the value. */
    <V> void take(Step<? super V, ? extends T> step, V value) {
        T made;
        try {
            made = step.apply(value);
        } catch (Throwable thrown) {
            fail(thrown);
            return;
        }
        complete(made);
    }
}
