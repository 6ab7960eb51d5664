package eu.mikelangelo.system.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.system.Host;
import eu.mikelangelo.system.Mike;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The same with QEMU 7.2, 10.0 and 11.1: machines boot, serve, exchange data and keep a connection while the plane is
 * killed. What this system has not is fetched into build/peers, or the test says why it could not.
 */
@Tag("system")
@Timeout(value = 15, unit = TimeUnit.MINUTES)
class OtherQemusTest {
    private static final String APPLICATION = "proof/system/src/test/resources/apps/transfer";
    private static final int BYTES = 20_000_000;
    private static final int LINES = 100;

    @ParameterizedTest(name = "QEMU {0}")
    @CsvSource({"7.2, bookworm", "10.0, bookworm-backports", "11.1, forky"})
    void machinesServeTalkAndSurviveThePlane(String version, String suite) throws Exception {
        String qemu = qemu(version, suite);
        try (Mike mike = new Mike("main").with("MIKE_QEMU", qemu)) {
            mike.stop();   // an agent keeps the environment that it was started with
            int port = Mike.freePort();
            mike.run("run", "-d", "--name", "cache", "--wait", "120", "memcached", "-p", port + ":11211").ok();
            mike.run("run", "-d", "--name", "left", APPLICATION).ok();
            mike.run("run", "-d", "--name", "right", APPLICATION).ok();
            String line = mike.inspect("left").get("qemu").toString();
            assertTrue(line.contains(Path.of(qemu).getParent() + "/"), line);
            Host.answers(port, Duration.ofSeconds(60));
            transfers(mike, "left", "right");
            transfers(mike, "right", "left");
            aConnectionSurvivesThePlane(mike);
            Host.answers(port, Duration.ofSeconds(60));
        }
    }

    /** This system's own where it is that version, else Debian's of that suite. */
    private static String qemu(String version, String suite) throws IOException, InterruptedException {
        String own = said("sh", "-c", "command -v qemu-system-x86_64 && qemu-system-x86_64 --version");
        if (own.contains("version " + version + ".")) {
            return own.lines().findFirst().orElseThrow();
        }
        Process fetch = new ProcessBuilder("bash", "scripts/qemu-from-debian.sh", suite).directory(Mike.ROOT.toFile())
                .redirectErrorStream(false).start();
        fetch.getOutputStream().close();
        String path = new String(fetch.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        String why = new String(fetch.getErrorStream().readAllBytes(), StandardCharsets.UTF_8).strip();
        Assumptions.assumeTrue(fetch.waitFor() == 0, () -> "skipped: " + why);
        String fetched = said(path, "--version");
        Assumptions.assumeTrue(fetched.contains("version " + version + "."),
                () -> "skipped: Debian's " + suite + " has no QEMU " + version + " any more: " + fetched);
        return path;
    }

    private static String said(String... words) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(words).redirectErrorStream(true).start();
        process.getOutputStream().close();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        process.waitFor();
        return said;
    }

    private static void transfers(Mike mike, String from, String to) throws InterruptedException {
        String stream = "seq 1 7000000 | head -c " + BYTES;
        guest(mike, to, "nc -l -p 9000 < /dev/null > /tmp/got 2> /dev/null &");
        send(mike, from, stream + " | nc -N " + address(mike, to) + " 9000");
        Host.await(() -> guest(mike, to, "wc -c < /tmp/got").strip().equals(Integer.toString(BYTES)),
                "not all bytes arrived");
        assertEquals(guest(mike, from, stream + " | sha256sum"), guest(mike, to, "sha256sum < /tmp/got"));
    }

    private static void aConnectionSurvivesThePlane(Mike mike) throws InterruptedException {
        String left = address(mike, "left") + " 9001";
        guest(mike, "left", "nc -k -l -p 9001 < /dev/null > /tmp/lines 2> /dev/null &");
        guest(mike, "right", "(until nc -z " + left + "; do sleep 0.2; done; i=0; while [ $i -lt " + LINES
                + " ]; do i=$((i+1)); echo $i; sleep 0.05; done | nc -N " + left + ") < /dev/null > /tmp/said 2>&1 &");
        Host.await(() -> lines(mike) >= 5, "no connection before the plane's death");
        assertTrue(mike.kill("plane"));
        mike.awaitRunning("plane");
        Host.await(() -> lines(mike) >= LINES, "the connection did not survive");
        assertEquals(IntStream.rangeClosed(1, LINES).mapToObj(i -> i + "\n").collect(Collectors.joining()),
                guest(mike, "left", "cat /tmp/lines"));
    }

    private static long lines(Mike mike) {
        return guest(mike, "left", "cat /tmp/lines").lines().count();
    }

    private static String address(Mike mike, String machine) {
        return mike.inspect(machine).get("address").asString();
    }

    private static String guest(Mike mike, String machine, String script) {
        return mike.run("exec", machine, "/bin/sh", "-c", script).ok().out();
    }

    /** The receiver may need a moment to listen. */
    private static void send(Mike mike, String from, String command) throws InterruptedException {
        for (int tries = 0; mike.run("exec", from, "/bin/sh", "-c", command).code() != 0; tries++) {
            assertTrue(tries < 20, "no connection from " + from);
            Thread.sleep(300);
        }
    }
}
