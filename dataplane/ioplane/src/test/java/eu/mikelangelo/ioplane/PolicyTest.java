package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.PortPolicy.Standing;
import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.ioplane.policy.Rate;
import eu.mikelangelo.ioplane.policy.Vlans;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;
import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Isolation, static addresses, rates and storms, through the switch. */
class PolicyTest {
    private static final long MERGE = Features.VERSION_1 | Features.NET_MRG_RXBUF;

    private final Random random = new Random(11);
    private final Bench bench = new Bench(false);

    private static long mac(int index) {
        return 0x020000000100L + index;
    }

    private byte[] frame(int from, int to, int length) {
        return Frames.plain(to < 0 ? Frames.BROADCAST : mac(to), mac(from), length, random);
    }

    private int fixed(PortPolicy policy, long mac, long... others) {
        return bench.machine(new PortConfig("p" + bench.ports.size(), mac, 0, null, others, policy), 64, 2048, MERGE);
    }

    /** Both ways, unicast and floods, known and unknown: exactly who may. */
    @Test
    void isolationIsAMatrix() {
        PortPolicy[] policies = {PortPolicy.NONE, PortPolicy.NONE, in("", Standing.ISOLATED),
            in("", Standing.ISOLATED), in("", Standing.PROMISCUOUS), in("a", Standing.COMMON), in("a", Standing.COMMON),
            in("a", Standing.ISOLATED), in("a", Standing.PROMISCUOUS), in("b", Standing.COMMON)};
        for (PortPolicy policy : policies) {
            bench.open(policy);
        }
        for (boolean learned : new boolean[] {false, true}) {
            for (int from = 0; from < policies.length; from++) {
                int may = 0;
                for (int to = 0; to < policies.length; to++) {
                    may |= to != from && may(policies[from], policies[to]) ? 1 << to : 0;
                }
                for (int to = 0; learned && to < policies.length; to++) {
                    boolean reaches = (may >> to & 1) != 0;
                    int reached = bench.reach(from, frame(from, to, 60));
                    boolean group = policies[from].group().equals(policies[to].group());
                    assertEquals(reaches ? 1 << to : group || to == from ? 0 : may, reached, from + " to " + to);
                }
                assertEquals(may, bench.reach(from, frame(from, -1, 60)), from + " to all");
            }
        }
        assertTrue(bench.ports.get(0).drops(Drop.ISOLATED) > 0);
    }

    private static PortPolicy in(String group, Standing standing) {
        return PortPolicy.NONE.in(group, standing);
    }

    private static boolean may(PortPolicy one, PortPolicy two) {
        boolean alone = one.standing() == Standing.ISOLATED && two.standing() != Standing.PROMISCUOUS
                || two.standing() == Standing.ISOLATED && one.standing() != Standing.PROMISCUOUS;
        return one.group().equals(two.group()) && !alone;
    }

    /** Who pretends to be a machine of another group gets nothing of what is for it. */
    @Test
    void nobodyTakesOverAnAddressOfAnotherGroup() {
        bench.open(in("a", Standing.COMMON));
        bench.open(in("a", Standing.COMMON));
        bench.open(in("b", Standing.COMMON));
        bench.reach(0, frame(0, -1, 60));
        bench.reach(2, frame(0, -1, 60));
        assertEquals(1, bench.reach(1, frame(1, 0, 60)));
    }

    /** Of many networks some share a bucket of the table: what is found in one was learned there. */
    @Test
    void anAddressIsAnotherOneInAnotherNetwork() {
        MacTable table = new MacTable();
        int networks = 3000;
        int[] places = new int[networks];
        for (int domain = 0; domain < networks; domain++) {
            places[domain] = random.nextInt(Switch.MAX_PORTS);
            assertTrue(table.learn(mac(1), domain, places[domain], 0));
        }
        int known = 0;
        for (int domain = 0; domain < networks; domain++) {
            int found = table.find(mac(1), domain, 0);
            assertTrue(found == -1 || found == places[domain], "network " + domain);
            known += found == -1 ? 0 : 1;
        }
        assertTrue(known > networks / 2, known + " known");
        assertTrue(table.fix(mac(2), 5, 7));
        assertTrue(table.learn(mac(2), 6, 8, 0));
        assertFalse(table.learn(mac(2), 5, 8, 0));
        assertEquals(8, table.find(mac(2), 6, 0));
        int top = (1 << PortRules.DOMAIN_BITS) - 1;
        assertTrue(table.learn(mac(3), top, Switch.MAX_PORTS - 1, 0));
        assertEquals(Switch.MAX_PORTS - 1, table.find(mac(3), top, 0));
    }

