package eu.mikelangelo.ioplane.observe;

import eu.mikelangelo.metrics.Counters;

/**
 * What a core does with its time. Of a second, {@link #busyNs} goes to turns that moved frames, {@link #asleepNs} to
 * sleep, and the rest to looking in vain and to the loop itself.
 *
 * <p>Threading: the core writes; any thread reads.
 */
public final class CoreCounters {
    private static final int TURNS = 0;
    private static final int EMPTY_TURNS = 1;
    private static final int FRAMES = 2;
    private static final int BUSY_NS = 3;
    private static final int SLEEPS = 4;
    private static final int ASLEEP_NS = 5;
    private static final int COUNT = 6;

    private final Counters counters = new Counters(COUNT);
    private volatile long sinceNs;
    /** The core's: when it last looked at the clock in this turn. */
    private long lookedNs;
    private long asleepSinceNs;
    private boolean asleep;

    public CoreCounters() {
    }

    /** @return when the core began, by {@link eu.mikelangelo.linux.Clock}; 0 before it has */
    public long sinceNs() {
        return sinceNs;
    }

    /** @return turns of the loop, each of which looks at all ports */
    public long turns() {
        return counters.get(TURNS);
    }

    /** @return turns that found nothing to move */
    public long emptyTurns() {
        return counters.get(EMPTY_TURNS);
    }

    /** @return frames taken from guests and from uplinks */
    public long frames() {
        return counters.get(FRAMES);
    }

    /** @return nanoseconds of turns that moved something, up to the last burst's end */
    public long busyNs() {
        return counters.get(BUSY_NS);
    }

    /** @return how often it had nothing to do and slept */
    public long sleeps() {
        return counters.get(SLEEPS);
    }

    /** @return nanoseconds asleep; a sleep counts when it has ended */
    public long asleepNs() {
        return counters.get(ASLEEP_NS);
    }

    /** The core begins. */
    public void begin(long nowNs) {
        sinceNs = nowNs;
    }

    /** The core: a turn begins. */
    public void turnBegins(long nowNs) {
        lookedNs = nowNs;
    }

    /** The core. @return nanoseconds since the turn's begin or the last work of it that was ended so */
    public long workEnds(long nowNs) {
        long tookNs = nowNs - lookedNs;
        lookedNs = nowNs;
        return tookNs;
    }

    /** The core: the turn that began then moved so many frames. */
    public void turnEnds(int frames, long begunNs) {
        counters.add(TURNS, 1);
        if (frames > 0) {
            counters.add(FRAMES, frames);
            counters.add(BUSY_NS, lookedNs - begunNs);
        } else {
            counters.add(EMPTY_TURNS, 1);
        }
    }

    /** The core is about to sleep. */
    public void sleepBegins(long nowNs) {
        counters.add(SLEEPS, 1);
        asleepSinceNs = nowNs;
        asleep = true;
    }

    /** The core. @return whether a sleep began and has not ended */
    public boolean asleep() {
        return asleep;
    }

    /** The core has slept. */
    public void sleepEnds(long nowNs) {
        asleep = false;
        counters.add(ASLEEP_NS, nowNs - asleepSinceNs);
    }
}
