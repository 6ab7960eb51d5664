package eu.mikelangelo.ioplane.policy;

import java.util.BitSet;

/**
 * Which VLANs (IEEE 802.1Q) a port is in and in which form it has their frames. Immutable.
 *
 * <p>One of none (the switch does not look at tags: the port's network is the one of all ports without VLANs), one
 * VLAN (an access port, which never sees a tag), or many (a trunk, whose frames carry tags but for those of its
 * native VLAN).
 */
public final class Vlans {
    /** Number 0 is a tag without a VLAN, and 4095 is reserved (IEEE 802.1Q-2018, table 9-2). */
    public static final int LEAST = 1;
    public static final int MOST = 4094;
    /** Not looked at. */
    public static final Vlans NONE = new Vlans(0, new BitSet());

    private final int untagged;
    private final BitSet tagged;

    private Vlans(int untagged, BitSet tagged) {
        this.untagged = untagged;
        this.tagged = tagged;
    }

    /** An access port. @throws IllegalArgumentException for a number no VLAN has */
    public static Vlans access(int vlan) {
        return new Vlans(checked(vlan), new BitSet());
    }

    /**
     * A trunk.
     *
     * @param allowed the VLANs it carries; the native one may be missing there
     * @param nativeVlan the VLAN of its frames without tag; 0: there are none
     * @throws IllegalArgumentException for a number no VLAN has
     */
    public static Vlans trunk(BitSet allowed, int nativeVlan) {
        BitSet all = (BitSet) allowed.clone();
        if (nativeVlan != 0) {
            all.set(checked(nativeVlan));
        }
        if (all.isEmpty()) {
            throw new IllegalArgumentException("a trunk without VLANs");
        }
        checked(all.nextSetBit(0));
        checked(all.length() - 1);
        return new Vlans(nativeVlan, all);
    }

    private static int checked(int vlan) {
        if (vlan < LEAST || vlan > MOST) {
            throw new IllegalArgumentException("VLAN " + vlan + "; " + LEAST + " to " + MOST + " are possible");
        }
        return vlan;
    }

    /** @return whether tags are looked at */
    public boolean aware() {
        return untagged != 0 || trunk();
    }

    /** @return whether there is more than one form of a frame */
    public boolean trunk() {
        return !tagged.isEmpty();
    }

    /** @return the VLAN of frames without a tag; 0 for {@link #NONE}, and for a trunk that has no such frames */
    public int untagged() {
        return untagged;
    }

    /** @return whether the port is in a VLAN */
    public boolean carries(int vlan) {
        return trunk() ? tagged.get(vlan) : aware() && vlan == untagged;
    }

    /** @return how many VLANs the port is in, with {@link #NONE} one */
    public int count() {
        return trunk() ? tagged.cardinality() : 1;
    }

    /** @return the first VLAN from {@code from} on, or -1; of {@link #NONE} it is 0 */
    int next(int from) {
        if (trunk()) {
            return tagged.nextSetBit(from);
        }
        return from <= untagged ? untagged : -1;
    }

    /** A bit per VLAN number, for a trunk; null for others. */
    long[] bits() {
        if (!trunk()) {
            return null;
        }
        long[] bits = new long[(MOST + 1) / Long.SIZE + 1];
        long[] set = tagged.toLongArray();
        System.arraycopy(set, 0, bits, 0, set.length);
        return bits;
    }
}
