package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * kill -9 of the plane, again and again, under one TCP connection between two machines: it stays up, all bytes arrive
 * unchanged, and it goes on soon after the next plane has started. Settings: {@code -Dmike.kills=N} (200),
 * {@code -Dmike.kill.seed=N} (the clock's; it is printed).
 */
class PlaneKillTest {
    private static final String APPLICATION = "proof/system/src/test/resources/apps/transfer";
    private static final long SEED = Long.getLong("mike.kill.seed", System.nanoTime() & 0xffff_ffffL);
    private static final int SHORT = 10;
    /** From when the stream flows again: progress resets TCP's back-off, as it does between real kills. */
    private static final int LEAST_SPACING_MILLIS = 1_000;
    private static final int MORE_SPACING_MILLIS = 1_000;
    private static final int MOST_MEDIAN_MILLIS = 500;
    private static final int MOST_MILLIS = 2_000;
    /** Until {@code /tmp/stop} exists: a line with a number, and a block of noise; some MB/s, so that guests rest. */
    private static final String SENDER = """
            head -c 32768 /dev/urandom > /tmp/block; mkfifo /tmp/copy; md5sum < /tmp/copy > /tmp/sum &
            i=0; while [ ! -e /tmp/stop ]; do i=$((i+1)); echo block $i; cat /tmp/block; sleep 0.01; done \
            | tee /tmp/copy | nc -N %s 9100 > /tmp/said 2>&1; echo $? > /tmp/code; wait; echo > /tmp/over
            """;
    private static final String RECEIVER = """
            mkfifo /tmp/copy; md5sum < /tmp/copy > /tmp/sum &
            nc -l -p 9100 < /dev/null 2> /tmp/said > /tmp/copy; echo $? > /tmp/code; wait; echo > /tmp/over
            """;
    private final Mike mike = new Mike("main");
    private final Random random = new Random(SEED);

    @BeforeEach
    void start() {
        mike.run("run", "-d", "--name", "left", APPLICATION).ok();
        mike.run("run", "-d", "--name", "right", APPLICATION).ok();
        background("left", RECEIVER);
        background("right", SENDER.formatted(mike.inspect("left").get("address").asString()));
    }

    @AfterEach
    void stop() {
        mike.close();
    }

    @Test
    @Tag("system")
    void aConnectionSurvivesAFewKillsOfThePlane() throws Exception {
        survives(Math.min(SHORT, Integer.getInteger("mike.kills", SHORT)));
    }

    @Test
    @Tag("soak")
    void aConnectionSurvivesTwoHundredKillsOfThePlane() throws Exception {
        survives(Integer.getInteger("mike.kills", 200));
    }

    private void survives(int kills) throws Exception {
        System.out.println("plane kills: " + kills + ", seed " + SEED);
        List<Long> machines = List.of(machine("left"), machine("right"));
        Resumption resumption = new Resumption(mike, "left", "right");
        resumption.awaitFlow();
        for (int i = 0; i < kills; i++) {
            Thread.sleep(LEAST_SPACING_MILLIS + random.nextInt(MORE_SPACING_MILLIS));
            resumption.killAndAwaitFlow();
        }
        resumption.close();
        guest("right", "echo > /tmp/stop");
        for (String machine : List.of("left", "right")) {
            awaitOver(machine);
            assertEquals("0\n", guest(machine, "cat /tmp/said /tmp/code"), "nc in " + machine + " was cut off");
        }
        assertEquals(guest("right", "cat /tmp/sum"), guest("left", "cat /tmp/sum"), "bytes changed on the way");
        assertEquals(machines, List.of(machine("left"), machine("right")), "a machine was lost");
        System.out.println(resumption.summary());
        assertTrue(resumption.medianMillis() <= MOST_MEDIAN_MILLIS, resumption::summary);
        assertTrue(resumption.worstMillis() <= MOST_MILLIS, resumption::summary);
    }

    private long machine(String name) {
        assertEquals("running", mike.inspect(name).get("state").asString());
        return mike.inspect(name).get("pid").asLong();
    }

    private void background(String machine, String script) {
        guest(machine, "(" + script + ") < /dev/null > /tmp/log 2>&1 &");
    }

    private void awaitOver(String machine) throws InterruptedException {
        long deadline = System.nanoTime() + Duration.ofMinutes(2).toNanos();
        while (!guest(machine, "cat /tmp/over 2>&1 || true").equals("\n")) {
            assertTrue(System.nanoTime() < deadline, () -> machine + " does not end: " + guest(machine,
                    "cat /tmp/log /tmp/said 2>&1 || true"));
            Thread.sleep(200);
        }
    }

    private String guest(String machine, String script) {
        return mike.run("exec", machine, "/bin/sh", "-c", script).ok().out();
    }
}
