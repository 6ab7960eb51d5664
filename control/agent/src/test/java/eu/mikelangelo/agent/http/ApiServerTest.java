package eu.mikelangelo.agent.http;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.agent.api.ApiClient;
import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Frames;
import eu.mikelangelo.agent.api.HttpExchange;
import eu.mikelangelo.base.Failure;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The API as a client meets it: a real server on a real socket, made-up machines behind it. */
@Timeout(30)
class ApiServerTest {
    private static final String BUILD = "build-1";
    @TempDir
    Path folder;
    private Path socket;
    private FakeMachines machines;
    private ApiServer server;
    private ApiClient client;
    private final CountDownLatch shutdown = new CountDownLatch(1);

    @BeforeEach
    void open() throws IOException {
        socket = folder.resolve("run/agent.sock");
        machines = new FakeMachines(folder);
        server = serve(PeerCheck.ofProcess());
        client = new ApiClient(socket, BUILD);
    }

    private ApiServer serve(PeerCheck peers) throws IOException {
        FakePlane plane = new FakePlane();
        IoRoutes io = new IoRoutes(plane);
        AgentRoutes agent = new AgentRoutes("0.1.0", BUILD, plane, shutdown::countDown);
        return new ApiServer(socket, peers, new ApiHandler(BUILD, Map.of("", agent::about, "plane", agent::plane,
                "shutdown", agent::shutdown, "machines", new MachineRoutes(machines), "io", io,
                "metrics", io::metrics)));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private Failure failure(String method, String path, Object body) {
        return assertThrows(Failure.class, () -> client.call(method, path, body));
    }

    @Test
    void theSocketIsForItsOwnerOnly() throws Exception {
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        assertEquals("rwx------", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket.getParent())));
    }

    @Test
    void anotherUsersConnectionIsClosedUnheard() throws Exception {
        server.close();
        server = serve(new PeerCheck("somebody-else") {
            @Override
            boolean admits(String user) {
                return user.equals("somebody-else");
            }
        });
        assertThrows(IOException.class, () -> client.get("/v1"));
        PeerCheck check = new PeerCheck("alice");
        assertTrue(check.admits("alice"));
        assertTrue(check.admits("root"));
        assertFalse(check.admits("bob"));
    }

    @Test
    void whatThePlaneCountsIsTold() throws Exception {
        Fields stats = client.get("/v1/io/stats");
        assertEquals("web", stats.objects("ports").getFirst().string("name", ""));
        assertEquals(Failure.Kind.NOT_FOUND, failure("GET", "/v1/io/stats?port=nobody", null).kind());
        assertEquals(Failure.Kind.NOT_FOUND, failure("POST", "/v1/io/stats", null).kind());
        assertEquals(Failure.Kind.NOT_FOUND, failure("GET", "/v1/io/ports/web", null).kind());
        for (String path : List.of("/v1/metrics", "/metrics")) {
            try (HttpExchange exchange = client.open("GET", path, null)) {
                String text = new String(exchange.body().readAllBytes(), StandardCharsets.UTF_8);
                assertTrue(text.contains("\nmike_plane_up 1\n"), text);
            }
        }
    }

    @Test
    void aCaptureIsAStreamThatEndsWhenItShould() throws Exception {
        try (HttpExchange exchange = client.open("GET", "/v1/io/ports/web/capture?snap=96&frames=7&seconds=9", null)) {
            assertEquals("pcap of web Limits[snap=96, frames=7, seconds=9]",
                    new String(exchange.body().readAllBytes(), StandardCharsets.UTF_8));
        }
        assertEquals(Failure.Kind.NOT_FOUND, failure("GET", "/v1/io/ports/nobody/capture", null).kind());
        assertEquals(Failure.Kind.BAD_INPUT, failure("GET", "/v1/io/ports/web/capture?snap=0", null).kind());
        assertEquals(Failure.Kind.BAD_INPUT, failure("GET", "/v1/io/ports/web/capture?snap=65551", null).kind());
        try (HttpExchange exchange = client.open("GET", "/v1/io/ports/breaks/capture", null)) {
            assertThrows(IOException.class, () -> exchange.body().readAllBytes());
        }
    }

    @Test
    void saysWhoItIs() throws Exception {
        Fields about = client.get("/v1");
        assertEquals(1, about.integer("api", 0));
        assertEquals(ProcessHandle.current().pid(), about.integer("pid", 0));
        assertEquals("up", about.object("plane").string("state", ""));
        assertEquals("web", client.get("/v1/machines").objects("machines").getFirst().string("name", ""));
    }

    @Test
    void refusesAnotherBuildBeforeDoingAnything() throws Exception {
        ApiClient other = new ApiClient(socket, "build-2");
        assertThrows(ApiClient.OtherBuild.class, () -> other.call("DELETE", "/v1/machines/web?force=true", null));
        assertEquals("build-1", other.get("/v1").string("build", ""), "it may ask who it is");
        assertThrows(Failure.class, () -> other.call("POST", "/v1/shutdown", Map.of("pid", 1)));
        assertEquals(1, shutdown.getCount(), "process 1 was meant");
        other.call("POST", "/v1/shutdown", Map.of("pid", ProcessHandle.current().pid()));
        assertTrue(shutdown.await(5, TimeUnit.SECONDS));
    }

    @Test
    void failuresCrossUnchanged() {
        Failure failure = failure("GET", "/v1/machines/nobody", null);
        assertEquals(Failure.Kind.NOT_FOUND, failure.kind());
        assertEquals("there is no machine nobody", failure.getMessage());
        assertEquals("mike ps -a lists them", failure.hint());
        assertEquals(Failure.Kind.CONFLICT, failure("DELETE", "/v1/machines/web", null).kind());
        assertEquals(Failure.Kind.NOT_FOUND, failure("GET", "/v1/nonsense", null).kind());
        Failure slash = failure("GET", "/v1/machines/a%2Fb", null);
        assertEquals(Failure.Kind.BAD_INPUT, slash.kind(), slash.getMessage());
        assertEquals(Failure.Kind.NOT_FOUND, failure("PATCH", "/v1/machines", null).kind());
        assertEquals(Failure.Kind.BAD_INPUT, failure("POST", "/v1/machines", Map.of("sauce", "x")).kind());
        assertEquals(Failure.Kind.BAD_INPUT, failure("POST", "/v1/machines/web/kill", Map.of("signal", 65)).kind());
    }

    @Test
    void aRunIsAStreamOfEvents() throws Exception {
        List<String> events = new ArrayList<>();
        Fields result = client.stream("POST", "/v1/machines", Map.of("source", "nginx", "name", "web"),
                event -> events.add(event.string("step", "") + event.integer("done", 0)));
        assertEquals("web", result.string("name", ""));
        assertEquals(List.of("downloading1", "downloading2"), events);
    }

    @Test
    void aFailureInTheMiddleEndsTheStream() {
        List<Fields> events = new ArrayList<>();
        Failure failure = assertThrows(Failure.class,
                () -> client.stream("POST", "/v1/machines", Map.of("source", "broken"), events::add));
        assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
        assertEquals("try again", failure.hint());
        assertEquals(2, events.size());
    }

    @Test
    void aBugHasANumberAndNoSpaceHasWords() {
        Failure bug = assertThrows(Failure.class,
                () -> client.stream("POST", "/v1/machines", Map.of("source", "bug"), event -> { }));
        assertTrue(bug.getMessage().matches("(?s).*\\([0-9a-f]{8}\\).*"), bug.getMessage());
        Failure full = assertThrows(Failure.class,
                () -> client.stream("POST", "/v1/machines", Map.of("source", "full"), event -> { }));
        assertEquals(Failure.Kind.UNAVAILABLE, full.kind());
        assertTrue(full.getMessage().contains("no space left"), full.getMessage());
    }

    @Test
    void workStopsWhenItsClientIsGone() throws Exception {
        HttpExchange exchange = client.open("POST", "/v1/machines", Map.of("source", "slow"));
        assertTrue(exchange.body().read() >= 0);
        exchange.close();
        assertTrue(machines.cancelled.await(10, TimeUnit.SECONDS));
    }

    @Test
    void aTooLongBodyIsRefused() {
        Failure failure = failure("POST", "/v1/machines", Map.of("source", "x".repeat(Exchange.MAX_BODY_BYTES)));
        assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
    }

    @Test
    void logsAreFollowedToTheEndOfTheMachine() throws Exception {
        Path log = folder.resolve("console.log");
        Files.writeString(log, "one\ntwo\n");
        assertEquals("two\n", text("/v1/machines/web/logs?tail=1"));
        assertEquals("", text("/v1/machines/web/logs?kernel=true"), "no such log yet");
        try (HttpExchange exchange = client.open("GET", "/v1/machines/web/logs?tail=1&follow=true", null)) {
            InputStream body = exchange.body();
            assertEquals("two\n", new String(body.readNBytes(4), StandardCharsets.UTF_8));
            Files.writeString(log, "three\n", StandardOpenOption.APPEND);
            assertEquals("three\n", new String(body.readNBytes(6), StandardCharsets.UTF_8));
            Files.writeString(log, "four\n", StandardOpenOption.APPEND);
            machines.live = false;
            assertEquals("four\n", new String(body.readAllBytes(), StandardCharsets.UTF_8));
        }
        assertEquals(143, client.get("/v1/machines/web/wait").integer("exitCode", 0));
    }

    private String text(String path) throws IOException {
        try (HttpExchange exchange = client.open("GET", path, null)) {
            return new String(exchange.body().readAllBytes(), StandardCharsets.UTF_8);
        }
    }

    @Test
    void theConsoleTakesInputAndSizes() throws Exception {
        try (ApiClient.Upload upload = client.upload("POST", "/v1/machines/web/console/input")) {
            upload.write("ls\n".getBytes(StandardCharsets.UTF_8), 3);
            upload.finish();
        }
        client.call("POST", "/v1/machines/web/console/resize", Map.of("rows", 50, "columns", 132));
        assertEquals("ls\n50x132", machines.typed.toString(StandardCharsets.UTF_8));
        failure("POST", "/v1/machines/web/console/resize", Map.of("rows", 0));
    }

    @Test
    void execCarriesInputOutputsSignalAndExitCode() throws Exception {
        byte[] input = new byte[300_000];
        new Random(1).nextBytes(input);
        ByteArrayOutputStream stdout = new ByteArrayOutputStream();
        ByteArrayOutputStream stderr = new ByteArrayOutputStream();
        String exit = "";
        Map<String, Object> request = Map.of("args", List.of("cat", "-"));
        try (HttpExchange exchange = client.open("POST", "/v1/machines/web/exec", request)) {
            InputStream body = exchange.body();
            for (Frames.Frame frame = Frames.read(body); frame != null; frame = Frames.read(body)) {
                switch (frame.type()) {
                    case Frames.ID -> sendInput(frame.text(), input);
                    case Frames.STDOUT -> stdout.writeBytes(frame.bytes());
                    case Frames.STDERR -> stderr.writeBytes(frame.bytes());
                    default -> exit = frame.text();
                }
            }
        }
        assertArrayEquals(input, stdout.toByteArray());
        assertEquals("cat -", stderr.toString(StandardCharsets.UTF_8));
        assertEquals("3", exit);
        assertEquals(2, machines.lastSignal);
        assertEquals(Failure.Kind.NOT_FOUND, failure("POST", "/v1/machines/web/exec/1/signal", Map.of()).kind());
    }

    private void sendInput(String id, byte[] input) throws IOException {
        client.call("POST", "/v1/machines/web/exec/" + id + "/signal", Map.of("signal", 2));
        try (ApiClient.Upload upload = client.upload("POST", "/v1/machines/web/exec/" + id + "/input")) {
            upload.write(input, input.length);
            upload.finish();
        }
    }

    @Test
    void anExecEndsWithItsClient() throws Exception {
        HttpExchange exchange = client.open("POST", "/v1/machines/web/exec", Map.of("args", List.of("cat")));
        assertNotNull(Frames.read(exchange.body()));
        exchange.close();
        assertTrue(machines.execClosed.await(10, TimeUnit.SECONDS));
    }

    @Test
    void filesGoBothWays() throws Exception {
        assertEquals("content", text("/v1/machines/web/files?path=%2Ffile"));
        assertEquals(Failure.Kind.NOT_FOUND, failure("GET", "/v1/machines/web/files?path=/other", null).kind());
        assertEquals(Failure.Kind.BAD_INPUT, failure("GET", "/v1/machines/web/files?path=other", null).kind());
        try (ApiClient.Upload upload = client.upload("PUT", "/v1/machines/web/files?path=%2Fa%20b&mode=755")) {
            upload.write("x".repeat(100_000).getBytes(StandardCharsets.UTF_8), 100_000);
            upload.finish();
        }
        assertEquals("/a b 755 " + "x".repeat(100_000), machines.file.toString(StandardCharsets.UTF_8));
    }

    /** Whatever bytes arrive, the next client is served. */
    @Test
    void nonsenseHarmsNobody() throws Exception {
        Random random = new Random(11);
        String[] seeds = {"GET /v1/machines HTTP/1.1\r\nHost: x\r\n\r\n", "POST /v1/machines HTTP/1.1\r\n"
            + "Host: x\r\nContent-Length: 5\r\n\r\n{\"a\":", "GET /v1/%2e%2e/%00 HTTP/1.1\r\nHost: x\r\n\r\n"};
        for (int i = 0; i < 150; i++) {
            byte[] bytes = seeds[random.nextInt(seeds.length)].getBytes(StandardCharsets.ISO_8859_1);
            for (int k = random.nextInt(4); k > 0; k--) {
                bytes[random.nextInt(bytes.length)] = (byte) random.nextInt(256);
            }
            try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
                channel.write(ByteBuffer.wrap(bytes, 0, 1 + random.nextInt(bytes.length)));
            }
        }
        assertEquals("web", client.get("/v1/machines").objects("machines").getFirst().string("name", ""));
        assertNull(assertThrows(Failure.class, () -> client.get("/v1/machines/%00")).getCause());
    }
}
