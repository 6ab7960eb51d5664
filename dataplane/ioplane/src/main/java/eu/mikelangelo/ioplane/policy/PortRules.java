package eu.mikelangelo.ioplane.policy;

/**
 * A {@link PortPolicy} at work: asked by the switch for each frame, or for a batch of them.
 *
 * <p>A network within the switch, of which no frame leaves, is a <em>domain</em>: a VLAN within a group. Its number is
 * {@code group << 12 | vlan}; that of all who ask for nothing is 0.
 *
 * <p>Threading: the core's thread. Nothing is allocated after {@link #join}.
 */
public final class PortRules {
    /** Bits of a domain's number. */
    public static final int DOMAIN_BITS = 21;
    /** Of frames that no domain takes. */
    public static final int NO_DOMAIN = -1;
    /** Not waited for. */
    public static final long NEVER = Long.MAX_VALUE;

    private static final int VLAN_BITS = 12;
    private static final int VLAN_MASK = (1 << VLAN_BITS) - 1;

    private final PortPolicy policy;
    private final boolean plain;
    private final boolean aware;
    private final boolean isolated;
    private final boolean promiscuous;
    /** A bit per VLAN of a trunk; null for others. */
    private final long[] trunk;
    private Registry registry;
    private int group;
    private int untagged = NO_DOMAIN;
    /** Null: no limit. */
    private Gate sends;
    private Limit receives;
    private Limit machineReceives;
    private Limit storm;
    private TokenBucket copies;
    private long sendHeldNs = NEVER;
    private long uplinkHeldNs = NEVER;

    /** The rules of a port that is in no switch yet. */
    public PortRules(PortPolicy policy) {
        this.policy = policy;
        aware = policy.vlans().aware();
        isolated = policy.standing() == PortPolicy.Standing.ISOLATED;
        promiscuous = policy.standing() == PortPolicy.Standing.PROMISCUOUS;
        trunk = policy.vlans().bits();
        plain = !aware && policy.group().isEmpty() && policy.standing() == PortPolicy.Standing.COMMON
                && policy.sends().unlimited() && policy.receives().unlimited() && policy.machineSends().unlimited()
                && policy.machineReceives().unlimited();
    }

    /** The port becomes one of a switch's; all buckets are full. */
    public void join(Registry of, long nowNs) {
        registry = of;
        group = of.enterGroup(policy.group());
        of.enterMachine(policy, nowNs);
        untagged = trunk != null && policy.vlans().untagged() == 0 ? NO_DOMAIN : domain(policy.vlans().untagged());
        sends = Gate.of(Limit.of(policy.sends(), nowNs), of.machineSends(policy.machine()));
        receives = Limit.of(policy.receives(), nowNs);
        Share shared = of.machineReceives(policy.machine());
        machineReceives = shared == null ? null : shared.limit();
        storm = Limit.of(policy.storm(), nowNs);
        copies = new TokenBucket(policy.copiesPerSecond(), PortPolicy.COPIES_BURST, nowNs);
        sendHeldNs = NEVER;
        uplinkHeldNs = NEVER;
    }

    /** The port is no longer the switch's. */
    public void leave() {
        if (sends != null) {
            sends.leave();
        }
        registry.leaveGroup(policy.group());
        registry.leaveMachine(policy.machine());
        sendHeldNs = NEVER;
        uplinkHeldNs = NEVER;
    }

    /**
     * @return whether nothing is asked of a frame between this port and another plain one: both are in domain 0, may
     *     reach each other, look at no tags and have no limits but on what they send to everyone
     */
    public boolean plain() {
        return plain;
    }

    /** @return whether tags of VLANs are looked at */
    public boolean aware() {
        return aware;
    }

    /** @return whether frames may have another form here than within the switch */
    public boolean trunk() {
        return trunk != null;
    }

    /** @return the domain of frames without a tag, or {@link #NO_DOMAIN} */
    public int untagged() {
        return untagged;
    }

    private int domain(int vlan) {
        return group << VLAN_BITS | vlan;
    }

    static int vlan(int domain) {
        return domain & VLAN_MASK;
    }

    /** @return the domain of frames with this VLAN's tag on a trunk, or {@link #NO_DOMAIN} */
    int tagged(int vlan) {
        return trunk != null && (trunk[vlan >> 6] >>> vlan & 1) != 0 ? domain(vlan) : NO_DOMAIN;
    }

