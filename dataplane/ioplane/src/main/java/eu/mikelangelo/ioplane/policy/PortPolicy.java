package eu.mikelangelo.ioplane.policy;

/**
 * What is asked of one port beyond its addresses. Immutable.
 *
 * @param vlans the VLANs it is in
 * @param group ports of different groups never exchange a frame; empty: the group of all who name none
 * @param standing whom within its group and VLANs it exchanges frames with
 * @param sends what the port may send; over it its frames wait in its own ring
 * @param receives what it may be sent; over it frames of other ports are lost and counted, those of its uplink wait
 * @param machine whose ports share {@code machineSends} and {@code machineReceives}; empty: nobody's
 * @param storm what it may send to everyone: broadcast, multicast and to addresses nobody has shown; what is over is
 *         lost and counted
 * @param copiesPerSecond what such a frame costs is a copy for each receiver beyond the first, and one more for each
 *         KiB of it: so many may be made in a second; {@link #COPIES_BURST} at once
 */
public record PortPolicy(Vlans vlans, String group, Standing standing, Rate sends, Rate receives, String machine,
        Rate machineSends, Rate machineReceives, Rate storm, long copiesPerSecond) {
    public static final long COPIES_BURST = 8192;
    public static final long DEFAULT_COPIES = 100_000;
    /** Nothing is asked. */
    public static final PortPolicy NONE = new PortPolicy(Vlans.NONE, "", Standing.COMMON, Rate.NONE, Rate.NONE, "",
            Rate.NONE, Rate.NONE, Rate.NONE, DEFAULT_COPIES);

    /** A port's place in its group (the private VLANs of RFC 5517). */
    public enum Standing {
        /** Exchanges frames with all but isolated ports. */
        COMMON,
        /** Exchanges frames with promiscuous ports only. */
        ISOLATED,
        /** Exchanges frames with all: an uplink, a server that isolated machines share. */
        PROMISCUOUS
    }

    /** @throws IllegalArgumentException for limits of a machine without a name */
    public PortPolicy {
        if (machine.isEmpty() && !(machineSends.unlimited() && machineReceives.unlimited())) {
            throw new IllegalArgumentException("limits of a machine without a name");
        }
        if (copiesPerSecond < 1 || copiesPerSecond > Rate.MOST_FRAMES) {
            throw new IllegalArgumentException(copiesPerSecond + " copies/s; 1 to " + Rate.MOST_FRAMES
                    + " are possible");
        }
    }

    /** The same in these VLANs. */
    public PortPolicy in(Vlans other) {
        return new PortPolicy(other, group, standing, sends, receives, machine, machineSends, machineReceives, storm,
                copiesPerSecond);
    }

    /** The same in this group. */
    public PortPolicy in(String otherGroup, Standing as) {
        return new PortPolicy(vlans, otherGroup, as, sends, receives, machine, machineSends, machineReceives, storm,
                copiesPerSecond);
    }

    /** The same with limits of its own. */
    public PortPolicy limited(Rate toSend, Rate toReceive) {
        return new PortPolicy(vlans, group, standing, toSend, toReceive, machine, machineSends, machineReceives, storm,
                copiesPerSecond);
    }

    /** The same as a port of a machine. */
    public PortPolicy of(String owner, Rate toSend, Rate toReceive) {
        return new PortPolicy(vlans, group, standing, sends, receives, owner, toSend, toReceive, storm,
                copiesPerSecond);
    }

    /** The same with these limits on what goes to everyone. */
    public PortPolicy calm(Rate toEveryone, long copies) {
        return new PortPolicy(vlans, group, standing, sends, receives, machine, machineSends, machineReceives,
                toEveryone, copies);
    }
}
