package eu.mikelangelo.shard.tutorial;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.limits.Permits;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Together;
import eu.mikelangelo.shard.io.Server;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;

/** The guide's programs run, and the guide shows what is run. */
class TutorialTest {
    private static final Path HERE = Path.of("src/test/java/eu/mikelangelo/shard/tutorial");
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);

    private static Host host() {
        return Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true));
    }

    /** Each block of Java in the guide stands, but for its indentation, in one of this folder's files. */
    @Test
    void theGuideShowsWhatIsTested() throws IOException {
        StringBuilder code = new StringBuilder();
        try (var files = Files.newDirectoryStream(HERE, "*.java")) {
            for (Path file : files) {
                code.append(flat(Files.readString(file)));
            }
        }
        List<String> blocks = Pattern.compile("(?s)```java\n(.*?)```").matcher(Files.readString(Path.of("README.md")))
                .results().map((MatchResult r) -> r.group(1)).toList();
        assertTrue(blocks.size() >= 5, "the guide has " + blocks.size() + " blocks of Java");
        for (String block : blocks) {
            assertTrue(code.indexOf(flat(block)) >= 0, "not tested: " + block);
        }
    }

    private static String flat(String text) {
        return text.lines().map(String::strip).filter(line -> !line.isEmpty()).reduce("", (a, b) -> a + b + "\n");
    }

    @Test
    void countingWords() {
        PrintStream before = System.out;
        ByteArrayOutputStream said = new ByteArrayOutputStream();
        System.setOut(new PrintStream(said, true, StandardCharsets.UTF_8));
        try {
            Counting.main("to be or not to be".split(" "));
        } finally {
            System.setOut(before);
        }
        assertEquals("6 words, of them different: 4\n", said.toString(StandardCharsets.UTF_8));
    }

    @Test
    void echo() throws IOException {
        try (Host host = host()) {
            Sharded<Echo> echoes = host.spread(shard -> new Echo(shard, ANY));
            int port = host.run(() -> echoes.here().port());
            assertEquals("hello", ask(port, "hello"));
        }
    }

    @Test
    void capitals() throws IOException {
        try (Host host = host()) {
            Lane lane = host.lane("clients", 800);
            Server server = Server.start(host, ANY, lane, client -> new Upper());
            assertEquals("HELLO, 1", ask(server.port(), "Hello, 1"));
            assertEquals("X".repeat(100_000), ask(server.port(), "x".repeat(100_000)));
        }
    }

    private static String ask(int port, String text) throws IOException {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            Thread.ofVirtual().start(() -> {
                try {
                    socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
                } catch (IOException gone) {
                    throw new java.io.UncheckedIOException(gone);
                }
            });
            return new String(socket.getInputStream().readNBytes(text.length()), StandardCharsets.US_ASCII);
        }
    }

    @Test
    void together() {
        try (Host host = host()) {
            assertEquals("left right", host.run(() -> {
                try (Together both = new Together()) {
                    Fiber<String> left = both.fork(() -> "left");
                    Fiber<String> right = both.fork(() -> {
                        Fiber.sleepNs(1_000_000);
                        return "right";
                    });
                    both.join();
                    return left.value() + " " + right.value();
                }
            }));
        }
    }

    @Test
    @SuppressWarnings("try") // permits are used by being held
    void deadlinesAndLimits() {
        try (Host host = host()) {
            host.run(() -> {
                Permits atOnce = new Permits(10);
                try (Permits.Units three = atOnce.acquire(3)) {
                    assertEquals(7, atOnce.free());
                }
                assertThrows(Context.Ended.class, () -> Context.within(1_000_000, () -> {
                    Fiber.sleepNs(60_000_000_000L);
                    return "never";
                }));
                return null;
            });
        }
    }

    @Test
    void lanes() {
        try (Host host = host()) {
            Lane clients = host.lane("clients", 900);
            Lane cleaning = host.lane("cleaning", 100);
            List<String> done = new ArrayList<>();
            host.run(() -> {
                Fiber<?> slow = Shard.current().fiber(cleaning, () -> {
                    for (int i = 0; i < 3; i++) {
                        done.add("cleaned");
                        Fiber.yieldNow();
                    }
                    return null;
                });
                Fiber<?> quick = Shard.current().fiber(clients, () -> done.add("served"));
                quick.await();
                slow.await();
                return null;
            });
            assertEquals(4, done.size());
        }
    }
}