    /** @return whether the port is in a domain */
    public boolean in(int domain) {
        return domain == untagged || trunk != null && tagged(vlan(domain)) == domain;
    }

    /** @return the first domain of the port at or behind this one, or {@link #NO_DOMAIN}: for fixed addresses */
    public int nextDomain(int from) {
        int vlan = policy.vlans().next(Math.max(0, from - domain(0)));
        return vlan < 0 ? NO_DOMAIN : domain(vlan);
    }

    /** @return whether frames may go from this port to another of the same domain */
    public boolean mayReach(PortRules to) {
        return (!isolated || to.promiscuous) && (!to.isolated || promiscuous);
    }

    /** @return whether this port was refused, and it is too early to ask {@link #maySend} again */
    public boolean rests(long nowNs) {
        if (sendHeldNs == NEVER) {
            return false;
        }
        if (nowNs - sendHeldNs < 0) {
            return true;
        }
        sendHeldNs = NEVER;
        return false;
    }

    /** @return whether {@link #deadlineNs} wakes the core for what this port wants to send: its kicks need not */
    public boolean held() {
        return sendHeldNs != NEVER;
    }

    /**
     * Asked when there is something to send; what then goes, {@link #sent} says.
     *
     * @param count frames that are there, at least 1
     * @param bytes of all of them
     * @return how many of them may go: all, or one, or none: then the port {@link #rests}
     */
    public int maySend(int count, long bytes, long nowNs) {
        int allowed = sends == null ? count : sends.allow(count, bytes, nowNs);
        if (allowed == 0) {
            sendHeldNs = sends.openAtNs();
        }
        return allowed;
    }

    /** What this port sent. */
    public void sent(int count, long bytes) {
        if (sends != null) {
            sends.charge(count, bytes);
        }
    }

    /** This port has sent what it may in a turn. */
    public void turnOver() {
        if (sends != null) {
            sends.leave();
        }
    }

    /** @return as {@link #maySend}; who is refused does not wait but loses frames */
    public int mayReceive(int count, long bytes, long nowNs) {
        int allowed = receives == null ? count : receives.allow(count, bytes, nowNs);
        return allowed == 0 || machineReceives == null ? allowed : machineReceives.allow(allowed, bytes, nowNs);
    }

    /** What this port was sent. */
    public void received(int count, long bytes) {
        if (receives != null) {
            receives.charge(count, bytes);
        }
        if (machineReceives != null) {
            machineReceives.charge(count, bytes);
        }
    }

    /** @return whether the port's uplink may deliver one frame; else {@link #deadlineNs} is when to ask again */
    public boolean uplinkMay(long nowNs) {
        uplinkHeldNs = NEVER;
        if (mayReceive(1, 0, nowNs) > 0) {
            return true;
        }
        long ownNs = receives == null ? nowNs : receives.openAtNs();
        uplinkHeldNs = Math.max(ownNs, machineReceives == null ? nowNs : machineReceives.openAtNs());
        return false;
    }

    /** To be called in each turn: a time that has come is no reason to wake any more. */
    public void begin(long nowNs) {
        if (uplinkHeldNs != NEVER && nowNs - uplinkHeldNs >= 0) {
            uplinkHeldNs = NEVER;
        }
    }

    /** @return when something that waits may go, or {@link #NEVER} */
    public long deadlineNs() {
        return Math.min(sendHeldNs, uplinkHeldNs);
    }

    /** @return whether this port may send one more frame to everyone; if so, it has */
    public boolean mayFlood(int bytes, long nowNs) {
        if (storm == null) {
            return true;
        }
        if (!storm.open(nowNs)) {
            return false;
        }
        storm.charge(1, bytes);
        return true;
    }

    /** @return whether one more copy may be made of a frame to everyone; if so, it is counted */
    public boolean mayCopy(int bytes, long nowNs) {
        if (!copies.open(nowNs)) {
            return false;
        }
        copies.charge(1 + (bytes >> 10));
        return true;
    }

    /** A copy became so many frames more, for a receiver that does not take it as it is. */
    public void copied(int more) {
        if (more > 0) {
            copies.charge(more);
        }
    }
}
