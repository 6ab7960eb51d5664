package eu.mikelangelo.ioplane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The rules under "Network" in ARCHITECTURE.md, between three machines with fixed addresses. */
class SwitchRulesTest {
    private static final int UPLINK = 1 << 30;
    private static final int NOBODY = 0;
    private static final long MULTICAST_6 = 0x333300000002L;

    private final Random random = new Random(3);
    private final Bench bench = new Bench(true);
    private final long mac = Frames.mac(1);
    private final int ip = Frames.ip(1);
    private Port port;

    @BeforeEach
    void machines() {
        bench.machine(1);
        bench.machine(2);
        bench.machine(3);
        port = bench.ports.get(0);
    }

    private void dropped(Drop reason, byte[] frame) {
        long before = port.drops(reason);
        assertEquals(NOBODY, bench.reach(0, frame));
        assertEquals(before + 1, port.drops(reason));
    }

    @Test
    void unicastReachesOneMachineAndBroadcastAllOthers() {
        assertEquals(1 << 1, bench.reach(0, Frames.plain(Frames.mac(2), mac, 60, random)));
        assertEquals(1 << 2, bench.reach(0, Frames.plain(Frames.mac(3), mac, 1514, random)));
        assertEquals(1 << 1 | 1 << 2, bench.reach(0, Frames.plain(Frames.BROADCAST, mac, 60, random)));
        assertEquals(NOBODY, bench.reach(0, Frames.plain(mac, mac, 60, random)), "to itself");
        assertEquals(NOBODY, bench.reach(0, Frames.plain(Frames.mac(9), mac, 60, random)), "a MAC nobody has");
    }

    @Test
    void whatIsForTheGatewayGoesToTheUplinkOnly() {
        assertEquals(UPLINK, bench.reach(0, Frames.plain(Frames.GATEWAY_MAC, mac, 60, random)));
        assertEquals(UPLINK, bench.reach(0, Frames.udp(Frames.GATEWAY_MAC, mac, ip, 0x08080808, 999, 53)));
        assertEquals(UPLINK, bench.reach(0, Frames.arp(Frames.BROADCAST, mac, 1, mac, ip, Frames.GATEWAY_IP)));
        assertEquals(UPLINK, bench.reach(0, Frames.udp(Frames.BROADCAST, mac, 0, -1, 68, 67)));
        assertEquals(UPLINK, bench.reach(0, Frames.icmp6(MULTICAST_6, mac, 133)));
        assertEquals(UPLINK, bench.reach(0, Frames.udp6(0x333300010002L, mac, 547)));
    }

    @Test
    void dhcpNeverGoesBetweenMachines() {
        assertEquals(UPLINK, bench.reach(0, Frames.udp(Frames.mac(2), mac, ip, Frames.ip(2), 67, 68)),
                "a rogue server");
        assertEquals(UPLINK, bench.reach(0, Frames.udp(Frames.mac(2), mac, ip, Frames.ip(2), 68, 67)));
    }

    @Test
    void arpForMachinesGoesToMachines() {
        assertEquals(6, bench.reach(0, Frames.arp(Frames.BROADCAST, mac, 1, mac, ip, Frames.ip(2))));
        assertEquals(2, bench.reach(0, Frames.arp(Frames.mac(2), mac, 2, mac, ip, Frames.ip(2))));
        assertEquals(6, bench.reach(0, Frames.arp(Frames.BROADCAST, mac, 1, mac, 0, ip)), "a probe of RFC 5227");
    }

    @Test
    void spoofing() {
        dropped(Drop.SPOOFED_MAC, Frames.plain(Frames.mac(2), Frames.mac(3), 60, random));
        dropped(Drop.SPOOFED_MAC, Frames.plain(Frames.mac(2), Frames.GATEWAY_MAC, 60, random));
        dropped(Drop.SPOOFED_MAC, Frames.plain(Frames.mac(2), mac | 1L << 40, 60, random));
        dropped(Drop.SPOOFED_MAC, Frames.arp(Frames.BROADCAST, mac, 2, Frames.mac(2), ip, ip));
        dropped(Drop.SPOOFED_ADDRESS, Frames.arp(Frames.BROADCAST, mac, 2, mac, Frames.ip(2), Frames.ip(2)));
        dropped(Drop.SPOOFED_ADDRESS, Frames.arp(Frames.BROADCAST, mac, 2, mac, Frames.GATEWAY_IP, 0));
        dropped(Drop.SPOOFED_ADDRESS, Frames.udp(Frames.mac(2), mac, Frames.ip(3), Frames.ip(2), 5, 6));
        dropped(Drop.SPOOFED_ADDRESS, Frames.udp(Frames.mac(2), mac, 0, Frames.ip(2), 5, 6));
        dropped(Drop.SPOOFED_ADDRESS, Frames.udp(Frames.GATEWAY_MAC, mac, Frames.ip(2), 0x08080808, 5, 6));
        dropped(Drop.TAGGED, Frames.ethernet(Frames.mac(2), mac, 0x8100, 50).array());
        dropped(Drop.ROGUE_ROUTER, Frames.icmp6(MULTICAST_6, mac, 134));
        dropped(Drop.ROGUE_ROUTER, Frames.icmp6(Frames.mac(2), mac, 137));
        assertEquals(11 + 1, port.txFrames(), "taken frames count, dropped or not");
    }

