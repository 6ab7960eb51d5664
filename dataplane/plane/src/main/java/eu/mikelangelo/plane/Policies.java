package eu.mikelangelo.plane;

import eu.mikelangelo.ioplane.PortConfig;
import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.PortPolicy.Standing;
import eu.mikelangelo.ioplane.policy.Rate;
import eu.mikelangelo.ioplane.policy.Vlans;
import eu.mikelangelo.plane.api.Addresses;
import eu.mikelangelo.plane.api.NetRate;
import eu.mikelangelo.plane.api.NetRules;
import eu.mikelangelo.plane.api.PortSpec;
import java.util.Arrays;

/** A port of the control protocol as the switch takes it. */
final class Policies {
    private Policies() {}

    /** @throws IllegalArgumentException naming what does not go together */
    static PortConfig config(PortSpec spec) {
        long[] macs = Addresses.macs(spec.mac());
        return new PortConfig(spec.name(), macs.length == 0 ? PortConfig.ANY_MAC : macs[0],
                Addresses.ipv4(spec.ipv4()), spec.uplinkSocket().isEmpty() ? null : spec.uplinkSocket(),
                macs.length < 2 ? new long[0] : Arrays.copyOfRange(macs, 1, macs.length), policy(spec.rules()));
    }

    private static PortPolicy policy(NetRules rules) {
        Standing standing = rules.isolated() ? Standing.ISOLATED
                : rules.promiscuous() ? Standing.PROMISCUOUS : Standing.COMMON;
        return new PortPolicy(vlans(rules), rules.group(), standing, rate(rules.tx()), rate(rules.rx()),
                rules.machine(), rate(rules.machineTx()), rate(rules.machineRx()), rate(rules.storm()),
                rules.copies() == 0 ? PortPolicy.DEFAULT_COPIES : rules.copies());
    }

    private static Vlans vlans(NetRules rules) {
        if (!rules.trunk().isEmpty()) {
            return Vlans.trunk(rules.trunk(), rules.nativeVlan());
        }
        return rules.vlan() == 0 ? Vlans.NONE : Vlans.access(rules.vlan());
    }

    private static Rate rate(NetRate rate) {
        return new Rate(rate.bits(), rate.frames(), rate.burst());
    }
}
