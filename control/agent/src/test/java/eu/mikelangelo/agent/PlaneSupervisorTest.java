package eu.mikelangelo.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.PlanePorts;
import eu.mikelangelo.plane.api.FrameChannel;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.NetRulesText;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.Request;
import eu.mikelangelo.plane.api.Response;
import eu.mikelangelo.plane.api.Wire;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class PlaneSupervisorTest {
    @TempDir
    Path folder;
    private Path socket;
    private volatile FakePlane plane;
    private final AtomicInteger starts = new AtomicInteger();
    private PlaneSupervisor supervisor;

    @BeforeEach
    void open() {
        socket = folder.resolve("plane.sock");
        supervisor = new PlaneSupervisor(socket, () -> {
            starts.incrementAndGet();
            plane = new FakePlane(socket);
        }, List.of("/bin/agent"), "/home", "build-1");
    }

    @AfterEach
    void close() throws IOException {
        supervisor.close();
        if (plane != null) {
            plane.kill();
        }
    }

    /** A plane in memory behind a real socket; it knows names and says the same counters of all. */
    private static final class FakePlane {
        final List<String> heard = new CopyOnWriteArrayList<>();
        final Map<String, PortSpec> ports = new LinkedHashMap<>();
        private final ServerSocketChannel server;
        private final List<FrameChannel> open = new CopyOnWriteArrayList<>();
        private volatile boolean killed;

        FakePlane(Path socket) throws IOException {
            Files.deleteIfExists(socket);
            server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    while (true) {
                        SocketChannel channel = server.accept();
                        Thread.ofPlatform().daemon().start(() -> serve(channel));
                    }
                } catch (IOException e) {
                    return;
                }
            });
        }

        private void serve(SocketChannel channel) {
            try (FrameChannel frames = new FrameChannel(channel)) {
                open.add(frames);
                if (killed) {
                    // Accepted just before the kill: a dead process keeps no connection.
                    return;
                }
                for (byte[] body = frames.read(Wire.MAX_REQUEST, -1); body != null;
                        body = frames.read(Wire.MAX_REQUEST, -1)) {
                    frames.write(Wire.encode(answer(Wire.decodeRequest(body))), 1000);
                }
            } catch (IOException | RuntimeException e) {
                return;
            }
        }

        private synchronized Response answer(Request request) {
            heard.add(request.getClass().getSimpleName());
            return switch (request) {
                case Request.Hello hello -> new Response.Welcome(Wire.VERSION, "plane-1", 4711);
                case Request.AddPort add -> {
                    PortSpec old = ports.get(add.port().name());
                    if (old != null && !old.equals(add.port())) {
                        yield new Response.Refused("another port of this name", "");
                    }
                    ports.put(add.port().name(), add.port());
                    yield new Response.Done();
                }
                case Request.RemovePort remove -> {
                    ports.remove(remove.name());
                    yield new Response.Done();
                }
                case Request.ListPorts list -> new Response.Ports(List.copyOf(ports.values()));
                case Request.GetStats stats -> {
                    LinkedHashMap<String, Long> drops = new LinkedHashMap<>();
                    drops.put("spoofed", 2L);
                    drops.put("full", 3L);
                    yield new Response.Stats(5, List.of(), ports.containsKey(stats.name())
                            ? List.of(new PortStats(stats.name(), true, 2, true, 1, 0, 10, 20, 1000, 2000, 0, 0, drops,
                            List.of(), LatencyStats.NONE, "")) : List.of());
                }
                case Request.GetCores cores -> new Response.Cores(List.of());
                default -> new Response.Done();
            };
        }

        synchronized List<String> names() {
            return new ArrayList<>(ports.keySet());
        }

        void kill() throws IOException {
            killed = true;
            server.close();
            open.forEach(FrameChannel::close);
        }
    }

    private static PlanePorts.Port port(String name, String ip) {
        return new PlanePorts.Port(name, Path.of("/run/m/1/net0.sock"), "02:4d:00:00:00:01", ip,
                "02:4d:ff:00:00:01", "10.187.0.1", Path.of("/run/m/1/passt/passt.sock"), "vlan=10,rate=10M");
    }

    private static void await(String what, BooleanSupplier condition) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(10);
        while (!condition.getAsBoolean()) {
            assertTrue(System.nanoTime() < deadline, what);
            Thread.sleep(2);
        }
    }

    @Test
    void anAbsentPlaneIsStartedAndToldEverything() throws Exception {
        supervisor.add(port("web", "10.187.0.1"));
        assertEquals("down", supervisor.status().get("state"));
        supervisor.start();
        assertTrue(supervisor.awaitConnection());
        assertEquals(1, starts.get());
        assertEquals(List.of("web"), plane.names());
        assertEquals(NetRulesText.parse("rate=10M,vlan=10"), plane.ports.get("web").rules());
        PlanePorts.Port later = new PlanePorts.Port("later", Path.of("/x"), "", "", "", "", null, "vlan=10,newer=1");
        assertTrue(assertThrows(Failure.class, () -> supervisor.add(later)).getMessage().contains("newer=1"),
                "rather none than one without its rules");
        assertEquals(List.of("web"), plane.names());
        assertTrue(plane.heard.contains("Register"));
        assertEquals(4711L, supervisor.status().get("pid"));
        supervisor.add(port("db", "10.187.0.2"));
        supervisor.remove("web");
        assertEquals(List.of("db"), plane.names());
    }

    @Test
    void aPlaneThatLivesIsTakenOver() throws Exception {
        plane = new FakePlane(socket);
        plane.answer(new Request.AddPort(new PortSpec("old", "/x", false, "", "", "", "", "")));
        plane.answer(new Request.AddPort(new PortSpec("web", "/x", false, "", "", "", "", "")));
        supervisor.start();
        assertTrue(supervisor.awaitConnection());
        assertEquals(0, starts.get());
        assertEquals(List.of("old", "web"), plane.names(), "machines are still being adopted");
        supervisor.add(port("web", "10.187.0.1"));
        supervisor.settle();
        assertEquals(List.of("web"), plane.names());
        assertEquals("10.187.0.1", plane.ports.get("web").ipv4(), "the new life's port");
    }

    @Test
    void aDeadPlaneIsReplacedAtOnceAndServesTheSamePorts() throws Exception {
        supervisor.start();
        assertTrue(supervisor.awaitConnection());
        supervisor.settle();
        supervisor.add(port("web", "10.187.0.1"));
        FakePlane first = plane;
        long killed = System.nanoTime();
        first.kill();
        await("a second plane with the port", () -> plane != first && plane.names().equals(List.of("web")));
        long millis = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - killed);
        assertTrue(millis < 1000, millis + " ms");
        assertEquals(2, starts.get());
    }

    @Test
    void countersAreSummedUp() throws Exception {
        supervisor.add(port("web", "10.187.0.1"));
        assertEquals(Map.of(), supervisor.counters("web"), "no plane yet");
        supervisor.start();
        assertTrue(supervisor.awaitConnection());
        Map<String, Object> io = supervisor.counters("web");
        assertEquals(10L, io.get("rxFrames"));
        assertEquals(20L, io.get("txFrames"));
        assertEquals(5L, io.get("drops"));
        assertEquals(Map.of(), supervisor.counters("nobody"));
    }

    @Test
    void theGoodbyeTakesAnIdlePlaneAlong() throws Exception {
        supervisor.start();
        assertTrue(supervisor.awaitConnection());
        supervisor.close();
        assertTrue(plane.heard.contains("Bye") && plane.heard.contains("Shutdown"), plane.heard.toString());
    }

    @Test
    void theGoodbyeLeavesABusyPlaneAlone() throws Exception {
        supervisor.add(port("web", "10.187.0.1"));
        supervisor.start();
        assertTrue(supervisor.awaitConnection());
        supervisor.close();
        assertTrue(plane.heard.contains("Bye") && !plane.heard.contains("Shutdown"), plane.heard.toString());
    }
}
