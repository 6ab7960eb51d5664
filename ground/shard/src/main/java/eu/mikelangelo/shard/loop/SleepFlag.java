package eu.mikelangelo.shard.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How a loop goes to sleep without losing who wants to wake it. The sleeper: {@link #announce}, look at everything that
 * may have come, and only then block. Who has news: publish them, then {@link #claim}, and wake the sleeper when that
 * says so.
 *
 * <p>Order: each side stores (the flag; the news), then passes a full fence, then loads what the other side stores. So
 * at
 * least one of the two sees the other: the sleeper finds the news, or the caller finds it asleep. (Dekker's pattern;
 * release and acquire would not do, for a store may pass a later load.)
 */
public final class SleepFlag {
    private static final VarHandle ASLEEP;
    private volatile boolean asleep;

    static {
        try {
            ASLEEP = MethodHandles.lookup().findVarHandle(SleepFlag.class, "asleep", boolean.class);
        } catch (ReflectiveOperationException impossible) {
            throw new AssertionError(impossible);
        }
    }

    /** Sleeper only: "I am about to sleep". What is looked at afterwards is not older than this. */
    public void announce() {
        ASLEEP.setRelease(this, true);
        VarHandle.fullFence();
    }

    /** Sleeper only: it is awake, woken or not. */
    public void awake() {
        ASLEEP.setRelease(this, false);
    }

    /** Any thread, after it has published news. @return whether it is this caller who must wake the sleeper */
    public boolean claim() {
        VarHandle.fullFence();
        return (boolean) ASLEEP.getOpaque(this) && ASLEEP.compareAndSet(this, true, false);
    }

    /** Any thread: a hint. */
    public boolean isAsleep() {
        return asleep;
    }
}
