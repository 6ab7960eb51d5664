package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.plane.api.PortSpec;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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

    @Test
    void anInterfaceThatIsNotThereIsAnError() throws Exception {
        try (PlaneProcess plane = new PlaneProcess(folder.resolve("output"), "io", "serve", "--interface", "nosuch0")) {
            assertEquals(Main.UNAVAILABLE, plane.exitCode());
            assertTrue(plane.output().contains("no network interface \"nosuch0\""), plane.output());
        }
    }

    @Test
    void optionsAreChecked() {
        assertEquals("interface:eth1", IoServe.host(PortSpec.INTERFACE, "eth1").host());
        assertEquals(PortSpec.open("net3", "/a", true), IoServe.port(3, "/a,server,sealed"));
        for (String bad : List.of("", ",server", "/a,", "/a,serve", "/" + "x".repeat(200))) {
            assertThrows(IllegalArgumentException.class, () -> IoServe.port(0, bad), bad);
        }
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--tap", "a/b")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--interface", "")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--tap", "a", "--interface")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of()));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--net")));
        assertThrows(IllegalArgumentException.class, () -> IoServe.run(List.of("--blk", "/a=/b")));
    }
}
