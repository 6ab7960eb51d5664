package eu.mikelangelo.plane.api;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class WireTest {
    private static final PortSpec PORT = new PortSpec("web", "/run/m/1/net0.sock", false, "02:4d:00:00:00:07",
            "10.187.0.7", "02:4d:ff:00:00:01", "10.187.0.1", "/run/m/1/passt/passt.sock",
            NetRulesText.parse("vlan=10,group=a,isolated,rate=10M,rx-pps=50k,machine=web,machine-rate=1G,"
            + "storm-pps=100"));

    private static final CoreStats CORE = new CoreStats(-1, 2, 3, 4, 5, 6, 7, 8, 9);

    private static final PortStats PORT_WITHOUT_QUEUES = new PortStats("b", false, 0, true, 0, 0, 0, 0, 0, 0, 0, 0,
            new LinkedHashMap<>(), List.of(), LatencyStats.NONE, "why");

    private static final List<Request> REQUESTS = List.of(new Request.Hello(1, "b"),
            new Request.Register(List.of("/bin/a", "", "ü"), "/home"), new Request.Bye(), new Request.AddPort(PORT),
            new Request.RemovePort("web"), new Request.ListPorts(), new Request.GetStats(""), new Request.GetCores(),
            new Request.Shutdown(), new Request.StartCapture("web", 96), new Request.ReadCapture(7, 1_000));

    private static final List<Response> RESPONSES = List.of(new Response.Welcome(1, "b", 1L << 40), new Response.Done(),
            new Response.Refused("what", "hint"), new Response.Ports(List.of(PORT, PortSpec.open("b", "/b", true),
                    PortSpec.host("tap:a", "tap:a"),
                    new PortSpec("t", "", false, "", "", "", "", "", "tap:t",
                            NetRulesText.parse("trunk=1+5-7,rate=1M")))),
            new Response.Stats(-5, List.of(CORE), List.of(stats(), PORT_WITHOUT_QUEUES)),
            new Response.Cores(List.of(CORE, CORE)), new Response.Captured(new byte[] {1, 2, 3}, 1, 1L << 33, true));

    private static PortStats stats() {
        return new PortStats("web", true, 2, false, 9, 8, 1, -2, 3, 4, 5, 6, drops(),
                List.of(new QueueStats(true, 0, 1, 2, 3, 4, 5, 6, 7, 8, drops()),
                        new QueueStats(false, 127, 8, 7, 6, 5, 4, 3, 2, 1, new LinkedHashMap<>())),
                new LatencyStats(128, 1000, 700, List.of(0L, 3L, 1L << 40)), "");
    }

    private static LinkedHashMap<String, Long> drops() {
        LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
        drops.put("spoofedMac", 4L);
        drops.put("closed", 5L);
        return drops;
    }

    private static byte[] body(byte[] frame) {
        assertEquals(frame.length - 4, ByteBuffer.wrap(frame).getInt());
        return Arrays.copyOfRange(frame, 4, frame.length);
    }

    @Test
    void everyMessageGoesRound() throws IOException {
        assertEquals(Request.class.getPermittedSubclasses().length, REQUESTS.size());
        assertEquals(Response.class.getPermittedSubclasses().length, RESPONSES.size());
        for (Request request : REQUESTS) {
            assertEquals(request, Wire.decodeRequest(body(Wire.encode(request))));
        }
        for (Response response : RESPONSES) {
            assertEquals(response, Wire.decodeResponse(body(Wire.encode(response))));
        }
    }

    @Test
    void mutatedMessagesAreRefusedOrMessages() {
        long seed = Long.getLong("fuzz.seed", 1);
        Random random = new Random(seed);
        int refused = 0;
        for (int i = 0; i < 50_000; i++) {
            boolean request = random.nextBoolean();
            byte[] body = body(request ? Wire.encode(REQUESTS.get(random.nextInt(REQUESTS.size())))
                    : Wire.encode(RESPONSES.get(random.nextInt(RESPONSES.size()))));
            for (int n = random.nextInt(4); n >= 0; n--) {
                body[random.nextInt(body.length)] = (byte) random.nextInt();
            }
            body = Arrays.copyOf(body, random.nextInt(8) == 0 ? random.nextInt(body.length + 4) : body.length);
            try {
                Object decoded = request ? Wire.decodeRequest(body) : Wire.decodeResponse(body);
                assertTrue(decoded instanceof Record);
            } catch (IOException bad) {
                refused++;
            }
        }
        assertTrue(refused > 10_000, refused + " refused");
    }

    @Test
    void messagesThatDoNotFitAFrameAreRefused() {
        List<PortSpec> many = Collections.nCopies(50_000, PORT);
        assertThrows(IllegalArgumentException.class, () -> Wire.encode(new Response.Ports(many)));
        assertThrows(IllegalArgumentException.class, () -> Wire.encode(new Request.RemovePort("x".repeat(70_000))));
    }

    @Test
    void numbersThatCannotBeAreRefused() {
        assertThrows(IllegalArgumentException.class, () -> new Request.ReadCapture(0, 0));
        assertThrows(IllegalArgumentException.class, () -> new Request.ReadCapture(1, 1_001));
        assertThrows(IllegalArgumentException.class, () -> new LatencyStats(0, 0, 0, List.of()));
        assertThrows(IllegalArgumentException.class, () -> new LatencyStats(1, 0, 0, Collections.nCopies(65, 0L)));
        assertThrows(IllegalArgumentException.class,
                () -> new QueueStats(true, 128, 0, 0, 0, 0, 0, 0, 0, 0, new LinkedHashMap<>()));
        assertThrows(IllegalArgumentException.class,
                () -> new Response.Captured(new byte[(1 << 20) + 1], 0, 0, false));
    }

    /** What a reader of pcap expects (draft-ietf-opsawg-pcap), byte by byte. */
    @Test
    void aCaptureBeginsAsItsReadersExpect() {
        assertArrayEquals(new byte[] {0x4d, 0x3c, (byte) 0xb2, (byte) 0xa1, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 96, 0,
            0, 0, 1, 0, 0, 0}, Pcap.header(96));
        ByteBuffer record = ByteBuffer.allocate(16).order(java.nio.ByteOrder.LITTLE_ENDIAN);
        Pcap.record(record, 1_700_000_000_123_456_789L, 96, 1514);
        assertArrayEquals(new byte[] {0, (byte) 0xf1, 0x53, 0x65, 0x15, (byte) 0xcd, 0x5b, 7, 96, 0, 0, 0, (byte) 0xea,
            5, 0, 0}, record.array());
    }

    @Test
    void specsAreChecked() {
        bad("bad name", "/a", "", "", "", "");
        bad("", "/a", "", "", "", "");
        bad("a", "relative", "", "", "", "");
        bad("a", "/" + "x".repeat(107), "", "", "", "");
        bad("a", "/a", "03:00:00:00:00:01", "", "", "");
        bad("a", "/a", "02:00:00:00:01", "", "", "");
        bad("a", "/a", "02:00:00:00:00:0g", "", "", "");
        bad("a", "/a", "", "10.0.0.256", "", "");
        bad("a", "/a", "", "10.0.0", "", "");
        bad("a", "/a", "", "", "02:00:00:00:00:01", "");
        assertEquals(0x024d00000007L, Addresses.mac("02:4d:00:00:00:07"));
        assertEquals(0x0abb0007, Addresses.ipv4("10.187.0.7"));
    }

    private static void bad(String name, String socket, String mac, String ip, String gatewayMac, String gatewayIp) {
        assertThrows(IllegalArgumentException.class,
                () -> new PortSpec(name, socket, false, mac, ip, gatewayMac, gatewayIp, ""));
    }

    @Test
    void interfacesOfTheHostAreChecked() {
        for (String good : List.of("tap:a", "interface:eth0.100", "tap:x23456789012345", "interface:...")) {
            assertEquals(good, PortSpec.host("h", good).host());
        }
        for (String bad : List.of("tap:", "a", "tap:a/b", "tap:a:b", "interface:.", "tap:..", "tap:a b",
                "tap:x234567890123456", "tap:\u00fc", "bridge:a")) {
            assertThrows(IllegalArgumentException.class, () -> PortSpec.host("h", bad), bad);
        }
        assertThrows(IllegalArgumentException.class,
                () -> new PortSpec("h", "/a", false, "", "", "", "", "", "tap:a", NetRules.NONE), "a socket too");
        assertThrows(IllegalArgumentException.class, () -> PortSpec.open("h", "", false), "neither");
    }
}
