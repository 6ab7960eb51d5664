package eu.mikelangelo.agent.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.agent.api.IoStats;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.agent.api.PlaneSocket;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.ExitStatus;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.MachineState;
import eu.mikelangelo.packages.Start;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(30)
class OrchestratorTest {
    @TempDir
    Path folder;
    private static final Rest REST = new Rest(() -> { });
    private FakeFleet fleet;
    private Orchestrator orchestrator;
    private final List<String> prepared = new ArrayList<>();
    private Failure failPrepare;

    @BeforeEach
    void open() {
        fleet = new FakeFleet(folder);
        orchestrator = new Orchestrator(new FakeImages(), fleet, new FakePlane(),
                new Home(folder, folder.resolve("run")), REST);
    }

    private final class FakeImages implements ImageService {
        @Override
        public Prepared prepare(String source, boolean refresh, Progress progress) {
            prepared.add(source);
            if (failPrepare != null) {
                throw failPrepare;
            }
            String name = Views.defaultName(source);
            return new Prepared(name, new MachineSpec.Image(name, "ab".repeat(32), "/images/" + name),
                    new MachineSpec.Kernel("linux", "cd".repeat(32), "/kernels/linux"),
                    new Start(List.of(), List.of("/bin/server", "-v", "$A"), List.of(List.of("/bin/mk", "$A")),
                            Map.of(), "0:0", "/", false, List.of(), List.of()), 100L << 20);
        }

        @Override
        public Map<String, Object> compose(String source, Optional<String> name, Optional<Path> output,
                                           boolean refresh, Progress progress) {
            throw new UnsupportedOperationException();
        }

        @Override
        public List<Map<String, Object>> list() {
            return List.of();
        }

        @Override
        public Map<String, Object> inspect(String reference) {
            return Map.of();
        }

        @Override
        public void remove(String reference) { }
    }

    private static final class FakePlane implements PlaneService {
        @Override
        public Map<String, Object> status() {
            return Map.of("state", "up");
        }

        @Override
        public Map<String, Object> counters(String port) {
            return Map.of("rxFrames", 3L);
        }

        @Override
        public Map<String, Object> stats(String port) {
            return IoStats.down();
        }

        @Override
        public void capture(String port, PlaneSocket.Limits limits, OutputStream out, BooleanSupplier stop) { }
    }

    private Map<String, Object> run(String json) {
        return orchestrator.run(RunRequest.of(Json.object(json)), Progress.NONE);
    }

    private Failure failure(String json) {
        return assertThrows(Failure.class, () -> run(json));
    }

    @Test
    void aDetachedRunIsMadeStartedAndReady() {
        Map<String, Object> machine = run("""
                {"source":"memcached","detach":true,"waitSeconds":7,"memoryMiB":128,"cpus":2,"env":{"A":"hush"}}""");
        assertEquals("memcached", machine.get("name"));
        assertEquals("running", machine.get("state"));
        assertEquals(Map.of("rxFrames", 3L), machine.get("io"));
        assertEquals(List.of("start memcached", "awaitReady memcached 7"), fleet.calls);
        MachineSpec spec = fleet.get("memcached").spec();
        assertEquals(Map.of("A", "hush"), spec.env());
        assertEquals(List.of("/bin/server", "-v", "hush"), spec.command(), "its environment reaches the command");
        assertEquals(List.of(List.of("/bin/mk", "hush")), spec.pre());
        assertFalse(Json.write(machine).contains("hush"), "values of the environment are nobody's business");
    }

    @Test
    void anImageThatNeedsMoreMemoryGetsIt() {
        run("{\"source\":\"postgresql\"}");
        assertEquals(320, fleet.get("postgresql").spec().memoryMiB(), "three times 100 MiB, rounded");
        assertEquals(List.of(), fleet.get("postgresql").spec().command(), "the image's own");
        run("{\"source\":\"redis\",\"memoryMiB\":128}");
        assertEquals(128, fleet.get("redis").spec().memoryMiB(), "as asked");
    }

    @Test
    void aForegroundRunIsNotWaitedForAndTakesAFreeName() {
        run("{\"source\":\"/home/me/hello\"}");
        Map<String, Object> second = run("{\"source\":\"/home/me/hello\"}");
        assertEquals("hello-2", second.get("name"));
        assertEquals(List.of("start hello", "start hello-2"), fleet.calls);
    }

    @Test
    void argumentsReplaceAllButTheProgram() {
        run("{\"source\":\"memcached\",\"args\":[\"-m\",\"64\"]}");
        assertEquals(List.of("/bin/server", "-m", "64"), fleet.get("memcached").spec().command());
    }

    @Test
    void aNameInUseIsFoundOutBeforeAnythingIsMade() {
        run("{\"source\":\"memcached\",\"detach\":true}");
        prepared.clear();
        for (String json : new String[] {"{\"source\":\"memcached\",\"detach\":true}",
            "{\"source\":\"nginx\",\"name\":\"memcached\"}"}) {
            Failure failure = failure(json);
            assertEquals(Failure.Kind.CONFLICT, failure.kind());
            assertTrue(failure.hint().contains("mike rm -f memcached"), failure.hint());
        }
        assertEquals(List.of(), prepared);
        fleet.end("memcached", 0);
        assertTrue(failure("{\"source\":\"memcached\",\"detach\":true}").hint().contains("mike start memcached"));
        assertEquals(1, fleet.items.size());
    }