    @Test
    void severalAddressesOfOnePort() {
        fixed(PortPolicy.NONE, mac(0), mac(1), mac(2));
        bench.open(PortPolicy.NONE);
        bench.open(PortPolicy.NONE);
        for (int own = 0; own < 3; own++) {
            assertEquals(1, bench.reach(1, frame(9, own, 60)), "known before it spoke");
            assertEquals(6, bench.reach(0, frame(own, -1, 60)));
        }
        assertEquals(0, bench.reach(0, frame(3, -1, 60)));
        assertEquals(0, bench.reach(1, frame(2, -1, 60)), "another port's");
        assertEquals(1, bench.ports.get(0).drops(Drop.SPOOFED_MAC));
        assertEquals(1, bench.ports.get(1).drops(Drop.SPOOFED_MAC));
        assertEquals(4, bench.reach(1, frame(9, 77, 60)), "nobody's address is not flooded to it");
        assertEquals(0, bench.reach(0, Frames.arp(Frames.BROADCAST, mac(1), 1, mac(3), 5, 6)), "within ARP");
    }

    /** More fixed addresses than their bucket has room for: whom the table does not know is flooded to. */
    @Test
    void aFixedAddressWithoutPlaceIsReachable() {
        for (int port = 0; port < 20; port++) {
            long[] others = new long[255];
            for (int i = 0; i < others.length; i++) {
                others[i] = 0x060000000000L + port * 256L + i;
            }
            fixed(PortPolicy.NONE, mac(port), others);
        }
        int asked = 0;
        for (int port = 0; port < 20; port++) {
            for (int i = 0; i < 255; i += 17) {
                long to = 0x060000000000L + port * 256L + i;
                int from = (port + 1) % 20;
                assertTrue((bench.reach(from, Frames.plain(to, mac(from), 60, random)) >> port & 1) == 1,
                        port + ", " + i);
                asked++;
            }
            bench.nowNs += 1_000_000_000L;
        }
        assertEquals(300, asked);
    }

    @Test
    void portsAreChecked() {
        BitSet many = new BitSet();
        many.set(1, 4095);
        Vlans all = Vlans.trunk(many, 0);
        PortPolicy trunk = PortPolicy.NONE.in(all);
        new PortConfig("x", PortConfig.ANY_MAC, 0, null, new long[0], trunk);
        assertThrows(IllegalArgumentException.class, () -> new PortConfig("x", 2, 0, null, new long[0], trunk));
        assertThrows(IllegalArgumentException.class, () -> new PortConfig("x", PortConfig.ANY_MAC, 5, null,
                new long[0], trunk));
        assertThrows(IllegalArgumentException.class, () -> new PortConfig("x", PortConfig.ANY_MAC, 0, "/u",
                new long[0], trunk));
        assertThrows(IllegalArgumentException.class, () -> new PortConfig("x", PortConfig.ANY_MAC, 0, null,
                new long[] {2}, PortPolicy.NONE));
        assertThrows(IllegalArgumentException.class, () -> new PortConfig("x", 2, 0, null, new long[] {-1},
                PortPolicy.NONE));
    }

    /** Over its rate a sender waits, loses nothing, and the core sleeps until the next token. */
    @Test
    void aSenderOverItsRateWaitsInItsRing() {
        bench.open(PortPolicy.NONE.limited(new Rate(8_000_000, 0, 10_000), Rate.NONE));
        bench.open(PortPolicy.NONE);
        bench.reach(1, frame(1, -1, 60));
        Kicks kicks = new Kicks(bench.fabric);
        long startNs = bench.nowNs;
        long got = 0;
        int sent = 0;
        while (bench.nowNs - startNs < 1_000_000_000L) {
            while (bench.nics.get(0).send(frame(0, 1, 1000))) {
                sent++;
            }
            int moved = bench.turn();
            got += received(1, 1000);
            if (moved == 0) {
                long nextNs = bench.fabric.nextDeadlineNs();
                assertTrue(nextNs > bench.nowNs && nextNs - bench.nowNs < 2_000_000, nextNs - bench.nowNs + " ns");
                assertTrue(kicks.arm(), "nothing to do until then");
                bench.nowNs = nextNs;
            }
        }
        assertTrue(got >= 990 && got <= 1011, got + " frames of 1000 bytes at a byte a us");
        while (received(1, 1000) + bench.turn() > 0 || bench.fabric.nextDeadlineNs() != Long.MAX_VALUE) {
            bench.nowNs += 1_000_000;
        }
        assertEquals(sent, bench.ports.get(0).txFrames());
        assertEquals(sent, bench.ports.get(1).rxFrames(), "nothing is lost");
    }

    private long received(int index, int length) {
        long count = 0;
        for (byte[] got = bench.nics.get(index).poll(); got != null; got = bench.nics.get(index).poll()) {
            assertEquals(length, got.length);
            count++;
        }
        bench.nics.get(index).refill(64);
        return count;
    }

    @Test
    void aSenderThatWaitsForAReceiverPaysOnce() {
        bench.open(PortPolicy.NONE.limited(new Rate(0, 1000, 0), Rate.NONE));
        bench.machine(PortConfig.open("few"), 1, 2048, MERGE);
        bench.reach(1, frame(1, -1, 60));
        assertTrue(bench.nics.get(0).send(frame(0, 1, 60)));
        assertTrue(bench.nics.get(0).send(frame(0, 1, 60)));
        for (int i = 0; i < 100; i++) {
            bench.turn();
        }
        assertEquals(1, received(1, 60));
        bench.turn();
        assertEquals(1, received(1, 60));
        for (int i = 0; i < 30; i++) {
            assertEquals(2, bench.reach(0, frame(0, 1, 60)), "32 at once, and two were sent");
        }
    }

