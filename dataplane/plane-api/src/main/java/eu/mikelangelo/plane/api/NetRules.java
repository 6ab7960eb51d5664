package eu.mikelangelo.plane.api;

import java.util.BitSet;
import java.util.Objects;

/**
 * What is asked of a port beyond its addresses: VLANs, isolation, rates. {@link NetRulesText} reads and writes it.
 *
 * @param vlan the one VLAN of an access port; 0: none
 * @param trunk the VLANs of a trunk; empty: it is none
 * @param nativeVlan the VLAN of a trunk's frames without a tag; 0: none
 * @param group ports of different groups exchange nothing; empty: the group of all who name none
 * @param isolated within its group and VLANs it reaches promiscuous ports only
 * @param promiscuous it reaches isolated ports too
 * @param machine whose ports share the limits {@code machineTx} and {@code machineRx}; empty: nobody's
 * @param tx what it may send; directions are the guest's
 * @param rx what it may be sent
 * @param storm what it may send to everyone, and to addresses nobody has shown
 * @param copies of such frames a second, beyond each one's first; 0: the plane's own limit
 * @param queues the most queue pairs that the card may have; 0: as many as the plane serves
 */
public record NetRules(int vlan, BitSet trunk, int nativeVlan, String group, boolean isolated, boolean promiscuous,
        String machine, NetRate tx, NetRate rx, NetRate machineTx, NetRate machineRx, NetRate storm, long copies,
        int queues) {
    public static final int MOST_VLAN = 4094;
    /** Characters of a group's or a machine's name. */
    public static final int MOST_NAME = 63;
    /** Queue pairs that the plane serves. */
    public static final int MOST_QUEUES = 8;
    /** Nothing is asked. */
    public static final NetRules NONE = new NetRules(0, new BitSet(), 0, "", false, false, "", NetRate.NONE,
            NetRate.NONE, NetRate.NONE, NetRate.NONE, NetRate.NONE, 0, 0);

    /** @throws IllegalArgumentException naming what cannot be, or does not go together */
    public NetRules {
        trunk = (BitSet) trunk.clone();
        vlan("vlan", vlan);
        vlan("native", nativeVlan);
        if (trunk.get(0) || trunk.length() > MOST_VLAN + 1) {
            throw new IllegalArgumentException("trunk: a VLAN is 1 to " + MOST_VLAN);
        }
        if (vlan != 0 && !trunk.isEmpty()) {
            throw new IllegalArgumentException("vlan and trunk exclude each other");
        }
        if (nativeVlan != 0 && trunk.isEmpty()) {
            throw new IllegalArgumentException("native needs trunk beside it");
        }
        name("group", group);
        name("machine", machine);
        if (isolated && promiscuous) {
            throw new IllegalArgumentException("isolated and promiscuous exclude each other");
        }
        if (machine.isEmpty() && !(machineTx.equals(NetRate.NONE) && machineRx.equals(NetRate.NONE))) {
            throw new IllegalArgumentException("limits of a machine need machine=NAME beside them");
        }
        Objects.requireNonNull(storm);
        if (copies < 0 || copies > NetRate.MOST_FRAMES) {
            throw new IllegalArgumentException("copies " + copies + " is not 1 to 1G");
        }
        if (queues < 0 || queues > MOST_QUEUES) {
            throw new IllegalArgumentException("queues " + queues + " is not 1 to " + MOST_QUEUES);
        }
    }

    private static void vlan(String what, int vlan) {
        if (vlan < 0 || vlan > MOST_VLAN) {
            throw new IllegalArgumentException(what + " " + vlan + " is not 1 to " + MOST_VLAN);
        }
    }

    private static void name(String what, String name) {
        if (!name.matches("[A-Za-z0-9_.-]{0," + MOST_NAME + "}")) {
            throw new IllegalArgumentException(what + " \"" + name + "\" is not a name of letters, digits, '_', '.' "
                    + "and '-', at most " + MOST_NAME);
        }
    }

    /** @return a copy */
    @Override
    public BitSet trunk() {
        return (BitSet) trunk.clone();
    }

    /** @return whether two ports of a machine ask for the same limits of it */
    public boolean sameMachine(NetRules other) {
        return machineTx.equals(other.machineTx) && machineRx.equals(other.machineRx);
    }
}