    @Test
    void aPortInUseIsFoundOutBeforeAnythingIsMade() throws Exception {
        try (ServerSocket held = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            Failure failure = failure("{\"source\":\"memcached\",\"ports\":[\"" + held.getLocalPort() + "\"]}");
            assertEquals(Failure.Kind.CONFLICT, failure.kind());
        }
        assertEquals(List.of(), prepared);
        int port;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            port = free.getLocalPort();
        }
        run("{\"source\":\"memcached\",\"detach\":true,\"ports\":[\"" + port + "\"]}");
        Failure failure = failure("{\"source\":\"redis\",\"ports\":[\"0.0.0.0:" + port + ":6379\"]}");
        assertTrue(failure.getMessage().contains("in use by machine memcached"), failure.getMessage());
    }

    @Test
    void aMachineThatDoesNotStartIsTakenBack() {
        fleet.failStart = new Failure(Failure.Kind.UNAVAILABLE, "no qemu", "install it");
        assertEquals("no qemu", failure("{\"source\":\"memcached\",\"detach\":true}").getMessage());
        assertEquals(Map.of(), fleet.items);
    }

    @Test
    void aMachineThatCannotBeMarkedIsTakenBack() throws Exception {
        Path mark = folder.resolve("machines/memcached/fresh");
        Files.createDirectories(mark.resolveSibling(".fresh." + ProcessHandle.current().pid() + "."
                + Thread.currentThread().threadId() + ".tmp")); // a full disk
        assertThrows(java.io.UncheckedIOException.class, () -> run("{\"source\":\"memcached\",\"detach\":true}"));
        assertEquals(Map.of(), fleet.items);
    }

    @Test
    void aMachineThatRanIsKeptWhateverMarkIsLeft() throws Exception {
        run("{\"source\":\"memcached\",\"detach\":true}");
        run("{\"source\":\"redis\",\"detach\":true}");
        for (String name : List.of("memcached", "redis")) {
            Files.writeString(folder.resolve("machines").resolve(name).resolve("fresh"), "");
        }
        fleet.end("memcached", 3);
        fleet.put(fleet.get("redis").spec(), FakeFleet.state(MachineState.Phase.FAILED, null));
        orchestrator.resume();
        assertEquals(List.of("memcached"), List.copyOf(fleet.items.keySet()), "redis never got beyond its launch");
        assertFalse(Files.exists(folder.resolve("machines/memcached/fresh")));
    }

    @Test
    void aMachineThatIsNotReadyStaysAndItsLogIsShown() throws Exception {
        fleet.failReady = new Failure(Failure.Kind.TIMEOUT, "nobody listens on tcp 80 after 60 s", "");
        Files.writeString(folder.resolve("web.console.log"), "cannot open /etc/x\n");
        Failure failure = failure("{\"source\":\"nginx\",\"name\":\"web\",\"detach\":true}");
        assertEquals(Failure.Kind.TIMEOUT, failure.kind());
        assertTrue(failure.hint().contains("cannot open /etc/x"), failure.hint());
        assertTrue(failure.hint().contains("mike rm -f web"), failure.hint());
        assertTrue(fleet.items.containsKey("web"));
    }

    @Test
    void aFailedCompositionMakesNoMachine() {
        failPrepare = new Failure(Failure.Kind.NOT_FOUND, "no package memcachd", "did you mean memcached?");
        assertEquals(Failure.Kind.NOT_FOUND, failure("{\"source\":\"memcachd\"}").kind());
        assertEquals(Map.of(), fleet.items);
    }

    @Test
    void aPassingMachineIsRemovedAtItsEndEvenByTheNextAgent() throws Exception {
        run("{\"source\":\"memcached\",\"detach\":true,\"remove\":true}");
        Path mark = folder.resolve("machines/memcached/remove-at-end");
        assertTrue(Files.exists(mark));
        FakeFleet adopted = new FakeFleet(folder);
        adopted.put(fleet.get("memcached").spec(), FakeFleet.state(MachineState.Phase.RUNNING, null));
        adopted.put(new MachineSpec(1, "stays", 9, fleet.get("memcached").spec().image(),
                fleet.get("memcached").spec().kernel(), 64, 1, List.of(), Map.of(), List.of(), List.of(), 0,
                java.time.Instant.now()), FakeFleet.state(MachineState.Phase.EXITED, ExitStatus.code(0)));
        new Orchestrator(new FakeImages(), adopted, new FakePlane(), new Home(folder, folder.resolve("run")),
                REST).resume();
        adopted.end("memcached", 0);
        for (int i = 0; i < 200 && adopted.find("memcached").isPresent(); i++) {
            Thread.sleep(50);
        }
        assertEquals(List.of("stays"), List.copyOf(adopted.items.keySet()));
    }

    @Test
    void requestsAreChecked() {
        for (String json : new String[] {"{}", "{\"source\":\"a\",\"memory\":1}", "{\"source\":\"a\",\"cpus\":0}",
            "{\"source\":\"a\",\"memoryMiB\":1}", "{\"source\":\"a\",\"name\":\"A B\"}",
            "{\"source\":\"a\",\"ports\":[\"x\"]}", "{\"source\":\"a\",\"ports\":[\"80\",\"80:81\"]}",
            "{\"source\":\"a\",\"env\":{\"A-B\":\"c\"}}", "{\"source\":\"a\",\"waitSeconds\":0}",
            "{\"source\":\"a\",\"net\":\"vlan=0\"}", "{\"source\":\"a\",\"net\":\"trunk=1\"}",
            "{\"source\":\"a\",\"net\":\"machine=b\"}", "{\"source\":\"a\",\"net\":\"mac=02:00:00:00:00:01\"}",
            "{\"source\":\"a\",\"name\":\"../x\"}", "{\"source\":\"a\",\"args\":[\"x\\u0000y\"]}"}) {
            assertEquals(Failure.Kind.BAD_INPUT, failure(json).kind(), json);
        }
        assertEquals(List.of(), prepared);
    }
}
