package eu.mikelangelo.shard.loop;

/**
 * Timers of one thread: setting and cancelling take constant time whatever their number, and nothing is allocated. A
 * hierarchy of {@value #LEVELS} wheels of {@value #SLOTS} slots; the finest slot is {@value #TICK_NS} ns (about a
 * millisecond), and a timer never fires before its time.
 *
 * <p>A timer lies in the wheel of the highest group of six bits in which its tick differs from the present one. So all
 * timers of a wheel lie in slots after the present one, those of a finer wheel come before those of a coarser, and the
 * next slot that is due is the first bit of the first wheel that has any. When a coarse slot becomes due its timers
 * move to finer wheels.
 */
public final class TimerWheel {
    public static final long TICK_NS = 1 << 20;
    private static final int TICK_SHIFT = 20;
    private static final int LEVELS = 7;
    private static final int BITS = 6;
    private static final int SLOTS = 1 << BITS;
    /** Some 146 years. */
    private static final long LAST_TICK = (1L << LEVELS * BITS) - 1;

    /** A place in a wheel; whoever wants to be told extends it. */
    public abstract static class Entry {
        private Entry previous;
        private Entry next;
        private long tick;
        private int slot = -1;

        /** Its time has come; it is out of the wheel and may be set again. Must not throw. */
        protected abstract void due();

        public final boolean isSet() {
            return slot >= 0;
        }
    }

    private final Entry[] slots = new Entry[LEVELS * SLOTS];
    private final long[] used = new long[LEVELS];
    private final long originNs;
    private long now;
    private int count;

    public TimerWheel(long nowNs) {
        originNs = nowNs;
    }

    public int count() {
        return count;
    }

    /** Sets a timer, or sets it anew. */
    public void set(Entry entry, long deadlineNs) {
        if (entry.isSet()) {
            cancel(entry);
        }
        long delay = Math.max(0, deadlineNs - originNs);
        long ticks = (delay >> TICK_SHIFT) + ((delay & TICK_NS - 1) == 0 ? 0 : 1);
        entry.tick = Math.min(LAST_TICK, Math.max(now + 1, ticks));
        place(entry);
        count++;
    }

    /** Takes a timer out; one that is not set is no error. */
    public void cancel(Entry entry) {
        if (entry.isSet()) {
            unlink(entry);
            count--;
        }
    }

    /** When something may be due, in the clock's nanoseconds; {@link Long#MAX_VALUE} when nothing is set. */
    public long nextNs() {
        for (int level = 0; level < LEVELS; level++) {
            if (used[level] != 0) {
                return originNs + (start(level) << TICK_SHIFT);
            }
        }
        return Long.MAX_VALUE;
    }

    /** Tells all whose time has come. @return how many */
    public int advance(long nowNs) {
        long target = nowNs - originNs >> TICK_SHIFT;
        int told = 0;
        for (int level = first(); level < LEVELS; level = first()) {
            long tick = start(level);
            if (tick > target) {
                break;
            }
            now = tick;
            told += empty(level * SLOTS + Long.numberOfTrailingZeros(used[level]));
        }
        now = Math.max(now, target);
        return told;
    }

    private int first() {
        int level = 0;
        while (level < LEVELS && used[level] == 0) {
            level++;
        }
        return level;
    }

    /** The first tick of the first used slot of a wheel. */
    private long start(int level) {
        int shift = level * BITS;
        long block = now >>> shift + BITS << shift + BITS;
        return block | (long) Long.numberOfTrailingZeros(used[level]) << shift;
    }

    /** Tells the timers of a slot whose tick has come and moves the others to finer wheels. */
    private int empty(int slot) {
        int told = 0;
        for (Entry entry = slots[slot]; entry != null; entry = slots[slot]) {
            unlink(entry);
            if (entry.tick <= now) {
                count--;
                told++;
                entry.due();
            } else {
                place(entry);
            }
        }
        return told;
    }

    private void place(Entry entry) {
        long tick = entry.tick;
        int level = (Long.SIZE - 1 - Long.numberOfLeadingZeros(tick ^ now | SLOTS - 1)) / BITS;
        int at = (int) (tick >>> level * BITS) & SLOTS - 1;
        int slot = level * SLOTS + at;
        entry.slot = slot;
        entry.previous = null;
        entry.next = slots[slot];
        if (entry.next != null) {
            entry.next.previous = entry;
        }
        slots[slot] = entry;
        used[level] |= 1L << at;
    }

    private void unlink(Entry entry) {
        if (entry.previous != null) {
            entry.previous.next = entry.next;
        } else {
            slots[entry.slot] = entry.next;
            if (entry.next == null) {
                used[entry.slot >> BITS] &= ~(1L << (entry.slot & SLOTS - 1));
            }
        }
        if (entry.next != null) {
            entry.next.previous = entry.previous;
        }
        entry.previous = null;
        entry.next = null;
        entry.slot = -1;
    }
}
