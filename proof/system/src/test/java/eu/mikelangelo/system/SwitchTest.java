package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.security.MessageDigest;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Two machines and the switch between them; agent and plane are killed under their traffic. */
@Tag("boot")
class SwitchTest {
    private static final Mike MIKE = new Mike("main");
    private static final String APPLICATION = "proof/system/src/test/resources/apps/transfer";
    private static String left;

    @BeforeAll
    static void start() {
        MIKE.run("run", "-d", "--name", "left", APPLICATION).ok();
        MIKE.run("run", "-d", "--name", "right", APPLICATION).ok();
        left = MIKE.inspect("left").get("address").asString();
    }

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void fiftyMegabytesArriveUnchanged() throws Exception {
        byte[] sample = new byte[50_000_000];
        StringBuilder block = new StringBuilder();
        long number = 1;
        int at = 0;
        while (at < sample.length) {
            block.setLength(0);
            block.append(number++).append('\n');
            for (int i = 0; i < block.length() && at < sample.length; i++) {
                sample[at++] = (byte) block.charAt(i);
            }
        }
        String expected = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(sample));
        Process receiver = MIKE.start("exec", "left", "/bin/sh", "-c", "nc -l -p 9000 | sha256sum");
        Mike.Drain out = new Mike.Drain(receiver.getInputStream());
        sendUntilConnected("seq 1 7000000 | head -c 50000000 | nc -N " + left + " 9000");
        assertEquals(0, receiver.waitFor());
        assertEquals(expected, out.text().split(" ")[0]);
        long frames = MIKE.inspect("left").get("io").get("rxFrames").asLong();
        assertTrue(frames >= 50_000_000 / 65_536, frames + " frames counted by the plane");
    }

    @Test
    void agentThenPlaneAreKilledUnderTrafficAndTheConnectionSurvives() throws Exception {
        guest("left", "nc -l -p 9001 < /dev/null > /tmp/got 2>&1 &");
        guest("right", "(sleep 1; i=0; while [ $i -lt 300 ]; do i=$((i+1)); echo $i; sleep 0.05; done) < /dev/null"
                + " 2>&1 | nc -N " + left + " 9001 > /tmp/said 2>&1 &");
        awaitLines(5, Duration.ofSeconds(30));
        List<Long> machines = List.of(pid("left"), pid("right"));
        assertTrue(MIKE.kill("agent"));
        Thread.sleep(1_500);
        assertTrue(MIKE.kill("plane"));
        Thread.sleep(3_000);
        long soon = lines();
        Thread.sleep(1_000);
        assertTrue(lines() > soon, "no line arrived between 3 s and 4 s after the plane's death: " + soon);
        assertEquals(machines, List.of(pid("left"), pid("right")), "a machine died");
        awaitLines(300, Duration.ofSeconds(60));
        String expected = IntStream.rangeClosed(1, 300).mapToObj(i -> i + "\n").collect(Collectors.joining());
        assertEquals(expected, guest("left", "cat /tmp/got"));
    }

    private static void awaitLines(int count, Duration limit) throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        while (lines() < count) {
            assertTrue(System.nanoTime() < deadline, "only " + lines() + " of " + count + " lines arrived: "
                    + guest("right", "cat /tmp/said"));
            Thread.sleep(200);
        }
    }

    private static long lines() {
        return guest("left", "cat /tmp/got").lines().count();
    }

    private static long pid(String machine) {
        return MIKE.inspect(machine).get("pid").asLong();
    }

    private static String guest(String machine, String script) {
        return MIKE.run("exec", machine, "/bin/sh", "-c", script).ok().out();
    }

    /** The receiver may need a moment to listen: a refused connection is tried again, bounded. */
    private static void sendUntilConnected(String command) throws InterruptedException {
        Mike.Result result = null;
        for (int i = 0; i < 20; i++) {
            result = MIKE.run("exec", "right", "/bin/sh", "-c", command);
            if (!result.err().contains("refused") && result.code() == 0) {
                return;
            }
            Thread.sleep(300);
        }
        throw new AssertionError("could not send: " + result);
    }
}
