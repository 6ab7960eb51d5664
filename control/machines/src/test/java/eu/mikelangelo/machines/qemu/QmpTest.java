package eu.mikelangelo.machines.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a QEMU that misbehaves may say: the other end here is a script. A real QEMU is in QemuBootTest. */
@Timeout(60)
class QmpTest {
    private static final String GREETING = "{\"QMP\":{\"version\":{},\"capabilities\":[\"oob\"]}}\r\n";
    private static final Duration PATIENCE = Duration.ofMillis(1500);

    @TempDir
    Path folder;

    /** One connection; answers each line it gets by the script. */
    private interface Script {
        void serve(SocketChannel peer, BufferedReader lines) throws IOException;
    }

    private Path serve(Script script) throws IOException {
        Path socket = folder.resolve("q" + System.nanoTime());
        ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        server.bind(UnixDomainSocketAddress.of(socket));
        Thread.ofVirtual().start(() -> {
            try (server; SocketChannel peer = server.accept()) {
                script.serve(peer, new BufferedReader(
                        new InputStreamReader(Channels.newInputStream(peer), StandardCharsets.UTF_8)));
            } catch (IOException e) {
                // The client left.
            }
        });
        return socket;
    }

    private static void say(SocketChannel peer, String text) throws IOException {
        ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            peer.write(bytes);
        }
    }

    private static String id(String line) {
        return line.replaceAll(".*\"id\":\"(m\\d+)\".*", "$1");
    }

    /** Greets, agrees to capabilities, then goes on. */
    private Path polite(Script then) throws IOException {
        return serve((peer, lines) -> {
            say(peer, GREETING);
            say(peer, "{\"return\":{},\"id\":\"" + id(lines.readLine()) + "\"}\n");
            then.serve(peer, lines);
        });
    }

    @Test
    void matchesAnswersByIdAndPassesEventsOn() throws Exception {
        BlockingQueue<Qmp.Event> events = new LinkedBlockingQueue<>();
        Path socket = polite((peer, lines) -> {
            String id = id(lines.readLine());
            say(peer, "{\"event\":\"STOP\",\"data\":{\"a\":1}}\n{\"return\":{\"status\":\"old\"},\"id\":\"m0\"}\n"
                    + "{\"return\":{\"status\":\"paused\",\"running\":false},\"id\":\"" + id + "\"}\n");
            lines.readLine();
        });
        try (Qmp qmp = Qmp.connect(socket, PATIENCE, events::add)) {
            assertEquals(new Qmp.Status("paused", false), qmp.queryStatus());
            Qmp.Event event = events.poll(5, TimeUnit.SECONDS);
            assertEquals("STOP", event.name());
            assertEquals(1, event.data().path("a").asInt());
        }
    }

    @Test
    void turnsARefusalIntoAFailure() throws Exception {
        Path socket = polite((peer, lines) -> {
            say(peer, "{\"error\":{\"class\":\"GenericError\",\"desc\":\"no such thing\"},\"id\":\""
                    + id(lines.readLine()) + "\"}\n");
            lines.readLine();
        });
        try (Qmp qmp = Qmp.connect(socket, PATIENCE, event -> { })) {
            Failure failure = assertThrows(Failure.class, () -> qmp.execute("nonsense"));
            assertTrue(failure.getMessage().contains("no such thing"), failure.getMessage());
        }
    }

    @Test
    void givesUpOnSilence() throws Exception {
        Path silent = serve((peer, lines) -> lines.readLine());
        IOException late = assertThrows(IOException.class,
                () -> Qmp.connect(silent, Duration.ofMillis(200), event -> { }));
        assertTrue(late.getMessage().contains("greeting"), late.getMessage());
    }

    @Test
    void quitIsFineWhenTheConnectionGoesFirst() throws Exception {
        Path socket = polite((peer, lines) -> lines.readLine());
        try (Qmp qmp = Qmp.connect(socket, PATIENCE, event -> { })) {
            qmp.quit();
            qmp.onClose().get(5, TimeUnit.SECONDS);
            assertThrows(IOException.class, qmp::queryStatus);
        }
    }

    @Test
    void endsOnALineWithoutEnd() throws Exception {
        Path socket = polite((peer, lines) -> {
            String chunk = "x".repeat(64 * 1024);
            for (int i = 0; i <= Qmp.MOST_LINE_BYTES / chunk.length(); i++) {
                say(peer, chunk);
            }
            lines.readLine();
        });
        try (Qmp qmp = Qmp.connect(socket, PATIENCE, event -> { })) {
            qmp.onClose().get(20, TimeUnit.SECONDS);
        }
    }

    @Test
    void endsOnDeepNesting() throws Exception {
        Path socket = polite((peer, lines) -> {
            say(peer, "[".repeat(Qmp.MOST_NESTING + 10) + "\n");
            lines.readLine();
        });
        try (Qmp qmp = Qmp.connect(socket, PATIENCE, event -> { })) {
            qmp.onClose().get(20, TimeUnit.SECONDS);
        }
    }

    /** Mutated answers: whatever comes, a command ends with an answer or an exception in time. */
    @Test
    void survivesRandomAnswers() throws Exception {
        Random random = new Random(7);
        for (int round = 0; round < 60; round++) {
            byte[] noise = noise(random);
            Path socket = polite((peer, lines) -> {
                String id = id(lines.readLine());
                peer.write(ByteBuffer.wrap(noise));
                say(peer, "\n{\"return\":{\"status\":\"running\"},\"id\":\"" + id + "\"}\n");
                lines.readLine();
            });
            List<Qmp.Event> events = new ArrayList<>();
            try (Qmp qmp = Qmp.connect(socket, PATIENCE, events::add)) {
                try {
                    assertEquals("running", qmp.queryStatus().status());
                } catch (IOException expected) {
                    assertTrue(qmp.onClose().isDone(), "an answer may only be missing when the connection ended");
                }
            }
        }
    }

    private static byte[] noise(Random random) {
        byte[] text = "{\"event\":\"RESET\",\"data\":[1,{\"x\":null}],\"id\":\"m9\",\"return\":\"\\u00e4\"}"
                .getBytes(StandardCharsets.UTF_8);
        for (int i = random.nextInt(4); i > 0; i--) {
            text[random.nextInt(text.length)] = (byte) random.nextInt(256);
        }
        return text;
    }
}
