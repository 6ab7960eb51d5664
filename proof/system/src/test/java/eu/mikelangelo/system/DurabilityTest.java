package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
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
        Path meta = Files.createDirectories(FOLDER.resolve(name).resolve("meta"));
        Files.writeString(meta.resolve("package.yaml"), "name: " + name + "\ntitle: " + name
                + "\nauthor: a test\nrequire: [dash]\n");
        Files.writeString(meta.resolve("run.yaml"), "runtime: native\nconfig_set:\n  main:\n"
                + "    bootcmd: /bin/sh /start.sh\n");
        Files.writeString(FOLDER.resolve(name).resolve("start.sh"), script + "\n");
        return FOLDER.resolve(name).toString();
    }

    private static void killAgent(Mike of) throws IOException {
        Path file = of.home().resolve("run/agent.pid");
        if (Files.exists(file)) {
            ProcessHandle.of(Long.parseLong(Files.readString(file).strip()))
                    .filter(agent -> commandLine(agent.pid()).contains("AgentMain"))
                    .ifPresent(ProcessHandle::destroyForcibly);
        }
    }

    private static String commandLine(long pid) {
        try {
            return new String(Files.readAllBytes(Path.of("/proc/" + pid + "/cmdline")), StandardCharsets.ISO_8859_1)
                    .replace('\0', ' ');
        } catch (IOException e) {
            return "";
        }
    }

    /** Processes of a home, by a word of their command line. */
    private static List<Long> processes(Mike of, String word) {
        List<Long> found = new ArrayList<>();
        ProcessHandle.allProcesses().forEach(process -> {
            String line = commandLine(process.pid());
            if (line.contains(of.home() + "/") && line.contains(word)) {
                found.add(process.pid());
            }
        });
        return found;
    }

    /** No machine, none of its processes, its port free, nothing half made. */
    private void nothingIsLeft(int port) throws IOException {
        assertEquals(0, mike.run("ps", "-a", "--json").json().size());
        assertEquals(List.of(), processes(mike, "qemu-system"));
        assertEquals(List.of(), processes(mike, "passt "));
        try (ServerSocket socket = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertEquals(port, socket.getLocalPort());
        }
        try (Stream<Path> files = Files.list(mike.home().resolve("machines"))) {
            assertEquals(List.of(".lock"), files.map(file -> file.getFileName().toString()).toList());
        }
    }

    @Test
    void anAgentKilledInTheMiddleOfARunLeavesNothingHalfDone() throws Exception {
        int port = Mike.freePort();
        for (int millis : new int[] {150, 350, 600, 1000, 2500}) {
            Process run = mike.start("run", "-d", "--name", "k", "-p", String.valueOf(port), "--wait", "3",
                    FOLDER.resolve("waiter").toString());
            Thread.sleep(millis);
            killAgent(mike);
            assertTrue(run.waitFor(60, TimeUnit.SECONDS), "the command must end");
            mike.run("ps").ok();
            Mike.Result removed = mike.run("rm", "-f", "k");
            assertTrue(removed.code() == 0 || removed.code() == 66, removed.err());
            nothingIsLeft(port);
        }
    }

    @Test
    void anAgentKilledWhileAMachineEndsLetsTheNextCommandEndIt() throws Exception {
        int port = Mike.freePort();
        for (String[] command : new String[][] {{"stop", "k"}, {"rm", "-f", "k"}}) {
            for (int millis : new int[] {200, 500}) {
                mike.run("run", "-d", "--name", "k", FOLDER.resolve("waiter").toString()).ok();
                Process ending = mike.start(command);
                Thread.sleep(millis);
                killAgent(mike);
                assertTrue(ending.waitFor(60, TimeUnit.SECONDS));
                Mike.Result removed = mike.run("rm", "-f", "k");
                assertTrue(removed.code() == 0 || removed.code() == 66, removed.err());
                nothingIsLeft(port);
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
                Thread.sleep(millis);
                killAgent(cold);
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
        Thread.sleep(500);
        assertEquals(agent, Long.parseLong(Files.readString(mike.home().resolve("run/agent.pid")).strip()));
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
            full.run("agent", "stop");
            Thread.sleep(1000);
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
            assertTrue(result.took().compareTo(Duration.ofSeconds(60)) < 0, result.took().toString());
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
        nothingIsLeft(Mike.freePort());
    }
}