    /** RFC 7113: a router's word behind extension headers is a router's word. */
    @Test
    void extensionHeadersHideNoRouter() {
        for (int type : new int[] {0, 43, 60}) {
            dropped(Drop.ROGUE_ROUTER, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), type, 0));
            dropped(Drop.ROGUE_ROUTER, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), type, 3));
        }
        dropped(Drop.ROGUE_ROUTER, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 44, 0));
        dropped(Drop.ROGUE_ROUTER, Frames.behind(Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 60, 0), 0, 0));
        dropped(Drop.MALFORMED, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 60, 4));
        dropped(Drop.MALFORMED, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 60, 255));
        dropped(Drop.MALFORMED, Arrays.copyOf(Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 60, 0), 60));
        dropped(Drop.MALFORMED, Arrays.copyOf(Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 60, 0), 62));
        assertEquals(UPLINK, bench.reach(0, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 133), 0, 0)));
        assertEquals(UPLINK, bench.reach(0, Frames.behind(Frames.udp6(MULTICAST_6, mac, 547), 60, 1)));
        assertEquals(6, bench.reach(0, Frames.behind(Frames.icmp6(MULTICAST_6, mac, 143), 0, 0)),
                "a listener's report");
        byte[] later = Frames.behind(Frames.icmp6(MULTICAST_6, mac, 134), 44, 0);
        later[54 + 3] = 8;
        assertEquals(6, bench.reach(0, later), "a later fragment has no header");
    }

    @Test
    void cutOffHeaders() {
        byte[] arp = Frames.arp(Frames.BROADCAST, mac, 1, mac, ip, Frames.GATEWAY_IP);
        byte[] udp = Frames.udp(Frames.mac(2), mac, ip, Frames.ip(2), 5, 67);
        byte[] icmp = Frames.icmp6(MULTICAST_6, mac, 134);
        dropped(Drop.MALFORMED, Arrays.copyOf(arp, 41));
        dropped(Drop.MALFORMED, Arrays.copyOf(udp, 14));
        dropped(Drop.MALFORMED, Arrays.copyOf(udp, 33));
        dropped(Drop.MALFORMED, Arrays.copyOf(udp, 37));
        dropped(Drop.MALFORMED, Arrays.copyOf(icmp, 53));
        udp[14] = 0x44;
        dropped(Drop.MALFORMED, udp);
        dropped(Drop.MALFORMED, new byte[13]);
    }

    /** The rules see the private copy's length, so what an earlier frame left behind it means nothing. */
    @Test
    void shortFrameIsNotJudgedByItsPredecessor() {
        assertEquals(UPLINK, bench.reach(0, Frames.icmp6(MULTICAST_6, mac, 133)));
        byte[] cut = Arrays.copyOf(Frames.icmp6(MULTICAST_6, mac, 133), 54);
        assertEquals(6, bench.reach(0, cut));
    }

    @Test
    void noUplinkIsCounted() {
        port.outlet = null;
        dropped(Drop.UPLINK_DOWN, Frames.plain(Frames.GATEWAY_MAC, mac, 60, random));
        port.outlet = (fabric, frame, length, nowNs) -> Drop.UPLINK_FULL;
        dropped(Drop.UPLINK_FULL, Frames.plain(Frames.GATEWAY_MAC, mac, 60, random));
    }

    @Test
    void removedMachineIsUnknown() {
        bench.fabric.remove(bench.ports.get(1));
        assertEquals(NOBODY, bench.reach(0, Frames.plain(Frames.mac(2), mac, 60, random)));
        assertEquals(4, bench.reach(0, Frames.plain(Frames.BROADCAST, mac, 60, random)));
    }

    @Test
    void portsNeedTheMacOfOneCard() {
        for (long bad : new long[] {0, -2, 1L << 48, 0x010000000001L}) {
            assertThrows(IllegalArgumentException.class, () -> new PortConfig("x", bad, 0, null));
        }
        assertTrue(PortConfig.open("x").uplink() == null);
    }
}
