package eu.mikelangelo.ioplane;

import java.util.Arrays;

/**
 * Which port a MAC address is behind. Buckets of four entries, a fixed number of them: learning never grows it, a
 * full bucket replaces its oldest learned entry. Entries of ports with a fixed MAC are never replaced. One thread
 * owns it.
 */
final class MacTable {
    /** A learned entry not used as a source for this long is forgotten. */
    static final long AGE_NS = 300_000_000_000L;

    private static final int BUCKETS = 1024;
    private static final int WAYS = 4;
    private static final int FREE = -1;

    private final long[] macs = new long[BUCKETS * WAYS];
    private final int[] slots = new int[BUCKETS * WAYS];
    private final long[] seenNs = new long[BUCKETS * WAYS];
    private final boolean[] fixed = new boolean[BUCKETS * WAYS];
    private long changes;

    MacTable() {
        Arrays.fill(slots, FREE);
    }

    private static int bucket(long mac) {
        // Machines' MACs differ in the last bits only; the multiplication spreads them (Fibonacci hashing).
        return (int) (mac * 0x9e3779b97f4a7c15L >>> 54) * WAYS;
    }

    /** @return how often an address was found in another place than before: what was looked up before may be wrong */
    long changes() {
        return changes;
    }

    /** @return the slot of the port behind {@code mac}, or -1 */
    int find(long mac, long nowNs) {
        int from = bucket(mac);
        for (int i = from; i < from + WAYS; i++) {
            if (slots[i] != FREE && macs[i] == mac) {
                return fixed[i] || nowNs - seenNs[i] < AGE_NS ? slots[i] : FREE;
            }
        }
        return FREE;
    }

    /**
     * Remembers that {@code mac} was seen behind port {@code slot}; a fixed entry stays what it is. @return false if
     * so
     */
    boolean learn(long mac, int slot, long nowNs) {
        int from = bucket(mac);
        int victim = FREE;
        for (int i = from; i < from + WAYS; i++) {
            if (slots[i] != FREE && macs[i] == mac) {
                if (fixed[i]) {
                    return slots[i] == slot;
                }
                changes += slots[i] == slot ? 0 : 1;
                slots[i] = slot;
                seenNs[i] = nowNs;
                return true;
            }
            if (!fixed[i] && (victim == FREE || slots[victim] != FREE
                    && (slots[i] == FREE || seenNs[i] - seenNs[victim] < 0))) {
                victim = i;
            }
        }
        if (victim != FREE) {
            set(victim, mac, slot, nowNs, false);
        }
        return true;
    }

    /**
     * Enters a MAC that stays until {@link #forget}. @return false when its bucket is full of such entries (it is
     * flooded to)
     */
    boolean fix(long mac, int slot) {
        learn(mac, slot, 0);
        int from = bucket(mac);
        for (int i = from; i < from + WAYS; i++) {
            if (slots[i] == slot && macs[i] == mac) {
                fixed[i] = true;
                return true;
            }
        }
        return false;
    }

    /** Forgets everything behind a port. */
    void forget(int slot) {
        for (int i = 0; i < slots.length; i++) {
            if (slots[i] == slot) {
                set(i, 0, FREE, 0, false);
            }
        }
    }

    private void set(int at, long mac, int slot, long nowNs, boolean stays) {
        changes++;
        macs[at] = mac;
        slots[at] = slot;
        seenNs[at] = nowNs;
        fixed[at] = stays;
    }
}
