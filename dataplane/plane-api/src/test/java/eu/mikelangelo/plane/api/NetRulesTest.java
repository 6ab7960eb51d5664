package eu.mikelangelo.plane.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.BitSet;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NetRulesTest {
    @Test
    void readsWhatPeopleType() {
        NetRules rules = NetRulesText.parse("vlan=10,group=red,isolated,machine=web-1,rate=10M,pps=1.5k,burst=64K,"
                + "rx-rate=2.5G,machine-rate=400G,machine-rx-pps=3,storm-rate=8k,storm-pps=100,copies=500,queues=4");
        assertEquals(10, rules.vlan());
        assertEquals("red", rules.group());
        assertTrue(rules.isolated());
        assertEquals("web-1", rules.machine());
        assertEquals(new NetRate(10_000_000, 1500, 65_536), rules.tx());
        assertEquals(new NetRate(2_500_000_000L, 0, 0), rules.rx());
        assertEquals(new NetRate(400_000_000_000L, 0, 0), rules.machineTx());
        assertEquals(new NetRate(0, 3, 0), rules.machineRx());
        assertEquals(new NetRate(8000, 100, 0), rules.storm());
        assertEquals(500, rules.copies());
        assertEquals(4, rules.queues());
        BitSet trunk = new BitSet();
        trunk.set(1);
        trunk.set(20, 30);
        trunk.set(4094);
        NetRules second = NetRulesText.parse("trunk=25-29+1+20-26+4094,native=7,promiscuous");
        assertEquals(trunk, second.trunk());
        assertEquals("trunk=1+20-29+4094,native=7,promiscuous", NetRulesText.of(second));
        assertEquals(NetRules.NONE, NetRulesText.parse(""));
        assertEquals("", NetRulesText.of(NetRules.NONE));
        assertEquals(NetRulesText.parse("rate=1000M"), NetRulesText.parse("rate=1g"));
    }

    /** The message begins with what is wrong, or has it and says what can be. */
    @ParameterizedTest
    @CsvSource(delimiter = '|', textBlock = """
            vlna=3            | "vlna=3" is not one of vlan=N
            vlan              | "vlan" is not one of
            isolated=yes      | "isolated=yes" is not one of
            rx-vlan=3         | "rx-vlan=3" is not one of
            vlan=0            | "vlan=0": a VLAN is 1 to 4094
            vlan=4095         | "vlan=4095": a VLAN is 1 to 4094
            vlan=1+2          | "vlan=1+2": a VLAN
            vlan=             | "vlan=": a VLAN
            trunk=            | "trunk=": a VLAN
            trunk=5-3         | "trunk=5-3": 5-3 ends before it begins
            trunk=1+          | "trunk=1+": a VLAN
            trunk=1-2-3       | "trunk=1-2-3": a VLAN
            vlan=1,vlan=1     | "vlan" is said twice
            vlan=1,trunk=2    | vlan and trunk exclude each other
            native=2          | native needs trunk beside it
            isolated,promiscuous | isolated and promiscuous exclude each other
            group=            | "group=": a name
            group=a b         | group "a b" is not a name
            rate=10X          | "rate=10X": bits a second, as 500k, 10M or 2.5G
            rate=10Mbit       | "rate=10Mbit": bits a second
            rate=-1           | "rate=-1": bits
            rate=0            | "rate=0": bits
            rate=M            | "rate=M": bits
            rate=.5M          | "rate=.5M": bits
            rate=1.0005k      | "rate=1.0005k": bits
            rate=1e6          | "rate=1e6": bits
            rate=999          | rate 999 bit/s is not 1k to 1T
            rx-rate=2T        | rx-rate 2T bit/s is not 1k to 1T
            machine-rx-rate=9999999999999999999T | "machine-rx-rate=9999999999999999999T": bits
            storm-pps=2G      | storm-pps 2G is not 1 to 1G
            burst=64K         | burst 64k needs a rate beside it
            rate=1M,burst=1G  | burst 1G is not 1 to 256M bytes
            machine-rate=1M   | limits of a machine need machine=NAME
            copies=2G         | copies 2000000000 is not 1 to 1G
            queues=0          | "queues=0": queue pairs are 1 to 8
            queues=9          | "queues=9": queue pairs
            queues=2x         | "queues=2x": queue pairs
            vlan=1,           | "" is not one of
            """)
    void saysWhatIsWrong(String text, String message) {
        String said = assertThrows(IllegalArgumentException.class, () -> NetRulesText.parse(text)).getMessage();
        assertTrue(said.startsWith(message), said);
    }

    @Test
    void writtenRulesAreReadAsTheSame() {
        Random random = new Random(9);
        for (int i = 0; i < 2000; i++) {
            BitSet trunk = new BitSet();
            for (int n = random.nextInt(3) * random.nextInt(5); n > 0; n--) {
                int from = 1 + random.nextInt(4094);
                trunk.set(from, Math.min(4095, from + 1 + random.nextInt(40)));
            }
            int standing = random.nextInt(3);
            String machine = random.nextBoolean() ? "" : "m." + random.nextInt(9);
            NetRate none = NetRate.NONE;
            NetRules rules = new NetRules(trunk.isEmpty() ? random.nextInt(4095) : 0, trunk,
                    trunk.isEmpty() ? 0 : random.nextInt(4095), random.nextBoolean() ? "" : "g_" + random.nextInt(9),
                    standing == 1, standing == 2, machine, rate(random), rate(random),
                    machine.isEmpty() ? none : rate(random), machine.isEmpty() ? none : rate(random), rate(random),
                    random.nextInt(3) * (long) random.nextInt(1_000_000), random.nextInt(9));
            String text = NetRulesText.of(rules);
            assertEquals(rules, NetRulesText.parse(text), text);
            assertEquals(text, NetRulesText.of(NetRulesText.parse(text)));
        }
    }

    private static NetRate rate(Random random) {
        long bits = random.nextInt(3) == 0 ? 0 : Math.clamp((long) Math.pow(10, 3 + random.nextDouble() * 9),
                NetRate.LEAST_BITS, NetRate.MOST_BITS);
        return new NetRate(bits, random.nextInt(2) * (long) random.nextInt(1_000_000_000),
                bits == 0 ? 0 : random.nextInt(256 << 20));
    }

    @Test
    void portsWithRulesAreChecked() {
        NetRules trunk = NetRulesText.parse("trunk=1");
        assertThrows(IllegalArgumentException.class, () -> new PortSpec("a", "/a", false, "", "10.0.0.1", "", "", "",
                trunk));
        assertThrows(IllegalArgumentException.class, () -> new PortSpec("a", "/a", false, "", "", "", "", "/u", trunk));
        for (String bad : new String[] {"+", "02:00:00:00:00:01+", "02:00:00:00:00:01+02:00:00:00:00:01",
            "02:00:00:00:00:01 02:00:00:00:00:02", "02:00:00:00:00:01+".repeat(70) + "02:00:00:00:00:02"}) {
            assertThrows(IllegalArgumentException.class, () -> Addresses.macs(bad), bad);
        }
        assertEquals(2, Addresses.macs("02:00:00:00:00:01+02:00:00:00:00:02")[1] & 0xff);
        assertEquals(0, Addresses.macs("").length);
    }
}