    @Test
    void whatAReceiverMayNotBeSentIsLostAndCounted() {
        bench.open(PortPolicy.NONE);
        bench.open(PortPolicy.NONE.limited(Rate.NONE, new Rate(0, 1000, 0)));
        bench.reach(1, frame(1, -1, 60));
        int got = 0;
        for (int i = 0; i < 1000; i++) {
            got += bench.reach(0, frame(0, i % 2 == 0 ? 1 : -1, 60)) >> 1;
            bench.nowNs += 100_000;
        }
        assertTrue(got >= 130 && got <= 133, got + " in a tenth of a second, 32 at once");
        assertEquals(1000 - got, bench.ports.get(1).drops(Drop.OVER_RATE));
        assertEquals(1000, bench.ports.get(0).txFrames());
    }

    @Test
    void theUplinkWaitsForAReceiverOverItsRate() {
        bench.open(PortPolicy.NONE.limited(Rate.NONE, new Rate(8_000_000, 0, 1000)));
        ScatterList frame = new ScatterList(1);
        frame.add(new Region(Arena.ofAuto().allocate(1000, 8)), 0, 1000);
        assertTrue(bench.fromUplink(0, frame, 1000));
        assertFalse(bench.fromUplink(0, frame, 1000));
        long atNs = bench.fabric.nextDeadlineNs();
        assertTrue(atNs > bench.nowNs && atNs < bench.nowNs + 200_000, atNs - bench.nowNs + " ns");
        bench.nowNs = atNs;
        bench.turn();
        assertEquals(Long.MAX_VALUE, bench.fabric.nextDeadlineNs());
        assertTrue(bench.fromUplink(0, frame, 1000));
        assertEquals(0, bench.ports.get(0).drops(Drop.OVER_RATE));
    }

    @Test
    void stormsAreCountedByTheirKind() {
        bench.open(PortPolicy.NONE.calm(new Rate(0, 100, 0), PortPolicy.DEFAULT_COPIES));
        bench.open(PortPolicy.NONE);
        bench.reach(1, frame(1, -1, 60));
        int got = 0;
        for (int i = 0; i < 300; i++) {
            long to = i % 3 == 0 ? Frames.BROADCAST : i % 3 == 1 ? 0x01005e000001L : mac(77);
            got += bench.reach(0, Frames.plain(to, mac(0), 60, random)) >> 1;
        }
        assertEquals(32, got);
        Port sender = bench.ports.get(0);
        assertEquals(300 - got, sender.drops(Drop.BROADCAST_STORM) + sender.drops(Drop.MULTICAST_STORM)
                + sender.drops(Drop.UNKNOWN_STORM));
        assertEquals(89, sender.drops(Drop.BROADCAST_STORM));
        assertEquals(2, bench.reach(0, frame(0, 1, 60)), "for one that is known there is no limit");
        bench.nowNs += 100_000_000;
        assertEquals(2, bench.reach(0, frame(0, -1, 60)), "ten more are earned");
    }

    @Test
    void bytesOfStormsAndCopiesAreLimitedToo() {
        bench.open(PortPolicy.NONE.calm(new Rate(8000, 0, 10_000), 1));
        bench.open(PortPolicy.NONE);
        bench.open(PortPolicy.NONE);
        int got = 0;
        for (int i = 0; i < 100; i++) {
            got += bench.reach(0, frame(0, -1, 1000)) == 6 ? 1 : 0;
        }
        assertEquals(10, got);
        assertEquals(90, bench.ports.get(0).drops(Drop.BROADCAST_STORM));
    }

    /** A port that has gone leaves nothing behind: neither tokens nor a place in a queue. */
    @Test
    void aPortThatWaitsMayBeRemoved() {
        PortPolicy web = PortPolicy.NONE.of("web", new Rate(0, 1000, 0), Rate.NONE);
        bench.open(web);
        bench.open(web);
        bench.open(PortPolicy.NONE);
        bench.reach(2, frame(2, -1, 60));
        for (int i = 0; i < 32; i++) {
            assertEquals(4, bench.reach(0, frame(0, 2, 60)));
        }
        byte[] last = frame(1, 2, 60);
        assertTrue(bench.nics.get(0).send(frame(0, 2, 60)));
        assertTrue(bench.nics.get(1).send(last));
        assertEquals(0, bench.turn());
        bench.fabric.remove(bench.ports.get(0));
        bench.ports.removeFirst();
        bench.nics.removeFirst();
        bench.nowNs += 1_100_000;
        assertEquals(1, bench.turn());
        assertArrayEquals(last, bench.nics.get(1).poll());
        assertEquals(Long.MAX_VALUE, bench.fabric.nextDeadlineNs());
    }
}
