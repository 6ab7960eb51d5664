package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.plane.api.NetRulesText;
import eu.mikelangelo.plane.api.PortSpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class IoServeTest {
    @TempDir
    Path folder;

    @Test
    void servesUntilItIsTold() throws Exception {
        String one = folder.resolve("one.sock").toString();
        String two = folder.resolve("two.sock").toString();
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("output"), "io", "serve", "--net", one + ",server",
                "--net", two)) {
            PlaneProcess.await(() -> plane.output().equals("ready\n"));
            int front = UnixSockets.connect(one);
            assertTrue(front >= 0);
            Fds.close(front);
            // SIGTERM
            plane.process.destroy();
            assertEquals(143, plane.exitCode());
            assertFalse(Files.exists(Path.of(one)));
        }
    }

    @Test
    void aSocketThatIsTakenIsAnError() throws Exception {
        String path = folder.resolve("taken.sock").toString();
        int listener = UnixSockets.listen(path, 4);
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("output"), "io", "serve", "--net",
                path + ",server")) {
            assertEquals(Main.UNAVAILABLE, plane.exitCode());
            assertTrue(plane.output().contains("EADDRINUSE"), plane.output());
        }
        Fds.close(listener);
    }

    /** A thread of the plane's process may run on that CPU only; no other thread matters. */
    @Test
    void theCoreHasItsCpu() throws Exception {
        int cpu = Cpus.allowed().length() - 1;
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("output"), "io", "serve", "--cpu", "" + cpu, "--net",
                folder.resolve("one.sock") + ",server")) {
            PlaneProcess.await(() -> plane.output().equals("ready\n"));
            PlaneProcess.await(() -> pinned(plane, cpu));
        }
    }

    private static boolean pinned(PlaneProcess plane, int cpu) {
        try (Stream<Path> threads = Files.list(Path.of("/proc/" + plane.process.pid() + "/task"))) {
            return threads.anyMatch(thread -> plane.text(thread.resolve("comm")).contains("shard-0")
                    && plane.text(thread.resolve("status")).contains("Cpus_allowed_list:\t" + cpu + "\n"));
        } catch (IOException ended) {
            return false;
        }
    }

    @Test
    void anInterfaceThatIsNotThereIsAnError() throws Exception {
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("output"), "io", "serve", "--interface", "nosuch0")) {
            assertEquals(Main.UNAVAILABLE, plane.exitCode());
            assertTrue(plane.output().contains("no network interface \"nosuch0\""), plane.output());
        }
    }

    @Test
    void optionsAreChecked() {
        assertEquals("interface:eth1", IoServe.host(IoServe.Option.INTERFACE, "eth1").host());
        assertEquals(PortSpec.open("net3", "/a", true), IoServe.port(3, "/a,server,sealed"));
        PortSpec port = IoServe.port(0,
                "/a,mac=02:00:00:00:00:01+02:00:00:00:00:02,trunk=10+20-29,native=7,rate=2.5G");
        assertEquals("02:00:00:00:00:01+02:00:00:00:00:02", port.mac());
        assertEquals("trunk=10+20-29,native=7,rate=2500M", NetRulesText.of(port.rules()));
        assertEquals(2, IoServe.port(0, "/a,queues=2,server").rules().queues());
        assertThrows(IllegalArgumentException.class, () -> IoServe.host(IoServe.Option.TAP, "tap0,queues=2"));
        for (String bad : List.of("", ",server", "/a,", "/a,serve", "/" + "x".repeat(200))) {
            assertThrows(IllegalArgumentException.class, () -> IoServe.port(0, bad), bad);
        }
        PortSpec trunk = IoServe.host(IoServe.Option.TAP, "tap0,trunk=10+20");
        assertEquals("tap:tap0", trunk.host());
        assertEquals("trunk=10+20", NetRulesText.of(trunk.rules()));
        assertThrows(IllegalArgumentException.class, () -> IoServe.host(IoServe.Option.TAP, "tap0,server"));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--tap", "a/b")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--interface", "")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--tap", "a", "--interface")));
        for (String bad : List.of("/a,mac=", "/a,mac=02:00:00:00:00:01,mac=02:00:00:00:00:02", "/a,mac=zz", "/a,vlan=0",
                "/a,queues=9",
                "/a,mac=02:00:00:00:00:01,trunk=1-300")) {
            var refused = assertThrows(IllegalArgumentException.class, () -> IoServe.port(0, bad), bad);
            assertTrue(refused.getMessage().startsWith("--net " + bad + ": "), refused.getMessage());
        }
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of()));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--net")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--blk", "/a=/b")));
        for (String cpu : List.of("", "-1", "x", "9999")) {
            assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--cpu", cpu, "--net", "/a")), cpu);
        }
    }
}
