package eu.mikelangelo.ioplane;

/** Why a frame was not delivered. {@link #label} is how it is shown; the order is the index of the counter. */
public enum Drop {
    /**
     * No frame: too short, too long, truncated within a header that the rules read, or with a request to complete it
     * that does not fit it.
     */
    MALFORMED("malformed"),
    /** Sent with a source MAC that is not the port's, or with the gateway's. */
    SPOOFED_MAC("spoofedMac"),
    /** Sent with an IPv4 or ARP sender address that is not the port's. */
    SPOOFED_ADDRESS("spoofedAddress"),
    /** Tagged by a port with a fixed address or of one VLAN: a tag would hide what is inside from the rules. */
    TAGGED("tagged"),
    /** Without a VLAN's tag on a trunk that has no VLAN for such. */
    UNTAGGED("untagged"),
    /** With the tag of a VLAN that the trunk is not in. */
    WRONG_VLAN("wrongVlan"),
    /** A second tag, for a port that would take it for the first; counted at that port. */
    DOUBLE_TAGGED("doubleTagged"),
    /** For a port that this one may not reach. */
    ISOLATED("isolated"),
    /** An IPv6 router advertisement or redirect from a machine: only the gateway is a router. */
    ROGUE_ROUTER("rogueRouter"),
    /**
     * For the gateway, and the port has no uplink or it is not connected; or for an interface of the host that is down.
     */
    UPLINK_DOWN("uplinkDown"),
    /** The uplink, or an interface of the host, takes frames more slowly than they come; or gives them faster. */
    UPLINK_FULL("uplinkFull"),
    /** More copies of broadcast frames than a port may cause. */
    FLOOD_LIMIT("floodLimit"),
    /** More frames for everyone, for a group, or to addresses nobody has shown than the port may send. */
    BROADCAST_STORM("broadcastStorm"),
    MULTICAST_STORM("multicastStorm"),
    UNKNOWN_STORM("unknownStorm"),
    /** More than the receiver may be sent; counted there. */
    OVER_RATE("overRate"),
    /** For a machine that offered no receive buffer in time; counted at the machine that lost it. */
    NO_BUFFERS("noBuffers"),
    /** Longer than the receiver's buffers allow, counted at the receiver; or than the uplink takes. */
    TOO_LONG("tooLong"),
    /** For a machine whose driver is not running; counted at the receiver. */
    CLOSED("closed");

    private final String label;

    Drop(String label) {
        this.label = label;
    }

    /** @return whether it is counted at the port that should have received the frame, else at the one that sent it */
    public boolean atReceiver() {
        return this == NO_BUFFERS || this == TOO_LONG || this == CLOSED || this == OVER_RATE
                || this == DOUBLE_TAGGED;
    }

    /** @return the name in counters and JSON */
    public String label() {
        return label;
    }
}
