package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.policy.PortRules;
import java.util.Arrays;

/**
 * Which port a MAC address is behind, in each domain (a VLAN within a group, see {@link PortRules}). Buckets of four
 * entries, a fixed number of them: learning never grows it, a full bucket replaces its oldest learned entry. Entries
 * of ports with a fixed MAC are never replaced. One thread owns it.
 */
final class MacTable {
    /** A learned entry not used as a source for this long is forgotten. */
    static final long AGE_NS = 300_000_000_000L;

    private static final int BUCKETS = 1024;
    private static final int WAYS = 4;
    private static final int FREE = -1;
    private static final int SLOT_BITS = 9;
    private static final int SLOT_MASK = (1 << SLOT_BITS) - 1;
    static {
        if (Switch.MAX_PORTS > SLOT_MASK || SLOT_BITS + PortRules.DOMAIN_BITS > Integer.SIZE - 1) {
            throw new ExceptionInInitializerError("a place has no room for its domain and slot");
        }
    }

    private final long[] macs = new long[BUCKETS * WAYS];
    /** Domain and slot, so that both are found with one look; or {@link #FREE}, which is no domain's. */
    private final int[] places = new int[BUCKETS * WAYS];
    private final long[] seenNs = new long[BUCKETS * WAYS];
    private final boolean[] fixed = new boolean[BUCKETS * WAYS];
    private long changes;

    MacTable() {
        Arrays.fill(places, FREE);
    }

    private static int bucket(long mac, int domain) {
        // Machines' MACs differ in the last bits only; the multiplication spreads them (Fibonacci hashing).
        return (int) ((mac ^ (long) domain << 27) * 0x9e3779b97f4a7c15L >>> 54) * WAYS;
    }

    /** @return how often an address was found in another place than before: what was looked up before may be wrong */
    long changes() {
        return changes;
    }

    /** As {@link #find(long, int, long)} in domain 0. */
    int find(long mac, long nowNs) {
        return find(mac, 0, nowNs);
    }

    /** @return the slot of the port behind {@code mac} in a domain, or -1 */
    int find(long mac, int domain, long nowNs) {
        int from = bucket(mac, domain);
        for (int i = from; i < from + WAYS; i++) {
            if (macs[i] == mac && places[i] >>> SLOT_BITS == domain) {
                return fixed[i] || nowNs - seenNs[i] < AGE_NS ? places[i] & SLOT_MASK : -1;
            }
        }
        return -1;
    }

    /** As {@link #learn(long, int, int, long)} in domain 0. */
    boolean learn(long mac, int slot, long nowNs) {
        return learn(mac, 0, slot, nowNs);
    }

    /**
     * Remembers that {@code mac} was seen behind port {@code slot} in a domain; a fixed entry stays what it is.
     *
     * @return false if so
     */
    boolean learn(long mac, int domain, int slot, long nowNs) {
        int from = bucket(mac, domain);
        int place = domain << SLOT_BITS | slot;
        int victim = FREE;
        for (int i = from; i < from + WAYS; i++) {
            if (macs[i] == mac && places[i] >>> SLOT_BITS == domain) {
                if (fixed[i]) {
                    return places[i] == place;
                }
                changes += places[i] == place ? 0 : 1;
                places[i] = place;
                seenNs[i] = nowNs;
                return true;
            }
            if (!fixed[i] && (victim == FREE || places[victim] != FREE
                    && (places[i] == FREE || seenNs[i] - seenNs[victim] < 0))) {
                victim = i;
            }
        }
        if (victim != FREE) {
            set(victim, mac, place, nowNs, false);
        }
        return true;
    }

    /**
     * Enters a MAC that stays until {@link #forget}.
     *
     * @return false when it is another port's, or its bucket is full of such entries: it has to be flooded to
     */
    boolean fix(long mac, int domain, int slot) {
        learn(mac, domain, slot, 0);
        int from = bucket(mac, domain);
        for (int i = from; i < from + WAYS; i++) {
            if (places[i] == (domain << SLOT_BITS | slot) && macs[i] == mac) {
                fixed[i] = true;
                return true;
            }
        }
        return false;
    }

    /** Forgets everything behind a port. */
    void forget(int slot) {
        for (int i = 0; i < places.length; i++) {
            if (places[i] != FREE && (places[i] & SLOT_MASK) == slot) {
                set(i, 0, FREE, 0, false);
            }
        }
    }

    private void set(int at, long mac, int place, long nowNs, boolean stays) {
        changes++;
        macs[at] = mac;
        places[at] = place;
        seenNs[at] = nowNs;
        fixed[at] = stays;
    }
}
