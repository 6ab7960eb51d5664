package eu.mikelangelo.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.agent.api.Launch;
import eu.mikelangelo.base.Home;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** {@code mike io stats}, {@code mike io top --once} and {@code mike net capture} against canned answers. */
@Timeout(60)
class IoCommandsTest {
    private static final String STATS = "GET /v1/io/stats";
    @TempDir
    Path folder;
    private FakeAgent agent;
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();
    private final ByteArrayOutputStream err = new ByteArrayOutputStream();
    private boolean terminal;

    @BeforeEach
    void open() throws Exception {
        agent = new FakeAgent(folder.resolve("agent.sock"));
        answer(STATS, stats(1));
        answer(STATS + "?port=web", stats(1));
    }

    @AfterEach
    void close() throws Exception {
        agent.close();
    }

    private void answer(String what, String json) {
        agent.answers.put(what, FakeAgent.Answer.of(json));
    }

    private int mike(String... args) {
        out.reset();
        err.reset();
        return Main.run(new Context(new PrintStream(out, true, StandardCharsets.UTF_8),
                new PrintStream(err, true, StandardCharsets.UTF_8), java.io.InputStream.nullInputStream(),
                Map.of("HOME", "/home/me"), folder, new Launch(folder, new Home(folder, folder.resolve("run"))), agent,
                new Context.Tty(false, terminal, false)), args);
    }

    private String all(String... args) {
        int code = mike(args);
        return "exit code " + code + "\n--- out\n" + out.toString(StandardCharsets.UTF_8) + "--- err\n"
                + err.toString(StandardCharsets.UTF_8);
    }

    /** A plane after so many seconds of the same work. */
    static String stats(long seconds) {
        return "{\"state\":\"up\",\"pid\":4711,\"timeNs\":" + seconds * 1_000_000_000L + ",\"cores\":[{\"cpu\":3,"
                + "\"ports\":3,\"upNs\":" + seconds * 1_000_000_000L + ",\"turns\":" + seconds * 1_250_000
                + ",\"emptyTurns\":" + seconds * 1_200_000 + ",\"frames\":" + seconds * 500_000 + ",\"busyNs\":"
                + seconds * 432_000_000 + ",\"sleeps\":" + seconds * 120 + ",\"asleepNs\":" + seconds * 81_000_000
                + "}],\"ports\":[" + port("web", seconds, 400_000, 32, 12) + "," + port("db", seconds, 90_500, 1, 0)
                + "," + port("a-machine-with-a-long-name", seconds, 0, 1, 0) + "]}";
    }

    private static String port(String name, long seconds, long rate, long batch, long drops) {
        long frames = seconds * rate;
        String reasons = drops == 0 ? "{}" : "{\"noBuffers\":" + seconds * (drops - 2) + ",\"tooLong\":" + seconds * 2
                + "}";
        return "{\"name\":\"" + name + "\",\"connected\":" + (rate > 0) + ",\"ringsRunning\":" + (rate > 0 ? 2 : 0)
                + ",\"uplinkConnected\":" + (rate > 0) + ",\"uplinkConnects\":1,\"uplinkBadFrames\":0,\"rxFrames\":"
                + frames + ",\"txFrames\":" + frames / 2 + ",\"rxBytes\":" + frames * 1000 + ",\"txBytes\":"
                + frames * 32 + ",\"capturedFrames\":0,\"captureLost\":" + drops + ",\"drops\":" + seconds * drops
                + ",\"dropReasons\":" + reasons + ",\"queues\":[" + queue("rx0", frames, frames * 1000, batch,
                seconds * drops, reasons) + "," + queue("tx0", frames / 2, frames * 32, batch, 0, "{}")
                + "],\"latency\":{\"count\":" + frames / batch + ",\"sumNs\":" + frames / batch * 900
                + ",\"maxNs\":1234567,\"p50Ns\":700,\"p99Ns\":8000,\"firstNs\":128,\"counts\":[0,0,0,"
                + frames / batch * 9 / 10 + "," + (frames / batch - frames / batch * 9 / 10) + ",0,0]}"
                + (rate == 0 ? ",\"lastError\":\"connect: ENOENT\"" : "") + "}";
    }

    private static String queue(String name, long frames, long bytes, long batch, long drops, String reasons) {
        return "{\"name\":\"" + name + "\",\"frames\":" + frames + ",\"bytes\":" + bytes + ",\"bursts\":"
                + frames / batch + ",\"kicks\":" + frames / batch / 10 + ",\"calls\":" + frames / batch / 4
                + ",\"callsSuppressed\":" + (frames / batch - frames / batch / 4) + ",\"depthSum\":" + frames
                + ",\"depthMax\":" + batch + ",\"drops\":" + drops + ",\"dropReasons\":" + reasons + "}";
    }

