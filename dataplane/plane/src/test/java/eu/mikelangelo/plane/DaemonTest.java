package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PlaneRefusedException;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The daemon as a process, driven over its control socket. */
class DaemonTest {
    @TempDir
    Path folder;

    private Path run;

    @BeforeEach
    void runFolder() {
        run = folder.resolve("run");
    }

    private static String mode(Path file) throws IOException {
        return PosixFilePermissions.toString(Files.getPosixFilePermissions(file));
    }

    private PortSpec port(String name, Path socket) {
        return new PortSpec(name, socket.toString(), false, "02:4d:00:00:00:01", "10.187.0.2", "02:4d:ff:00:00:01",
                "10.187.0.1", "");
    }

    @Test
    void portsComeAndGo() throws Exception {
        try (PlaneProcess plane = PlaneProcess.daemon(run); PlaneClient client = PlaneProcess.connect(run)) {
            assertEquals(plane.process.pid(), client.welcome().pid());
            assertEquals("test", client.welcome().build());
            assertEquals("rw-------", mode(run.resolve("plane.sock")));
            assertEquals("rwx------", mode(run));
            PortSpec web = port("web", folder.resolve("web.sock"));
            client.addPort(web);
            client.addPort(web);
            assertEquals(List.of(web), client.ports());
            assertEquals(1, client.cores().size());

            PlaneRefusedException different = assertThrows(PlaneRefusedException.class,
                    () -> client.addPort(port("web", folder.resolve("other.sock"))));
            assertTrue(different.getMessage().contains("exists and is different"), different.getMessage());
            assertThrows(PlaneRefusedException.class, () -> client.addPort(port("web2", folder.resolve("web.sock"))));
            assertThrows(PlaneRefusedException.class,
                    () -> client.addPort(PortSpec.open("nogateway", folder.resolve("n.sock").toString(), false)));

            PortStats stats = client.stats("web").getFirst();
            assertFalse(stats.connected());
            assertEquals("connect: ENOENT", stats.lastError());
            assertEquals(List.of(), client.stats("nobody"));
            client.removePort("web");
            client.removePort("web");
            assertEquals(List.of(), client.ports());
            client.shutdown();
            assertEquals(0, plane.exitCode());
            assertFalse(Files.exists(run.resolve("plane.sock")));
            assertFalse(Files.exists(run.resolve("plane.pid")));
        }
    }

    @Test
    void aSecondPlaneLeavesTheFirstAlone() throws Exception {
        try (PlaneProcess plane = PlaneProcess.daemon(run);
                PlaneProcess second = new PlaneProcess(folder.resolve("second"), "serve", "--home", run.toString())) {
            assertEquals(Main.CONFLICT, second.exitCode());
            assertTrue(second.output().contains("another plane runs in " + run), second.output());
            try (PlaneClient client = PlaneProcess.connect(run)) {
                assertEquals(plane.process.pid(), client.welcome().pid());
            }
        }
    }

    @Test
    void afterAKillTheNextOneTakesOver() throws Exception {
        Path socket = folder.resolve("qemu.sock");
        int qemu = UnixSockets.listen(socket.toString(), 4);
        for (int round = 0; round < 2; round++) {
            try (PlaneProcess plane = PlaneProcess.daemon(run); PlaneClient client = PlaneProcess.connect(run)) {
                client.addPort(port("web", socket));
                int[] session = {-Errno.EAGAIN};
                PlaneProcess.await(() -> (session[0] = UnixSockets.accept(qemu)) != -Errno.EAGAIN);
                PlaneProcess.await(() -> {
                    try {
                        return client.stats("web").getFirst().connected();
                    } catch (IOException broken) {
                        throw new AssertionError(broken);
                    }
                });
                plane.process.destroyForcibly();
                plane.exitCode();
                Fds.close(session[0]);
            }
        }
        Fds.close(qemu);
    }

    @Test
    void theAgentIsStartedAgainUnlessItSaidBye() throws Exception {
        Path said = folder.resolve("said");
        List<String> agent = List.of("/bin/sh", "-c", "echo \"$MIKE_HOME\" >> " + said);
        try (PlaneProcess plane = PlaneProcess.daemon(run)) {
            try (PlaneClient polite = PlaneProcess.connect(run)) {
                polite.register(agent, "/polite");
                polite.bye();
            }
            try (PlaneClient crashing = PlaneProcess.connect(run)) {
                crashing.register(agent, "/crashed");
            }
            PlaneProcess.await(() -> plane.text(said).endsWith("\n"));
            assertEquals("/crashed\n", plane.text(said));
            PlaneProcess.await(() -> plane.text(run.resolve("plane.log")).contains("started it again"));
        }
    }

    @Test
    void nonsenseOnTheControlSocketHurtsNobody() throws Exception {
        try (PlaneProcess plane = PlaneProcess.daemon(run); PlaneClient client = PlaneProcess.connect(run)) {
            byte[][] nonsense = {{-1, -1, -1, -1}, {0, 0, 0, 1, 99}, {0, 0, 0, 0}, {0, 0, 0, 1, 6},
                {0, 0, 0, 8, 1, 0, 0, 0, 9, 0, 1, 'x'}, "GET / HTTP/1.1\r\n\r\n".getBytes()};
            for (byte[] bytes : nonsense) {
                try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
                    channel.connect(UnixDomainSocketAddress.of(run.resolve("plane.sock")));
                    channel.write(ByteBuffer.wrap(bytes));
                    ByteBuffer answer = ByteBuffer.allocate(4_096);
                    while (channel.read(answer) >= 0) {
                        assertTrue(answer.hasRemaining());
                    }
                } catch (IOException reset) {
                    String how = reset.getMessage();
                    assertTrue(how.contains("reset") || how.contains("Broken"), how);
                }
            }
            assertEquals(List.of(), client.ports());
            assertTrue(plane.process.isAlive());
        }
    }
}
