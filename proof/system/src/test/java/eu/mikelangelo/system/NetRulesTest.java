package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Rules of network cards between real guests: who reaches whom, how fast, and the same under another plane. */
@Tag("boot")
class NetRulesTest {
    private static final Mike MIKE = new Mike("main");
    private static final String APPLICATION = "proof/system/src/test/resources/apps/transfer";
    private static final int BYTES = 3_000_000;

    @BeforeAll
    static void start() {
        MIKE.run("run", "-d", "--name", "limited", "--net", "vlan=10,rate=8M", APPLICATION).ok();
        MIKE.run("run", "-d", "--name", "same", "--net", "vlan=10", APPLICATION).ok();
        MIKE.run("run", "-d", "--name", "stranger", APPLICATION).ok();
    }

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void aVlanIsALimitedNetworkOfItsOwnAlsoUnderTheNextPlane() throws Exception {
        String same = MIKE.inspect("same").get("address").asString();
        assertEquals("vlan=10,rate=8M", MIKE.inspect("limited").get("net").asString());
        passes(same);
        MIKE.kill("plane");
        MIKE.awaitRunning("plane");
        passes(same);
    }

    private static void passes(String to) throws Exception {
        guest("same", "nc -l -p 9000 < /dev/null > /tmp/got 2> /dev/null &");
        Mike.Result refused = MIKE.run("exec", "stranger", "/bin/sh", "-c", "echo no | nc -w 3 -N " + to + " 9000");
        assertNotEquals(0, refused.code(), "a machine that is not in the VLAN reached one");
        long before = framesOfStranger();
        long start = System.nanoTime();
        for (int tries = 0; MIKE.run("exec", "limited", "/bin/sh", "-c",
                "seq 1 7000000 | head -c " + BYTES + " | nc -w 20 -N " + to + " 9000").code() != 0; tries++) {
            assertTrue(tries < 20, "no connection within the VLAN");
            Thread.sleep(300);
        }
        Host.await(() -> guest("same", "wc -c < /tmp/got").strip().equals(Integer.toString(BYTES)), "not all arrived");
        // A byte a microsecond, but for what may pass at once.
        Duration took = Duration.ofNanos(System.nanoTime() - start);
        assertTrue(took.toMillis() >= BYTES / 1000 - 200, took + " for " + BYTES + " bytes at 8 Mbit/s");
        // A plane that is new tells it where its gateway is; what is not for it are thousands of frames.
        assertTrue(framesOfStranger() - before < 10, "something was flooded to it");
    }

    private static long framesOfStranger() {
        return MIKE.inspect("stranger").get("io").get("rxFrames").asLong();
    }

    @Test
    void rulesThatCannotBeAreRefusedBeforeAnythingIsMade() {
        for (List<String> bad : List.of(List.of("vlan=0", "a VLAN is 1 to 4094"), List.of("rate=8Q", "500k, 10M"),
                List.of("trunk=3", "io serve"), List.of("speed=3", "rate=BITS"))) {
            MIKE.refused(65, List.of(bad.getLast()), "run", "-d", "--net", bad.getFirst(), APPLICATION);
        }
        assertEquals(3, MIKE.run("ps", "-a", "--json").json().size());
    }

    private static String guest(String machine, String script) {
        return MIKE.run("exec", machine, "/bin/sh", "-c", script).ok().out();
    }
}
