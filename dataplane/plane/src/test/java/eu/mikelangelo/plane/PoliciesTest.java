package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.PortConfig;
import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.Rate;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.NetRate;
import eu.mikelangelo.plane.api.NetRulesText;
import eu.mikelangelo.plane.api.PortSpec;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PoliciesTest {
    @TempDir
    Path folder;

    private static PortSpec spec(String name, String socket, String mac, String rules) {
        return new PortSpec(name, socket, true, mac, "", "", "", "", NetRulesText.parse(rules));
    }

    @Test
    void everyRuleReachesTheSwitch() {
        PortConfig config = Policies.config(spec("a", "/a", "02:00:00:00:00:01+02:00:00:00:00:02", "trunk=3+5,native=7,"
                + "group=red,isolated,machine=web,rate=1M,pps=2,burst=3,rx-rate=4M,machine-rate=5M,machine-rx-rate=6M,"
                + "storm-pps=8,copies=9"));
        assertEquals(0x020000000001L, config.mac());
        assertArrayEquals(new long[] {0x020000000002L}, config.others());
        PortPolicy policy = config.policy();
        assertEquals(7, policy.vlans().untagged());
        assertTrue(policy.vlans().carries(3) && policy.vlans().carries(5) && policy.vlans().carries(7));
        assertEquals("red", policy.group());
        assertEquals(PortPolicy.Standing.ISOLATED, policy.standing());
        assertEquals(new Rate(1_000_000, 2, 3), policy.sends());
        assertEquals(new Rate(4_000_000, 0, 0), policy.receives());
        assertEquals("web", policy.machine());
        assertEquals(new Rate(5_000_000, 0, 0), policy.machineSends());
        assertEquals(new Rate(6_000_000, 0, 0), policy.machineReceives());
        assertEquals(new Rate(0, 8, 0), policy.storm());
        assertEquals(9, policy.copiesPerSecond());
        assertEquals(12, Policies.config(spec("a", "/a", "", "vlan=12")).policy().vlans().untagged());
        assertEquals(PortPolicy.Standing.PROMISCUOUS, Policies.config(spec("a", "/a", "", "promiscuous")).policy()
                .standing());
        assertEquals(PortPolicy.NONE, Policies.config(PortSpec.open("a", "/a", true)).policy());
        assertEquals(PortConfig.ANY_MAC, Policies.config(PortSpec.open("a", "/a", true)).mac());
    }

    /** What can be asked for can be done: both ends of the ranges are the same. */
    @Test
    void theRangesAreTheSame() {
        assertEquals(NetRate.LEAST_BITS, Rate.LEAST_BITS);
        assertEquals(NetRate.MOST_BITS, Rate.MOST_BITS);
        assertEquals(NetRate.MOST_FRAMES, Rate.MOST_FRAMES);
        assertEquals(NetRate.MOST_BURST, Rate.MOST_BURST);
    }

    @Test
    void portsOfAMachineAskForTheSame() {
        DistinctErrors errors = new DistinctErrors();
        try (Plane plane = new Plane(errors, true)) {
            plane.add(spec("a", folder.resolve("a").toString(), "", "machine=web,machine-rate=1M"));
            plane.add(spec("b", folder.resolve("b").toString(), "", "machine=web,machine-rate=1M,vlan=3"));
            plane.add(spec("c", folder.resolve("c").toString(), "", "machine=db,machine-rate=2M"));
            PortSpec other = spec("d", folder.resolve("d").toString(), "", "machine=web,machine-rate=2M");
            String said = assertThrows(IllegalArgumentException.class, () -> plane.add(other)).getMessage();
            assertTrue(said.contains("port d asks for other limits of machine web than port a"), said);
            plane.remove("a");
            plane.remove("b");
            plane.add(other);
        }
    }
}
