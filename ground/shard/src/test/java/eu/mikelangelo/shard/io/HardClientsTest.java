package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.shard.Fiber;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What clients do wrong, and what a server runs short of. */
class HardClientsTest extends DevicesFixture {
    private static final int PATIENCE_MS = 30_000;
    @TempDir
    Path folder;

    private Server serve() {
        return Server.start(host, ANY, host.lane("serving", 1_000), Echo::new);
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(PATIENCE_MS);
        return socket;
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static String hear(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.US_ASCII);
    }

    /** Closes the host and takes note of its one complaint. */
    private void complained(String what, long times) {
        host.close();
        List<DistinctErrors.Entry> entries = host.errors().entries();
        assertEquals(1, entries.size(), entries.toString());
        assertTrue(entries.getFirst().toString().contains(what), entries.toString());
        assertTrue(times == 0 || entries.getFirst().count() == times, entries.toString());
        host = eu.mikelangelo.shard.Host.start(options());
    }

    private void awaitClients(Server server, int wanted) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_MS * 1_000_000L;
        int now;
        do {
            Thread.sleep(2);
            now = run(() -> server.clients().await()).stream().mapToInt(Integer::intValue).sum();
        } while (now != wanted && System.nanoTime() < end);
        assertEquals(wanted, now);
    }

    private long kept(Server server) {
        return run(() -> server.kept().await()).stream().mapToLong(Long::longValue).sum();
    }

    @Test
    void aConversationThatThrowsTakesNobodyWithIt() throws Exception {
        Server server = serve();
        try (Socket good = connect(server.port()); Socket bad = connect(server.port())) {
            say(bad, "T\n");
            assertEquals(-1, bad.getInputStream().read(), "closed, not left hanging");
            say(good, "good\n");
            assertEquals("GOOD\n", hear(good, 5));
            awaitClients(server, 1);
        }
        awaitClients(server, 0);
        complained("thrown by a conversation", 1);
    }

    @Test
    void aHalfClosedClientHearsEverything() throws Exception {
        Server server = serve();
        try (Socket socket = connect(server.port())) {
            int lines = 20_000;
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    say(socket, "a line of some length\n".repeat(lines) + "in par");
                    socket.shutdownOutput();
                } catch (IOException failed) {
                    throw new IllegalStateException(failed);
                }
            });
            byte[] all = socket.getInputStream().readAllBytes();
            writer.join();
            assertEquals(22 * lines, all.length);
            assertEquals("LENGTH\n", new String(all, all.length - 7, 7, StandardCharsets.US_ASCII));
        }
        awaitClients(server, 0);
        assertEquals(0, kept(server));
    }

    /** A line that comes in bits is kept, others are served, and it is answered when its end has come. */
    @Test
    void aStalledRequestCostsWhatItSaid() throws Exception {
        Server server = serve();
        try (Socket stalled = connect(server.port()); Socket other = connect(server.port())) {
            String part = "0123456789".repeat(300);
            say(stalled, part);
            for (int i = 0; i < 20; i++) {
                say(other, "ping\n");
                assertEquals("PING\n", hear(other, 5));
            }
            while (kept(server) == 0) {
                Thread.sleep(1);
            }
            assertEquals(4_096, kept(server));
            say(stalled, part + "end\nnext");
            assertEquals(part + part + "END\n", hear(stalled, 6_004));
            while (kept(server) > 256) {
                Thread.sleep(1);
            }
            say(stalled, "\n");
            assertEquals("NEXT\n", hear(stalled, 5));
            assertEquals(0, kept(server));
        }
    }

    @Test
    void whatIsSaidInPartIsBounded() throws Exception {
        Server server = serve();
        byte[] part = new byte[250_000];
        int clients = (int) (Leftovers.LIMIT * host.size() / part.length) * 3 / 2;
        List<Socket> sockets = new ArrayList<>();
        int sentAway = 0;
        for (int i = 0; i < clients; i++) {
            Socket socket = connect(server.port());
            sockets.add(socket);
            try {
                socket.getOutputStream().write(part);
            } catch (IOException reset) {
                sentAway++;
            }
            assertTrue(kept(server) <= Leftovers.LIMIT * host.size(), kept(server) + " bytes");
        }
        try (Socket other = connect(server.port())) {
            say(other, "ping\n");
            assertEquals("PING\n", hear(other, 5));
        }
        int there = run(() -> server.clients().await()).stream().mapToInt(Integer::intValue).sum();
        assertTrue(there < clients, there + " of " + clients + ", known to be gone: " + sentAway);
        for (Socket socket : sockets) {
            socket.close();
        }
        awaitClients(server, 0);
        assertEquals(0, kept(server));
        complained("no room for what clients say in part", 0);
    }

    @Test
    void withoutDescriptorsNobodyIsTakenAndTheOthersAreServed() throws Exception {
        Server server = serve();
        Socket warm = connect(server.port());
        say(warm, "warm\n");
        assertEquals("WARM\n", hear(warm, 5));
        host.errors().record("no descriptor for a new connection", "so that the classes are there");
        timersFired();
        List<Socket> waiting = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            Socket socket = new Socket();
            socket.bind(null);
            socket.setSoTimeout(PATIENCE_MS);
            waiting.add(socket);
        }
        Socket[] more = {new Socket()};
        more[0].bind(null);
        long before = Descriptors.limit(3);
        try {
            for (Socket socket : waiting) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), server.port()));
                say(warm, "more\n");
                assertEquals("MORE\n", hear(warm, 5), "those there are served");
            }
            long fired = timersFired();
            host.run(() -> {
                Fiber.sleepNs(1_000_000_000);
                return null;
            });
            long pauses = timersFired() - fired;
            assertTrue(pauses <= 25L * host.size(), pauses + " looks in a second, however many have come");
        } finally {
            Descriptors.limit(before);
        }
        for (Socket socket : waiting) {
            say(socket, "late\n");
            assertEquals("LATE\n", hear(socket, 5));
            socket.close();
        }
        more[0].close();
        warm.close();
        // Once by each shard that ran short, and once above; accepting went on in between for nobody.
        host.close();
        assertEquals(1, host.errors().entries().size());
        long count = host.errors().entries().getFirst().count();
        assertTrue(count >= 2 && count <= 1 + host.size(), host.errors().entries().toString());
        host = eu.mikelangelo.shard.Host.start(options());
    }

    /** In direct style, too: who comes waits, it is said once, and is served when there are descriptors again. */
    @Test
    void aListenerWithoutDescriptorsTakesThemLater() throws Exception {
        CompletableFuture<Integer> port = new CompletableFuture<>();
        CompletableFuture<Integer> served = host.outside(0).call(() -> {
            try (Listener listener = Listener.tcp(ANY)) {
                port.complete(listener.port());
                for (int i = 0; i < 4; i++) {
                    listener.accept().close();
                }
                return 4;
            }
        });
        host.errors().record("no descriptor for a new connection", "so that the classes are there");
        timersFired();
        connect(port.get()).close();
        List<Socket> waiting = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            Socket socket = new Socket();
            socket.bind(null);
            socket.setSoTimeout(PATIENCE_MS);
            waiting.add(socket);
        }
        long before = Descriptors.limit(3);
        try {
            for (Socket socket : waiting) {
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port.get()));
            }
            long fired = timersFired();
            host.run(() -> {
                Fiber.sleepNs(500_000_000);
                return null;
            });
            assertTrue(timersFired() - fired <= 25, "looks in half a second");
            assertTrue(!served.isDone());
        } finally {
            Descriptors.limit(before);
        }
        for (Socket socket : waiting) {
            assertEquals(-1, socket.getInputStream().read());
            socket.close();
        }
        assertEquals(4, served.get(PATIENCE_MS, TimeUnit.MILLISECONDS));
        complained("no descriptor for a new connection", 2);
    }

    private long timersFired() {
        Matcher line = Pattern.compile("(?m)^\\S*timers_fired\\S* (\\d+)$").matcher(host.metricsText());
        long sum = 0;
        while (line.find()) {
            sum += Long.parseLong(line.group(1));
        }
        return sum;
    }

    @Test
    void aUnixSocketAndAShardOfChoice() throws Exception {
        String path = folder.resolve("s").toString();
        Server unix = Server.unix(host, path, host.lane("serving", 1_000), Acceptor.leastConnections(), Echo::new);
        assertThrows(LinuxException.class, () -> Server.unix(host, path, host.lane("serving", 1_000),
                Acceptor.leastConnections(), Echo::new));
        Server tcp = Server.start(host, ANY, host.lane("serving", 1_000), in -> (int) (in.number() % 2), Echo::new);
        assertEquals(-1, unix.port());
        List<AutoCloseable> all = new ArrayList<>();
        for (int i = 0; i < 3 * host.size(); i++) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
            all.add(channel);
            OutputStream out = Channels.newOutputStream(channel);
            InputStream in = Channels.newInputStream(channel);
            out.write("unix\n".getBytes(StandardCharsets.US_ASCII));
            assertEquals("UNIX\n", new String(in.readNBytes(5), StandardCharsets.US_ASCII));
            Socket socket = connect(tcp.port());
            all.add(socket);
            say(socket, "tcp\n");
            assertEquals("TCP\n", hear(socket, 4));
        }
        assertEquals(List.of(3, 3, 3), run(() -> unix.clients().await()));
        assertEquals(List.of(5, 4, 0), run(() -> tcp.clients().await()));
        for (AutoCloseable each : all) {
            each.close();
        }
        awaitClients(unix, 0);
        awaitClients(tcp, 0);
        host.close();
        Files.delete(Path.of(path));
        host = eu.mikelangelo.shard.Host.start(options());
    }
}
