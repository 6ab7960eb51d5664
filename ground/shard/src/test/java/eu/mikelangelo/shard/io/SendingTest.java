package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Lane;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Answers that are sent together, and conversations that fail while they are sent or closed. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SendingTest {
    private static final long PATIENCE_NS = 4_000_000_000L;
    private static final int SHARDS = 6;
    private final Host host = Host.start(options(2));

    private static HostOptions options(int shards) {
        return HostOptions.defaults().withShards(shards).withOverprovisioned(true).withStallNs(0)
                .withCloseNs(PATIENCE_NS).withDevices(HostOptions.Devices.NO_FILES);
    }

    @AfterEach
    void stop() {
        host.close();
    }

    /** Echoes; fails where its first letter says. */
    private static final class Weak implements Conversation {
        private final Echo echo;
        private int failing;

        Weak(Server.Client client) {
            echo = new Echo(client);
        }

        @Override
        public int feed(Region in, int from, int to) {
            failing = in.u8(from);
            return echo.feed(in, from, to);
        }

        @Override
        public int status() {
            return failing == 'w' || failing == 'x' ? LATER : echo.status();
        }

        @Override
        public Region output() {
            return echo.output();
        }

        @Override
        public int outputFrom() {
            return echo.outputFrom();
        }

        @Override
        public int outputLength() {
            return echo.outputLength();
        }

        @Override
        public void sent(int bytes) {
            echo.sent(bytes);
            if (failing == 's') {
                throw new IllegalStateException("fails when it has sent");
            }
        }

        @Override
        public void close() {
            if (failing == 'c' || failing == 'x') {
                throw new IllegalStateException("fails when it is closed");
            }
        }
    }

    private Socket connect(Server server) throws IOException {
        Socket socket = new Socket(InetAddress.getLoopbackAddress(), server.port());
        socket.setSoTimeout(30_000);
        return socket;
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
    }

    private static void ask(Socket socket, String text) throws IOException {
        say(socket, text);
        String heard = new String(socket.getInputStream().readNBytes(text.length()), StandardCharsets.US_ASCII);
        assertEquals(text.toUpperCase(java.util.Locale.ROOT), heard);
    }

    private Server serve() {
        return Server.start(host, DevicesFixture.ANY, host.lane("serving", 1_000), in -> (int) (in.number() % 2),
                Weak::new);
    }

    private String errors() {
        return host.errors().entries().toString();
    }

    /** More than are sent together, at the same time, some of which fail and some of which have left. */
    @Test
    void whoFailsWhileItIsSentToTakesNoAnswerAway() throws Exception {
        Server server = serve();
        List<Socket> good = new ArrayList<>();
        for (int i = 0; i < 80; i++) {
            good.add(connect(server));
        }
        for (int round = 0; round < 5; round++) {
            Socket bad = connect(server);
            Socket gone = connect(server);
            for (int i = 0; i < good.size(); i++) {
                say(good.get(i), "good\n");
                if (i == 10) {
                    say(bad, "sent\n");
                    say(gone, "gone\n");
                    gone.setSoLinger(true, 0);
                    gone.close();
                }
            }
            for (Socket each : good) {
                assertEquals("GOOD\n", new String(each.getInputStream().readNBytes(5), StandardCharsets.US_ASCII));
            }
            bad.getInputStream().readAllBytes();   // it may have got its answer, and has got the end
            bad.close();
        }
        for (Socket each : good) {
            ask(each, "still there\n");
            each.close();
        }
        assertEquals(1, host.errors().entries().size(), errors());
        assertTrue(errors().contains("fails when it has sent"), errors());
    }

    @Test
    void whoFailsWhenItIsClosedKeepsNobodyOpen() throws Exception {
        Server server = serve();
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < 8; i++) {
            sockets.add(connect(server));
            ask(sockets.getLast(), i % 4 < 2 ? "close\n" : "x and wait\n");
        }
        host.close();
        for (Socket each : sockets) {
            assertEquals(-1, each.getInputStream().read());
            each.close();
        }
        assertTrue(errors().contains("fails when it is closed"), errors());
        assertEquals(1, host.errors().entries().size(), errors());
    }

    /** On each shard somebody waits for what never comes: patience is over for all of them at the same time. */
    @Test
    void patienceBeginsOnAllShardsAtTheSameTime() throws Exception {
        try (Host many = Host.start(options(SHARDS))) {
            Acceptor.Choice each = in -> (int) in.number() % SHARDS;
            Lane lane = many.lane("serving", 1_000);
            isPatientOnce(many, Server.start(many, DevicesFixture.ANY, lane, each, Weak::new).port());
        }
        try (Host many = Host.start(options(SHARDS))) {
            Acceptor.Choice each = in -> (int) in.number() % SHARDS;
            Lane lane = many.lane("serving", 1_000);
            isPatientOnce(many, Acceptor.tcp(many, DevicesFixture.ANY, lane, each, stream -> {
                Region said = new Region(Arena.ofAuto().allocate(100));
                while (stream.read(said, 0, 100) > 0) {
                    // For more, which does not come.
                }
            }).port());
        }
    }

    private static void isPatientOnce(Host many, int port) throws Exception {
        List<Socket> sockets = new ArrayList<>();
        for (int i = 0; i < SHARDS; i++) {
            sockets.add(new Socket(InetAddress.getLoopbackAddress(), port));
            say(sockets.getLast(), "wait\n");
        }
        long began = System.nanoTime();
        many.close();
        long took = System.nanoTime() - began;
        for (Socket socket : sockets) {
            socket.close();
        }
        assertTrue(took < PATIENCE_NS + 10_000_000_000L, took + " ns");
    }
}
