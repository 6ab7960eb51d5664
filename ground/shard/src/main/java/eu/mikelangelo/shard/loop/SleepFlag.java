package eu.mikelangelo.shard.loop;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;

/**
 * How a loop goes to sleep without losing who wants to wake it. The sleeper: {@link #announce}, look at everything that
 * may have come, and only then block. Who has news: publish them, then {@link #claim}, and wake the sleeper when that
 * says so.
 *
 * <p>Order: each side stores (the flag; the news), then passes a full fence, then loads what the other side stores.
 * So at least one of the two sees the other: the sleeper finds the news, or the caller finds it asleep. (Dekker's
 * pattern; release and acquire would not do, for a store may pass a later load.)
 *
 * <p>Callers look at the flag each time they have news and it hardly ever changes: it has cache lines of its own, which
 * stay with the callers.
 */
public final class SleepFlag {
    private static final VarHandle ELEMENT = MethodHandles.arrayElementVarHandle(int[].class);
    private static final int ASLEEP = 32;
    private final int[] padded = new int[ASLEEP + 1 + ASLEEP];

    /** Sleeper only: "I am about to sleep". What is looked at afterwards is not older than this. */
    public void announce() {
        ELEMENT.setRelease(padded, ASLEEP, 1);
        VarHandle.fullFence();
    }

    /** Sleeper only: it is awake, woken or not. */
    public void awake() {
        ELEMENT.setRelease(padded, ASLEEP, 0);
    }

    /** Any thread, after it has published news. @return whether it is this caller who must wake the sleeper */
    public boolean claim() {
        VarHandle.fullFence();
        return isAsleep() && ELEMENT.compareAndSet(padded, ASLEEP, 1, 0);
    }

    /** Any thread: a hint. */
    public boolean isAsleep() {
        return (int) ELEMENT.getOpaque(padded, ASLEEP) != 0;
    }
}
