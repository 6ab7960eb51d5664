package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What is left when the agent is killed, the disk is full, or a machine dies: nothing but what the words say. */
@Tag("boot")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class DurabilityTest {
    private static final Path FOLDER = Mike.ROOT.resolve("build/t/apps");
    private final Mike mike = new Mike("main");

    @BeforeEach
    void compose() throws IOException {
        app("waiter", "echo waiting; read line; echo done");
        mike.run("compose", FOLDER.resolve("waiter").toString()).ok();
    }

    @AfterEach
    void clean() {
        mike.close();
    }

    private static String app(String name, String script) throws IOException {
        return Mike.app(FOLDER.resolve(name), script);
    }

    @Test
    void anAgentKilledInTheMiddleOfARunLeavesNothingHalfDone() throws Exception {
        int port = Mike.freePort();
        for (int millis : new int[] {150, 350, 600, 1000, 2500}) {
            Process run = mike.start("run", "-d", "--name", "k", "-p", String.valueOf(port), "--wait", "3",
                    FOLDER.resolve("waiter").toString());
            Thread.sleep(millis);
            assertTrue(mike.kill("agent"), "no agent to kill after " + millis + " ms");
            assertTrue(run.waitFor(60, TimeUnit.SECONDS), "the command must end");
            mike.run("ps").ok();
            Mike.Result removed = mike.run("rm", "-f", "k");
            assertTrue(removed.code() == 0 || removed.code() == 66, removed.err());
            Host.nothingIsLeft(mike, "killed after " + millis + " ms", port);
        }
    }

    @Test
    void anAgentKilledWhileAMachineEndsLetsTheNextCommandEndIt() throws Exception {
        for (String[] command : new String[][] {{"stop", "k"}, {"rm", "-f", "k"}}) {
            for (int millis : new int[] {200, 500}) {
                mike.run("run", "-d", "--name", "k", FOLDER.resolve("waiter").toString()).ok();
                Process ending = mike.start(command);
                Thread.sleep(millis);
                assertTrue(mike.kill("agent"), "no agent to kill after " + millis + " ms");
                assertTrue(ending.waitFor(60, TimeUnit.SECONDS));
                Mike.Result removed = mike.run("rm", "-f", "k");
                assertTrue(removed.code() == 0 || removed.code() == 66, removed.err());
                Host.nothingIsLeft(mike, command[0] + " killed after " + millis + " ms");
            }
        }
    }

    @Test
    void anAgentKilledInTheMiddleOfAColdCompositionLosesNothing() throws Exception {
        Mike cold = new Mike("cold");
        cold.delete();
        try {
            for (int millis : new int[] {1500, 3000, 5000}) {
                Process compose = cold.start("compose", FOLDER.resolve("waiter").toString());
                cold.awaitRunning("agent");
                Thread.sleep(millis);
                assertTrue(cold.kill("agent"), "no agent to kill after " + millis + " ms");
                assertTrue(compose.waitFor(60, TimeUnit.SECONDS));
            }
            cold.run("compose", FOLDER.resolve("waiter").toString()).ok();
            cold.run("agent", "stop").ok();
            cold.run("ps").ok();
            try (Stream<Path> files = Files.walk(cold.home())) {
                assertEquals(List.of(), files.filter(file -> file.getFileName().toString()
                        .matches("\\.new-.*|.*\\.part|.*\\.tmp")).toList());
            }
        } finally {
            cold.close();
            cold.delete();
        }
    }

    @Test
    void commandsThatRaceToStartTheAgentStartOne() throws Exception {
        mike.run("agent", "stop").ok();
        List<Process> racers = new ArrayList<>();
        for (int i = 0; i < 4; i++) {
            racers.add(mike.start("ps"));
        }
        for (Process racer : racers) {
            assertTrue(racer.waitFor(60, TimeUnit.SECONDS));
            assertEquals(0, racer.exitValue(), new String(racer.getErrorStream().readAllBytes()));
        }
        long agent = mike.run("agent", "status", "--json").json().get("pid").asLong();
        // Those that lost the race for the lock end by themselves.
        Host.await(() -> mike.pids("agent").equals(List.of(agent)), "another agent runs beside " + agent);
    }

    @Test
    void aFullDiskIsSaidAndLosesNothing() throws Exception {
        Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "skipped: mounting a tmpfs needs root");
        Mike full = new Mike("full");
        Files.createDirectories(full.home());
        Assumptions.assumeTrue(sh("mount", "-t", "tmpfs", "-o", "size=40m,mode=700", "none", full.home().toString())
                == 0, "skipped: this root may not mount");
        try {
            Mike.Result composed = full.run("compose", FOLDER.resolve("waiter").toString());
            assertEquals(69, composed.code(), composed.out() + composed.err());
            assertTrue(composed.err().contains("space"), composed.err());
            full.run("ps").ok();
            assertEquals(0, sh("mount", "-o", "remount,size=600m", full.home().toString()));
            full.run("compose", FOLDER.resolve("waiter").toString()).ok();
            fill(full.home());
            Mike.Result refused = full.run("run", "-d", "--name", "w", "waiter");
            assertEquals(69, refused.code(), refused.out() + refused.err());
            assertTrue(refused.err().contains("space"), refused.err());
            assertEquals(0, full.run("ps", "-a", "--json").json().size());
            full.run("image", "rm", "waiter").ok(); // the way out that the hints name
        } finally {
            full.stop();
            sh("umount", "-l", full.home().toString());
        }
    }

    /** Takes all space that is left there. */
    private static void fill(Path folder) throws IOException {
        try (var out = Files.newOutputStream(folder.resolve("fill"))) {
            byte[] block = new byte[1 << 20];
            while (true) {
                out.write(block);
            }
        } catch (java.nio.file.FileSystemException e) {
            throw e;
        } catch (IOException e) {
            assertTrue(e.getMessage().contains("No space"), e.getMessage());
        }
    }

    private static int sh(String... command) throws Exception {
        return new ProcessBuilder(command).inheritIO().start().waitFor();
    }

    @Test
    void anApplicationThatDiesAtOnceIsToldAtOnce() throws Exception {
        String dier = app("dier", "echo cannot open /etc/dier.conf; exit 3");
        mike.run("compose", dier).ok();
        for (String[] ports : new String[][] {{}, {"-p", String.valueOf(Mike.freePort())}}) {
            List<String> words = new ArrayList<>(List.of("run", "-d", "--name", "d", "--wait", "120"));
            words.addAll(List.of(ports));
            words.add(dier);
            Mike.Result result = mike.run(words.toArray(String[]::new));
            assertEquals(70, result.code(), result.out() + result.err());
            assertTrue(result.err().contains("exit code 3"), result.err());
            assertTrue(result.err().contains("cannot open /etc/dier.conf"), result.err());
            assertTrue(result.took().compareTo(Duration.ofSeconds(110)) < 0, result.took().toString());
            mike.run("rm", "-f", "d").ok();
        }
    }

    @Test
    void aKernelPanicIsSaidWithItsLastLines() throws Exception {
        String panic = app("panic", "echo c > /proc/sysrq-trigger");
        Mike.Result result = mike.run("run", "-d", "--name", "p", "-p", String.valueOf(Mike.freePort()), panic);
        assertEquals(70, result.code(), result.out() + result.err());
        assertTrue(result.err().contains("panic") && result.err().contains("sysrq"), result.err());
        assertEquals("failed", mike.inspect("p").get("state").asString());
    }

    @Test
    void aQemuThatIsKilledIsAFailureWithItsReason() throws Exception {
        mike.run("run", "-d", "--name", "q", FOLDER.resolve("waiter").toString()).ok();
        ProcessHandle.of(mike.inspect("q").get("pid").asLong()).orElseThrow().destroyForcibly();
        Mike.Result end = mike.run("wait", "q");
        assertEquals(70, end.code(), end.out() + end.err());
        assertEquals("failed", mike.inspect("q").get("state").asString());
        assertTrue(mike.inspect("q").get("reason").asString().contains("QEMU ended unexpectedly"), end.err());
        mike.run("rm", "q").ok();
        Host.nothingIsLeft(mike, "after a QEMU that was killed");
    }
}
