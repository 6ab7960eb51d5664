package eu.mikelangelo.ioplane.policy;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * The frame that a switch has in hands, and its VLAN. Within the switch a frame has no tag: one that comes with a tag
 * loses it in the private copy of its first bytes, and a trunk gets it with one as a piece of memory of its own. So no
 * byte of a frame is copied twice for its VLAN but those first ones, and none at all between access ports.
 *
 * <p>Where a checksum begins counts from the frame's first byte (VIRTIO 1.3, section 5.1.6.2): who carries that along
 * moves it by what {@link #removed} says here, and by {@link #TAG_BYTES} for a port that gets a longer form.
 *
 * <p>What is behind a tag may be a second one. It is nobody's business between trunks, but a port that gets the frame
 * without the first tag would take the second for it ("VLAN hopping"): such a port does not get the frame.
 *
 * <p>Threading: one thread. Nothing is allocated after construction.
 */
public final class VlanFrame {
    /** Bytes of a tag (IEEE 802.1Q-2018, clause 9.3): its type and the control information. */
    public static final int TAG_BYTES = 4;
    /** What {@link #enter} says instead of a domain. */
    public static final int TAGGED = -1;
    public static final int UNTAGGED = -2;
    public static final int WRONG_VLAN = -3;
    public static final int CUT_OFF = -4;

    private static final int TYPE_VLAN = 0x8100;
    /** Tags of providers' networks (clause 9.5, and what was used before): not for us. */
    private static final int TYPE_PROVIDER = 0x88a8;
    private static final int TYPE_OLD_PROVIDER = 0x9100;
    private static final int ADDRESSES = 12;
    private static final int ETHER_HEADER = 14;
    private static final int MOST_HEAD = 256;

    private final Region behind = new Region(Arena.ofAuto().allocate(MOST_HEAD, 8));
    /** Addresses and tag, as a trunk gets them. */
    private final Region front = new Region(Arena.ofAuto().allocate(ADDRESSES + TAG_BYTES, 8));
    private final ScatterList tagged;
    private int domain;
    private int control;
    private int priority;
    private int removed;
    private boolean nested;
    private boolean built;

    /** @param pieces the most that an untagged frame has */
    public VlanFrame(int pieces) {
        tagged = new ScatterList(pieces + 1);
    }

    /**
     * Finds a frame's domain, and takes its tag off.
     *
     * @param from a port that looks at tags
     * @param head a private copy of the first bytes: {@link #TAG_BYTES} more than are needed of a frame without tag
     * @param length bytes in it, at least 14, at most 256
     * @return the domain, or why there is none; {@link #removed} bytes of the head are gone then
     */
    public int enter(PortRules from, Region head, int length) {
        removed = 0;
        priority = 0;
        nested = false;
        built = false;
        int type = head.big16(ADDRESSES);
        if (!from.trunk()) {
            domain = tag(type) ? TAGGED : from.untagged();
        } else if (type == TYPE_VLAN) {
            domain = length < ETHER_HEADER + TAG_BYTES ? CUT_OFF : untag(from, head, length);
        } else {
            domain = tag(type) ? TAGGED : from.untagged() == PortRules.NO_DOMAIN ? UNTAGGED : from.untagged();
        }
        return domain;
    }

    /** @return whether the first bytes of a frame, at least 14, have a tag */
    public static boolean tagged(Region head) {
        return tag(head.big16(ADDRESSES));
    }

    private static boolean tag(int type) {
        return type == TYPE_VLAN || type == TYPE_PROVIDER || type == TYPE_OLD_PROVIDER;
    }

    private int untag(PortRules from, Region head, int length) {
        control = head.big16(ETHER_HEADER);
        int vlan = PortRules.vlan(control);
        // A tag of VLAN 0 tells the priority only (clause 6.9).
        int found = vlan == 0 ? from.untagged() : from.tagged(vlan);
        if (found == PortRules.NO_DOMAIN) {
            return vlan == 0 ? UNTAGGED : WRONG_VLAN;
        }
        int rest = length - ADDRESSES - TAG_BYTES;
        Region.copy(head, ADDRESSES + TAG_BYTES, behind, 0, rest);
        Region.copy(behind, 0, head, ADDRESSES, rest);
        priority = control & 0xf000;
        removed = TAG_BYTES;
        nested = tag(head.big16(ADDRESSES));
        return found;
    }

    /** @return bytes that {@link #enter} took out of the head */
    public int removed() {
        return removed;
    }

    /**
     * The frame as a port gets it.
     *
     * @param to a port that looks at tags and is in the frame's domain
     * @param untagged the frame without tag; its first piece has at least the addresses
     * @return a list that is valid until the next {@link #enter}; null when this port may not have the frame
     */
    public ScatterList leave(PortRules to, ScatterList untagged) {
        if (!to.trunk() || domain == to.untagged()) {
            return nested ? null : untagged;
        }
        if (!built) {
            built = true;
            tag(untagged, priority | PortRules.vlan(domain));
        }
        return tagged;
    }

    private void tag(ScatterList untagged, int information) {
        untagged.read(0, front, 0, ADDRESSES);
        front.big16(ADDRESSES, TYPE_VLAN);
        front.big16(ETHER_HEADER, information);
        tagged.clear();
        tagged.add(front, 0, ADDRESSES + TAG_BYTES);
        tagged.addTail(untagged, ADDRESSES);
    }

    /** @return the frame with the tag that it came with, if any; valid until the next {@link #enter} */
    public ScatterList asCame(ScatterList untagged) {
        if (removed == 0) {
            return untagged;
        }
        built = false;
        tag(untagged, control);
        return tagged;
    }
}
