package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Together;
import java.io.DataInputStream;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SocketsTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    @TempDir
    Path folder;
    private final Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true)
            .withCloseNs(5_000_000_000L).withStallNs(1_000_000_000));

    @AfterEach
    void stop() {
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    private Server serve() {
        return Server.start(host, ANY, host.lane("serving", 1_000), Echo::new);
    }

    private static Socket connect(int port) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), port);
        socket.setSoTimeout(20_000);
        return socket;
    }

    @Test
    void conversationsAreHeldOnEveryShard() throws IOException {
        Server server = serve();
        for (int i = 0; i < 40; i++) {
            try (Socket socket = connect(server.port())) {
                socket.getOutputStream().write("one\ntwo\nla".getBytes());
                assertEquals("ONE\nTWO\n", new String(socket.getInputStream().readNBytes(8)));
                socket.getOutputStream().write("ter\nL\nfour\nB\nnever\n".getBytes());
                assertEquals("LATER\nL\nFOUR\nB\n", new String(socket.getInputStream().readAllBytes()));
            }
        }
        List<Long> accepted = host.run(() -> server.accepted().await());
        assertEquals(40, accepted.stream().mapToLong(Long::longValue).sum());
        assertTrue(accepted.stream().allMatch(count -> count > 0), accepted.toString());
    }

    @Test
    void aSlowReaderHoldsNobodyUpAndLosesNothing() throws Exception {
        Server server = serve();
        byte[] line = new byte[999];
        Arrays.fill(line, (byte) 'x');
        line[998] = '\n';
        int lines = 8_000;
        try (Socket slow = connect(server.port()); Socket quick = connect(server.port())) {
            Thread writer = Thread.ofVirtual().start(() -> {
                try {
                    for (int i = 0; i < lines; i++) {
                        slow.getOutputStream().write(line);
                    }
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
            });
            for (int i = 0; i < 100; i++) {
                quick.getOutputStream().write("ping\n".getBytes());
                assertEquals("PING\n", new String(quick.getInputStream().readNBytes(5)));
            }
            DataInputStream in = new DataInputStream(slow.getInputStream());
            byte[] got = new byte[999];
            for (int i = 0; i < lines; i++) {
                in.readFully(got);
                assertEquals('X', got[997]);
                assertEquals('\n', got[998]);
            }
            writer.join();
        }
    }

    @Test
    void closingAnswersWhatHasCome() throws Exception {
        Server server = serve();
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            Socket socket = connect(server.port());
            sockets.add(socket);
            socket.getOutputStream().write("hello\n".getBytes());
        }
        Thread.sleep(20);
        for (Socket socket : sockets) {
            socket.getOutputStream().write("again\n".getBytes());
        }
        host.close();
        for (Socket socket : sockets) {
            assertEquals("HELLO\nAGAIN\n", new String(socket.getInputStream().readAllBytes()));
            socket.close();
        }
    }

    @Test
    void clientsThatBreakOffAreForgotten() throws Exception {
        Server server = serve();
        for (int i = 0; i < 200; i++) {
            Socket socket = connect(server.port());
            socket.getOutputStream().write("hal".getBytes());
            if (i % 2 == 0) {
                socket.setSoLinger(true, 0);
            }
            socket.close();
        }
        long end = System.nanoTime() + 10_000_000_000L;
        while (System.nanoTime() < end && host.run(() -> server.clients().await()).stream().anyMatch(n -> n > 0)) {
            Thread.sleep(5);
        }
        assertEquals(List.of(0, 0), host.run(() -> server.clients().await()));
    }

    @Test
    void streamsCarryBytesInDirectStyle() {
        byte[] sent = new byte[3_000_000];
        new Random(3).nextBytes(sent);
        byte[] got = host.run(() -> {
            try (Listener listener = Listener.tcp(ANY); Together both = new Together()) {
                Fiber<byte[]> reader = both.fork(() -> readAll(listener.accept()));
                both.fork(() -> {
                    try (Stream stream = Stream.connect(new InetSocketAddress(ANY.getAddress(), listener.port()))) {
                        Region region = new Region(Arena.ofAuto().allocate(sent.length));
                        MemorySegment.copy(sent, 0, region.segment(), ValueLayout.JAVA_BYTE, 0, sent.length);
                        stream.write(region, 0, sent.length);
                    }
                    return null;
                });
                both.join();
                return reader.value();
            }
        });
        assertArrayEquals(sent, got);
    }

    private static byte[] readAll(Stream stream) {
        try (stream) {
            Region region = new Region(Arena.ofAuto().allocate(4_000_000));
            int total = 0;
            for (int n = stream.read(region, 0, 100_000); n > 0; n = stream.read(region, total, 100_000)) {
                total += n;
            }
            return region.segment().asSlice(0, total).toArray(ValueLayout.JAVA_BYTE);
        }
    }

    @Test
    void waitingForAStreamEndsByDeadlineAndByClosing() {
        host.run(() -> {
            String path = folder.resolve("s").toString();
            Region region = new Region(Arena.ofAuto().allocate(100));
            Listener listener = Listener.unix(path);
            Stream stream = Stream.connect(path);
            Stream other = listener.accept();
            assertThrows(Context.Ended.class, () -> Context.within(5_000_000, () -> stream.read(region, 0, 10)));
            Fiber<Integer> reader = Shard.current().fiber(() -> stream.read(region, 0, 10));
            Fiber.yieldNow();
            stream.close();
            assertThrows(LinuxException.class, reader::await);
            assertEquals(-1, other.read(region, 0, 10));
            other.close();
            Fiber<Stream> waiting = Shard.current().fiber(listener::accept);
            Fiber.yieldNow();
            listener.close();
            assertEquals(null, waiting.await());
            assertThrows(LinuxException.class, () -> Stream.connect(new InetSocketAddress(ANY.getAddress(), 1)));
            return null;
        });
    }
}