    @Test
    void statsAsATableAsJsonAndForPrometheus() throws Exception {
        Golden.check("io-stats", all("io", "stats"));
        assertEquals(0, mike("io", "stats", "web", "--json"));
        assertEquals(4711, Json.object(out.toString()).integer("pid", 0));
        Golden.check("io-stats-prometheus", all("io", "stats", "--prometheus"));
        answer(STATS, "{\"state\":\"down\",\"cores\":[],\"ports\":[]}");
        Golden.check("io-stats-down", all("io", "stats"));
    }

    @Test
    void topIsPrintedOnceWhereThereIsNoTerminal() throws Exception {
        AtomicInteger looks = new AtomicInteger();
        agent.before.put(STATS, () -> {
            answer(STATS, stats(looks.incrementAndGet()));
            return null;
        });
        Golden.check("io-top", all("io", "top"));
        assertEquals(2, looks.get());
        Golden.check("io-top-by-name", all("io", "top", "--once", "--sort", "name"));
        Golden.check("io-top-bad-sort", all("io", "top", "--sort", "size"));
        assertEquals(65, mike("io", "top", "--interval", "0"));
    }

    private static byte[] pcap(int frames) {
        ByteBuffer bytes = ByteBuffer.allocate(24 + frames * (16 + 60)).order(ByteOrder.LITTLE_ENDIAN);
        bytes.putInt(0xa1b23c4d).putShort((short) 2).putShort((short) 4).putInt(0).putInt(0).putInt(65_550).putInt(1);
        for (int i = 0; i < frames; i++) {
            bytes.putInt(1_700_000_000).putInt(i).putInt(60).putInt(1514).put(new byte[60]);
        }
        return bytes.array();
    }

    @Test
    void aCaptureGoesToItsFile() throws Exception {
        byte[] pcap = pcap(3);
        agent.answers.put("GET /v1/io/ports/web/capture?snap=65597&frames=3&seconds=0",
                new FakeAgent.Answer(200, pcap));
        Golden.check("net-capture", all("net", "capture", "web", "-w", "web.pcap", "--count", "3"));
        Path file = folder.resolve("web.pcap");
        assertArrayEquals(pcap, Files.readAllBytes(file));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(0, mike("net", "capture", "web", "--count", "3"));
        assertArrayEquals(pcap, out.toByteArray());
        terminal = true;
        Golden.check("net-capture-terminal", all("net", "capture", "web"));
        assertEquals(65, mike("net", "capture", "web", "-w", "x", "--bytes", "0"));
    }

    @Test
    void lostFramesAreTold() throws Exception {
        agent.answers.put("GET /v1/io/ports/web/capture?snap=96&frames=0&seconds=5",
                new FakeAgent.Answer(200, pcap(1)));
        String lost = stats(1).replace("\"captureLost\":12", "\"captureLost\":112");
        agent.amid.put("GET /v1/io/ports/web/capture?snap=96&frames=0&seconds=5", () -> {
            answer(STATS + "?port=web", lost);
            return null;
        });
        Golden.check("net-capture-lost", all("net", "capture", "web", "-w", "web.pcap", "--bytes", "96", "--seconds",
                "5"));
    }

    /** Of what breaks off the whole frames stay, and the exit code tells. */
    @Test
    void aCaptureThatCannotBeLeavesNoFile() throws Exception {
        Golden.check("net-capture-unknown", all("net", "capture", "nobody", "-w", "nobody.pcap"));
        assertFalse(Files.exists(folder.resolve("nobody.pcap")));
        byte[] cut = java.util.Arrays.copyOf(pcap(3), 24 + 2 * 76 + 30);
        agent.answers.put("GET /v1/io/ports/web/capture?snap=65597&frames=0&seconds=0", new FakeAgent.Answer(200, cut));
        assertEquals(0, mike("net", "capture", "web", "-w", "cut.pcap"));
        assertEquals(24 + 2 * 76, Files.size(folder.resolve("cut.pcap")), "whole frames only");
        assertTrue(err.toString().contains("2 frames"), err.toString());
    }

    @Test
    void aPlaneInTheForegroundThatIsNotThere() throws Exception {
        assertEquals(69, mike("io", "stats", "--control", "absent.sock"));
        assertTrue(err.toString().contains("no plane answers at " + folder.resolve("absent.sock")), err.toString());
        assertEquals(69, mike("net", "capture", "net0", "-w", "x.pcap", "--control", "absent.sock"));
        assertFalse(Files.exists(folder.resolve("x.pcap")));
    }
}
