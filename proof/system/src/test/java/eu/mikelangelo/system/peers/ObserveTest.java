package eu.mikelangelo.system.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.system.Host;
import eu.mikelangelo.system.Mike;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** What an operator sees of a machine's traffic: the same in every form, and the frames themselves. */
@Tag("boot")
class ObserveTest {
    private static final Mike MIKE = new Mike("main");
    private static final int ASKED = 20;
    private static final Pattern SAMPLE = Pattern.compile(
            "mike_port_(?:receive|transmit)_packets_total\\{[^}]*\"seen\"[^}]*} (\\d+)");
    private static int port;

    @TempDir
    Path folder;

    @BeforeAll
    static void start() throws Exception {
        port = Mike.freePort();
        MIKE.run("run", "-d", "--name", "seen", "memcached", "-p", port + ":11211").ok();
        Host.answers(port, Duration.ofSeconds(30));
    }

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void everyFormTellsOfTheSameFrames() throws Exception {
        long before = frames(MIKE.run("io", "stats", "seen", "--json").json());
        for (int i = 0; i < ASKED; i++) {
            assertTrue(Host.talk(port, "version\r\nquit\r\n").startsWith("VERSION"));
        }
        JsonNode stats = MIKE.run("io", "stats", "seen", "--json").json();
        JsonNode of = stats.get("ports").get(0);
        assertEquals("seen", of.get("name").asString());
        // A SYN, an ACK, the question and a FIN each.
        assertTrue(frames(stats) >= before + 4 * ASKED, of.toString());
        long queues = 0;
        for (JsonNode queue : of.get("queues")) {
            queues += queue.get("frames").asLong();
        }
        assertEquals(of.get("rxFrames").asLong() + of.get("txFrames").asLong(), queues, of.toString());
        assertTrue(of.get("latency").get("p99Ns").asLong() > 0, of.toString());
        assertTrue(stats.get("cores").get(0).get("frames").asLong() > 0, stats.toString());

        String text = MIKE.run("io", "stats", "--prometheus").ok().out();
        assertTrue(counted(text) >= frames(stats), text);
        assertTrue(MIKE.run("io", "stats").ok().out().contains("\nseen "));
        List<String> top = MIKE.run("io", "top", "--once").ok().out().lines().toList();
        assertTrue(top.getFirst().startsWith("1 port  rx "), top.toString());
        assertTrue(top.getLast().startsWith("seen "), top.toString());
    }

    private static long frames(JsonNode stats) {
        JsonNode of = stats.get("ports").get(0);
        return of.get("rxFrames").asLong() + of.get("txFrames").asLong();
    }

    /** Frames of all its queues. */
    private static long counted(String prometheus) {
        long sum = 0;
        for (String line : prometheus.lines().toList()) {
            Matcher matcher = SAMPLE.matcher(line);
            sum += matcher.matches() ? Long.parseLong(matcher.group(1)) : 0;
        }
        return sum;
    }

    /** Its connections are in the file: read back by a program that is not ours. */
    @Test
    void aCaptureIsReadByOthers() throws Exception {
        List<String> reader = reader();
        Path file = folder.resolve("seen.pcap");
        Process capture = MIKE.start("net", "capture", "seen", "-w", file.toString());
        Mike.Drain said = new Mike.Drain(capture.getErrorStream());
        try {
            // It has begun when a frame is there.
            Host.await(() -> talks() && Files.exists(file) && file.toFile().length() > 100, "nothing was captured");
            for (int i = 0; i < ASKED; i++) {
                talks();
            }
        } finally {
            capture.toHandle().destroy();
        }
        capture.waitFor();
        assertTrue(said.text().contains(" frames, "), said.text());
        List<String> command = Stream.concat(reader.stream(), Stream.of(file.toString())).toList();
        Process read = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.DISCARD).start();
        String lines = new String(read.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, read.waitFor(), lines);
        String address = MIKE.inspect("seen").get("address").asString();
        assertTrue(lines.lines().filter(line -> line.contains(address) && line.contains("11211")).count() >= 4 * ASKED,
                lines);
    }

    private static boolean talks() {
        try {
            return Host.talk(port, "version\r\nquit\r\n").startsWith("VERSION");
        } catch (IOException e) {
            return false;
        }
    }

    private static List<String> reader() {
        for (List<String> reader : List.of(List.of("tshark", "-n", "-r"), List.of("tcpdump", "-n", "-r"))) {
            for (String place : (System.getenv("PATH") + ":/usr/sbin").split(":")) {
                if (Files.isExecutable(Path.of(place, reader.getFirst()))) {
                    return Stream.concat(Stream.of(Path.of(place, reader.getFirst()).toString()),
                            reader.stream().skip(1)).toList();
                }
            }
        }
        Assumptions.abort("skipped: neither tshark nor tcpdump is installed");
        return List.of();
    }
}
