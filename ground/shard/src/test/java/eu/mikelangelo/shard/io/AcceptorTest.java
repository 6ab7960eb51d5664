package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.Shard;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AcceptorTest extends DevicesFixture {
    @TempDir
    Path folder;

    private Lane lane() {
        return host.lane("serving", 1_000);
    }

    /** Answers each byte with the index of the shard that serves. */
    private static void tellShard(Stream stream) {
        Region region = new Region(Arena.ofAuto().allocate(8));
        while (stream.read(region, 0, 1) > 0) {
            region.u8(0, Shard.current().index());
            stream.write(region, 0, 1);
        }
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static int ask(Socket socket) throws IOException {
        socket.getOutputStream().write(1);
        return socket.getInputStream().read();
    }

    private void awaitOpen(Acceptor acceptor, long... wanted) throws InterruptedException {
        long end = System.nanoTime() + 20_000_000_000L;
        String want = java.util.Arrays.toString(wanted);
        String now;
        do {
            Thread.sleep(2);
            now = run(() -> acceptor.counts().await()).stream().map(each -> each[1]).toList().toString();
        } while (!now.equals(want) && System.nanoTime() < end);
        assertEquals(want, now);
    }

    @Test
    void theShardWithTheFewestConnectionsIsGivenTheNext() throws Exception {
        Acceptor acceptor = Acceptor.tcp(host, ANY, lane(), Acceptor.leastConnections(), AcceptorTest::tellShard);
        List<List<Socket>> byShard = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        for (int i = 0; i < 30; i++) {
            Socket socket = connect(acceptor.port());
            byShard.get(ask(socket)).add(socket);
        }
        assertEquals(List.of(10, 10, 10), byShard.stream().map(List::size).toList());
        for (Socket socket : byShard.get(1)) {
            socket.close();
        }
        awaitOpen(acceptor, 10, 0, 10);
        // What has gone is told to the listener's shard by two messages at most; these travel behind them.
        for (int i = 0; i < 4; i++) {
            run(() -> acceptor.counts().await());
        }
        List<Socket> more = new ArrayList<>();
        int onOne = 0;
        for (int i = 0; i < 30; i++) {
            Socket socket = connect(acceptor.port());
            more.add(socket);
            onOne += ask(socket) == 1 ? 1 : 0;
        }
        assertTrue(onOne >= 15 && onOne <= 17, onOne + " of 30 went to the shard that had ten fewer");
        for (Socket socket : more) {
            socket.close();
        }
        for (List<Socket> sockets : byShard) {
            for (Socket socket : sockets) {
                socket.close();
            }
        }
        awaitOpen(acceptor, 0, 0, 0);
        List<Long> taken = run(() -> acceptor.counts().await()).stream().map(each -> each[0]).toList();
        assertEquals(60, taken.stream().mapToLong(Long::longValue).sum());
    }

    @Test
    void aFunctionChooses() throws Exception {
        Acceptor acceptor = Acceptor.tcp(host, ANY, lane(), incoming -> {
            assertNotNull(incoming.peer());
            assertEquals(3, incoming.shards());
            return incoming.number() == 4 ? 7 : (int) (incoming.number() % 2) * 2;
        }, AcceptorTest::tellShard);
        for (int i = 0; i < 10; i++) {
            try (Socket socket = connect(acceptor.port())) {
                if (i == 4) {
                    assertEquals(-1, socket.getInputStream().read(), "nobody's connection is closed");
                } else {
                    assertEquals(i % 2 * 2, ask(socket));
                }
            }
        }
        assertEquals(1, host.errors().entries().size());
        host.close();
        host = Host.start(options());
    }

    @Test
    void unixSocketsAreSpreadToo() throws Exception {
        String path = folder.resolve("s").toString();
        Acceptor acceptor = Acceptor.unix(host, path, lane(), Acceptor.leastConnections(), AcceptorTest::tellShard);
        assertThrows(LinuxException.class, () -> Acceptor.unix(host, path, lane(), Acceptor.leastConnections(),
                AcceptorTest::tellShard));
        int[] seen = new int[3];
        List<SocketChannel> channels = new ArrayList<>();
        for (int i = 0; i < 9; i++) {
            SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
            channel.connect(UnixDomainSocketAddress.of(path));
            channels.add(channel);
            OutputStream out = Channels.newOutputStream(channel);
            InputStream in = Channels.newInputStream(channel);
            out.write(1);
            seen[in.read()]++;
        }
        assertEquals("[3, 3, 3]", java.util.Arrays.toString(seen));
        for (SocketChannel channel : channels) {
            channel.close();
        }
        awaitOpen(acceptor, 0, 0, 0);
    }

    @Test
    void closingStopsListeningAndKeepsConnections() throws Exception {
        Acceptor acceptor = Acceptor.tcp(host, ANY, lane(), Acceptor.leastConnections(), AcceptorTest::tellShard);
        int port = acceptor.port();
        try (Socket socket = connect(port)) {
            ask(socket);
            acceptor.close();
            acceptor.close();
            assertEquals(0, ask(socket));
            // The ring lets the listener go at its next turn.
            host.run(() -> {
                eu.mikelangelo.shard.Fiber.sleepNs(5_000_000);
                return null;
            });
            assertThrows(IOException.class, () -> connect(port));
        }
        awaitOpen(acceptor, 0, 0, 0);
        host.close();
        acceptor.close();
    }

    @Test
    void aHostThatClosesEndsIdleConnectionsAndLeaksNone() throws Exception {
        host.close();
        int before = 0;
        for (int i = 0; i < 4; i++) {
            if (i == 1) {
                before = Descriptors.count();
            }
            host = Host.start(options().withCloseNs(200_000_000));
            Acceptor acceptor = Acceptor.tcp(host, ANY, lane(), Acceptor.leastConnections(), stream -> {
                tellShard(stream);
                throw new LinuxException("test", "a broken connection", 104);
            });
            List<Socket> sockets = new ArrayList<>();
            for (int j = 0; j < 20; j++) {
                sockets.add(connect(acceptor.port()));
            }
            ask(sockets.get(0));
            host.close();
            for (Socket socket : sockets) {
                assertTrue(endOf(socket), "closed");
                socket.close();
            }
        }
        Descriptors.await(before);
    }

    private static boolean endOf(Socket socket) {
        try {
            return socket.getInputStream().read() < 0;
        } catch (IOException reset) {
            return !(reset instanceof java.net.SocketTimeoutException);
        }
    }

    @Test
    void withoutDescriptorsTheListenerWaitsAndGoesOn() throws Exception {
        Acceptor acceptor = Acceptor.tcp(host, ANY, lane(), Acceptor.leastConnections(), AcceptorTest::tellShard);
        int port = acceptor.port();
        try (Socket warm = connect(port)) {
            ask(warm);
        }
        host.errors().record("no descriptor for a new connection", "EMFILE");   // so that the classes are there
        awaitOpen(acceptor, 0, 0, 0);
        Socket socket = new Socket();
        socket.bind(null);
        long before = Descriptors.limit(3);
        try {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
        } finally {
            Descriptors.limit(before);
        }
        socket.setSoTimeout(30_000);
        assertTrue(ask(socket) >= 0);
        socket.close();
        host.close();
        assertEquals(1, host.errors().entries().size());
        host = Host.start(options());
    }
}
