package eu.mikelangelo.bench.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.JavaCommand;
import eu.mikelangelo.bench.measure.LoadProcess;
import eu.mikelangelo.bench.measure.Window;
import eu.mikelangelo.bench.shard.CacheServer.Kind;
import eu.mikelangelo.linux.Cpus;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Every server that is measured answers rightly: a peer that is fast because it is wrong is none. */
class ServersTest {
    private static Cores cores() {
        assumeTrue(Cpus.allowed().cardinality() > 1, "one core only");
        return Cores.pick();
    }

    @ParameterizedTest
    @EnumSource(names = {"OURS", "NETTY_EPOLL", "NETTY_URING", "NETTY_URING_RING"})
    void answersAreRight(Kind kind) throws IOException {
        Cores cores = cores();
        try (CacheServer server = CacheServer.start(kind, cores.server());
                LoadProcess load = new LoadProcess(cores.client())) {
            Window closed = load.closed(server, 32, 0.15);
            assertTrue(closed.perSecond() > 10 && closed.cpuPerOperation() > 0 && closed.cpuShare() < 1.5,
                    closed.toString());
            assertTrue(load.open(server, 200, 0.15).p99() > 0);
            largeValues(server.port);
        }
    }

    /** More than any buffer holds is asked for before anything is read. */
    private static void largeValues(int port) throws IOException {
        int count = 40;
        String value = "0123456789".repeat(30_000);
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            socket.setSoTimeout(60_000);
            OutputStream out = socket.getOutputStream();
            InputStream in = socket.getInputStream();
            String set = "set large 5 0 " + value.length() + "\r\n" + value + "\r\n";
            out.write(set.getBytes(StandardCharsets.US_ASCII));
            assertEquals("STORED\r\n", new String(in.readNBytes(8), StandardCharsets.US_ASCII));
            out.write(("get large\r\n".repeat(count) + "version\r\nquit\r\n").getBytes(StandardCharsets.US_ASCII));
            byte[] expected = ("VALUE large 5 " + value.length() + "\r\n" + value + "\r\nEND\r\n")
                    .getBytes(StandardCharsets.US_ASCII);
            for (int i = 0; i < count; i++) {
                assertEquals(new String(expected, StandardCharsets.US_ASCII),
                        new String(in.readNBytes(expected.length), StandardCharsets.US_ASCII), "answer " + i);
            }
            String rest = new String(in.readAllBytes(), StandardCharsets.US_ASCII);
            assertTrue(rest.matches("VERSION [^\r\n]+\r\n"), rest);
        }
    }

    @Test
    void allocationIsToldRunByRun() {
        var lines = JavaCommand.lines(JavaCommand.of(JavaCommand.engineOptions(), AllocMain.class.getName(),
                List.of("agents", "2", "2000")));
        assertEquals(2, lines.size(), lines.toString());
        for (String line : lines) {
            assertTrue(Double.parseDouble(line) >= 0, line);
        }
        assertEquals(3, JavaCommand.lines(JavaCommand.of(JavaCommand.engineOptions(), AllocMain.class.getName(),
                List.of("direct", "3", "500"))).size());
    }

    @Test
    void peersHaveVersions() {
        assertTrue(CacheServer.name(Kind.NETTY_URING).matches("Netty 4\\.2\\.[0-9]+\\.Final, io_uring"),
                CacheServer.name(Kind.NETTY_URING));
    }

    @Test
    void aServerThatCannotStartIsSaid() {
        String before = System.getProperty("mike.memcached");
        System.setProperty("mike.memcached", "false");
        try {
            String message = assertThrows(IllegalStateException.class,
                    () -> CacheServer.start(Kind.MEMCACHED, cores().server())).getMessage();
            assertTrue(message.contains("memcached"), message);
        } finally {
            if (before == null) {
                System.clearProperty("mike.memcached");
            } else {
                System.setProperty("mike.memcached", before);
            }
        }
    }
}
