package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two network namespaces, one behind a TAP, one behind a packet socket on a cable, and the plane's process in a third
 * between them. Needs root, else it is skipped; what it makes is named after this process and goes with the test.
 */
@Timeout(value = 240, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostNetworkTest {
    private static final long BYTES = 50_000_000;

    @TempDir
    Path folder;

    private final String mark = "mk" + Long.toString(ProcessHandle.current().pid(), 36);
    private final List<String> namespaces = new ArrayList<>();
    private final List<Process> children = new ArrayList<>();

    @BeforeEach
    void world() throws Exception {
        assumeTrue(Files.isExecutable(Path.of("/usr/sbin/ip")), "no /usr/sbin/ip (package iproute2)");
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no /dev/net/tun");
        for (String end : List.of("a", "p", "b")) {
            assumeTrue(say("netns add " + mark + end) == 0, "ip netns add is not allowed: root is needed");
            namespaces.add(mark + end);
            ip("-n " + mark + end + " link set lo up");
        }
        ip("-n " + mark + "p link add cable type veth peer name out netns " + mark + "b");
        ip("-n " + mark + "p link set cable up");
        ip("-n " + mark + "b link set out up");
        ip("-n " + mark + "b addr add 10.99.0.2/24 dev out");
    }

    @AfterEach
    void close() throws Exception {
        children.forEach(Process::destroyForcibly);
        for (String namespace : namespaces) {
            say("netns del " + namespace);
        }
    }

    private static int say(String words) throws IOException, InterruptedException {
        return new ProcessBuilder(("/usr/sbin/ip " + words).split(" ")).inheritIO().start().waitFor();
    }

    private static void ip(String words) throws IOException, InterruptedException {
        assertEquals(0, say(words), "ip " + words);
    }

    private PlaneProcess plane() throws Exception {
        PlaneProcess plane = new PlaneProcess(folder.resolve("output"), List.of("/usr/sbin/ip", "netns", "exec",
                mark + "p"), "io", "serve", "--tap", "tap0", "--interface", "cable");
        children.add(plane.process);
        PlaneProcess.await(() -> plane.output().contains("ready") || !plane.process.isAlive());
        assertEquals("ready\n", plane.output());
        return plane;
    }

    private void tapEnd() throws Exception {
        ip("-n " + mark + "p link set tap0 netns " + mark + "a");
        ip("-n " + mark + "a link set tap0 up");
        ip("-n " + mark + "a addr add 10.99.0.1/24 dev tap0");
    }

    private Process peer(String end, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of("/usr/sbin/ip", "netns", "exec", mark + end,
                ProcessHandle.current().info().command().orElseThrow(), "-XX:+UseSerialGC", "-Xmx64m", "-cp",
                System.getProperty("java.class.path"), NetPeer.class.getName()));
        command.addAll(List.of(words));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        children.add(process);
        return process;
    }

    private void ping(String end, String address) throws Exception {
        Process ping = peer(end, "ping", address);
        String said = ping.inputReader().readLine();
        assertTrue(said != null && said.startsWith("reached"), said);
        assertEquals(0, ping.waitFor());
    }

    private void transfer(String from, String to, String address, int port) throws Exception {
        Process server = peer(to, "serve", Integer.toString(port));
        BufferedReader serverSays = server.inputReader();
        assertEquals("listens", serverSays.readLine());
        Process client = peer(from, "send", address, Integer.toString(port), Long.toString(BYTES));
        String sent = client.inputReader().readLine();
        assertTrue(sent != null && sent.matches("[0-9a-f]{64}"), sent);
        assertEquals(sent, serverSays.readLine());
        assertEquals(0, client.waitFor());
        assertEquals(0, server.waitFor());
    }

    /** Both ends leave checksums and segments to their interface, as Linux does by default. */
    @Test
    void pingAndTcpCrossThePlaneBothWays() throws Exception {
        try (PlaneProcess plane = plane()) {
            tapEnd();
            ping("a", "10.99.0.2");
            ping("b", "10.99.0.1");
            transfer("a", "b", "10.99.0.2", 7001);
            transfer("b", "a", "10.99.0.1", 7002);
            assertEquals("ready\n", plane.output());
        }
    }

    @Test
    void aCableThatGoesDownComesBackAndOneThatIsRemovedIsRecorded() throws Exception {
        try (PlaneProcess plane = plane()) {
            tapEnd();
            ping("a", "10.99.0.2");
            ip("-n " + mark + "p link set cable down");
            ip("-n " + mark + "p link set cable up");
            ping("a", "10.99.0.2");
            ip("-n " + mark + "p link del cable");
            PlaneProcess.await(() -> plane.output().contains("port interface:cable is closed"));
            assertTrue(plane.process.isAlive());
            ip("-n " + mark + "a link del tap0");
            PlaneProcess.await(() -> plane.output().contains("port tap:tap0 is closed"));
            assertTrue(plane.process.isAlive());
            plane.process.destroy();
            assertEquals(143, plane.exitCode());
        }
    }
}
