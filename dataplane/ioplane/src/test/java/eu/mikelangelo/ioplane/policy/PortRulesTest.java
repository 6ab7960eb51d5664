package eu.mikelangelo.ioplane.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy.Standing;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PortRulesTest {
    private static final Rate SLOW = new Rate(8_000_000, 0, 1000);

    private final Registry registry = new Registry(256);

    private PortRules joined(PortPolicy policy) {
        PortRules rules = new PortRules(policy);
        rules.join(registry, 0);
        return rules;
    }

    private static BitSet set(int... vlans) {
        BitSet set = new BitSet();
        for (int vlan : vlans) {
            set.set(vlan);
        }
        return set;
    }

    @Test
    void onlyWhoAsksForNothingIsPlain() {
        assertTrue(joined(PortPolicy.NONE).plain());
        assertTrue(joined(PortPolicy.NONE.calm(SLOW, 5)).plain(), "floods are no unicast's business");
        assertTrue(joined(PortPolicy.NONE.of("m", Rate.NONE, Rate.NONE)).plain());
        assertFalse(joined(PortPolicy.NONE.in(Vlans.access(1))).plain());
        assertFalse(joined(PortPolicy.NONE.in("a", Standing.COMMON)).plain());
        assertFalse(joined(PortPolicy.NONE.in("", Standing.ISOLATED)).plain());
        assertFalse(joined(PortPolicy.NONE.in("", Standing.PROMISCUOUS)).plain());
        assertFalse(joined(PortPolicy.NONE.limited(SLOW, Rate.NONE)).plain());
        assertFalse(joined(PortPolicy.NONE.limited(Rate.NONE, SLOW)).plain());
        assertFalse(joined(PortPolicy.NONE.of("m", Rate.NONE, SLOW)).plain());
        assertEquals(0, joined(PortPolicy.NONE).untagged());
    }

    @Test
    void standingsAreTheMatrixOfPrivateVlans() {
        boolean[][] may = {{true, false, true}, {false, false, true}, {true, true, true}};
        for (Standing from : Standing.values()) {
            for (Standing to : Standing.values()) {
                assertEquals(may[from.ordinal()][to.ordinal()], joined(PortPolicy.NONE.in("", from))
                        .mayReach(joined(PortPolicy.NONE.in("", to))), from + " to " + to);
            }
        }
    }

    /** A domain is a VLAN within a group: two ports share one exactly when they share both. */
    @Test
    void domainsAreVlansWithinGroups() {
        List<PortPolicy> policies = new ArrayList<>();
        for (String group : new String[] {"", "a", "b"}) {
            policies.add(PortPolicy.NONE.in(group, Standing.COMMON));
            policies.add(PortPolicy.NONE.in(group, Standing.COMMON).in(Vlans.access(1)));
            policies.add(PortPolicy.NONE.in(group, Standing.COMMON).in(Vlans.access(4094)));
        }
        for (PortPolicy one : policies) {
            for (PortPolicy two : policies) {
                boolean same = one.group().equals(two.group()) && one.vlans().untagged() == two.vlans().untagged();
                assertEquals(same, joined(one).in(joined(two).untagged()), one + " and " + two);
            }
        }
    }

    @Test
    void trunksAreInTheirVlansOnly() {
        PortRules trunk = joined(PortPolicy.NONE.in("a", Standing.COMMON).in(Vlans.trunk(set(1, 63, 64, 4094), 7)));
        BitSet in = new BitSet();
        int untagged = joined(PortPolicy.NONE.in("a", Standing.COMMON)).untagged();
        for (int vlan = 0; vlan < 4096; vlan++) {
            in.set(vlan, trunk.in(untagged + vlan));
            assertFalse(trunk.in(vlan), "another group's");
        }
        assertEquals(set(1, 7, 63, 64, 4094), in);
        BitSet listed = new BitSet();
        for (int at = trunk.nextDomain(0); at >= 0; at = trunk.nextDomain(at + 1)) {
            listed.set(at - untagged);
        }
        assertEquals(in, listed);
        assertEquals(untagged + 7, trunk.untagged());
        assertEquals(PortRules.NO_DOMAIN, joined(PortPolicy.NONE.in(Vlans.trunk(set(7), 0))).untagged());
        for (int bad : new int[] {0, -1, 4095, 4096}) {
            assertThrows(IllegalArgumentException.class, () -> Vlans.access(bad));
        }
        for (BitSet bad : new BitSet[] {set(), set(0), set(4095), set(1, 5000)}) {
            assertThrows(IllegalArgumentException.class, () -> Vlans.trunk(bad, 0), bad.toString());
        }
    }

    @Test
    void groupsAreForgottenWithTheirLastPort() {
        PortRules first = joined(PortPolicy.NONE.in("a", Standing.COMMON));
        PortRules second = joined(PortPolicy.NONE.in("a", Standing.COMMON));
        first.leave();
        PortRules other = joined(PortPolicy.NONE.in("b", Standing.COMMON));
        assertNotEquals(second.untagged(), other.untagged());
        second.leave();
        for (int i = 0; i < 1000; i++) {
            PortRules passing = joined(PortPolicy.NONE.in("g" + i, Standing.COMMON));
            assertNotEquals(other.untagged(), passing.untagged());
            assertNotEquals(0, passing.untagged());
            assertTrue(passing.untagged() >>> PortRules.DOMAIN_BITS == 0);
            passing.leave();
        }
        for (int i = 0; i < 255; i++) {
            assertTrue(joined(PortPolicy.NONE.in("h" + i, Standing.COMMON)).untagged() >>> PortRules.DOMAIN_BITS == 0);
        }
    }

    @Test
    void whoIsRefusedRestsUntilItsTime() {
        PortRules rules = joined(PortPolicy.NONE.limited(SLOW, Rate.NONE));
        assertEquals(1, rules.maySend(1, 1500, 0));
        rules.sent(1, 1500);
        assertEquals(PortRules.NEVER, rules.deadlineNs());
        assertEquals(0, rules.maySend(1, 60, 0));
        long atNs = rules.deadlineNs();
        assertTrue(atNs > 500_000 && atNs < 600_000, atNs + " ns for 500 bytes at 1 byte a us");
        assertTrue(rules.rests(atNs - 1) && rules.held());
        assertFalse(rules.rests(atNs) || rules.held());
        assertEquals(PortRules.NEVER, rules.deadlineNs());
        assertEquals(1, rules.maySend(1, 60, atNs));
    }

    /** The ports of a machine have together what it may send, and each its part of that. */
    @Test
    void theSharesOfAMachineAreEvenAndTheirSumIsTheLimit() {
        Random random = new Random(4);
        List<PortRules> ports = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            ports.add(joined(PortPolicy.NONE.of("web", new Rate(80_000_000, 0, 20_000), Rate.NONE)));
        }
        PortRules stranger = joined(PortPolicy.NONE.of("db", new Rate(80_000_000, 0, 20_000), Rate.NONE));
        long[] sent = new long[ports.size()];
        long endNs = 1_000_000_000L;
        for (long nowNs = 0; nowNs < endNs; nowNs += random.nextInt(20_000)) {
            for (int i = 0; i < ports.size(); i++) {
                // The first has long frames and the last short ones.
                sent[i] += turn(ports.get(i), 65_550 >> 3 * i, nowNs);
            }
        }
        long sum = 0;
        for (long bytes : sent) {
            sum += bytes;
            assertTrue(bytes > 1_500_000 && bytes < 3_500_000, java.util.Arrays.toString(sent));
        }
        assertTrue(sum <= 10_000_000 + 20_000 + 65_550 && sum > 9_500_000, sum + " bytes in a second");
        assertEquals(1, stranger.maySend(1, 60, endNs));
        ports.removeFirst().leave();
        ports.removeLast().leave();
        assertTrue(turn(ports.getFirst(), 1500, 2 * endNs) > 0);
        ports.getFirst().leave();
        ports.getLast().leave();
        assertEquals(1, joined(PortPolicy.NONE.of("web", Rate.NONE, Rate.NONE)).maySend(1, 9999, endNs));
    }

    private static long turn(PortRules port, int length, long nowNs) {
        long bytes = 0;
        if (!port.rests(nowNs)) {
            for (int i = 0; i < 32 && port.maySend(1, length, nowNs) == 1; i++) {
                port.sent(1, length);
                bytes += length;
            }
            if (bytes > 0) {
                port.turnOver();
            }
        }
        return bytes;
    }

    /** A port that was refused and then has nothing to send does not keep the others from sending. */
    @Test
    void aClaimEnds() {
        PortRules one = joined(PortPolicy.NONE.of("web", SLOW, Rate.NONE));
        PortRules two = joined(PortPolicy.NONE.of("web", SLOW, Rate.NONE));
        assertEquals(1, two.maySend(1, 1500, 0));
        two.sent(1, 1500);
        two.turnOver();
        assertEquals(0, one.maySend(1, 60, 0));
        assertEquals(0, two.maySend(1, 60, 1_000_000), "the other was first");
        assertEquals(1_000_000, two.deadlineNs(), "and is asked again at once");
        assertFalse(two.rests(1_000_000));
        assertEquals(1, two.maySend(1, 60, 3_000_000));
    }

    @Test
    void theUplinkWaitsForTokens() {
        PortRules rules = joined(PortPolicy.NONE.limited(Rate.NONE, SLOW).of("m", Rate.NONE, SLOW));
        assertTrue(rules.uplinkMay(0));
        rules.received(1, 1500);
        assertEquals(0, rules.mayReceive(1, 60, 0));
        assertFalse(rules.uplinkMay(0));
        long atNs = rules.deadlineNs();
        assertTrue(atNs > 500_000 && atNs < 600_000, atNs + " ns");
        rules.begin(atNs);
        assertEquals(PortRules.NEVER, rules.deadlineNs(), "a past time would keep the core awake");
        assertTrue(rules.uplinkMay(atNs));
        assertEquals(1, rules.maySend(1, 60, 0), "the other direction");
    }

    @Test
    void policiesAreChecked() {
        assertThrows(IllegalArgumentException.class, () -> PortPolicy.NONE.of("", SLOW, Rate.NONE));
        assertThrows(IllegalArgumentException.class, () -> PortPolicy.NONE.calm(Rate.NONE, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(999, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(Rate.MOST_BITS + 1, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(0, -1, 0));
        assertThrows(IllegalArgumentException.class, () -> new Rate(0, 0, Rate.MOST_BURST + 1));
    }
}
