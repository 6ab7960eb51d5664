package eu.mikelangelo.examples.cache.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.examples.cache.Protocol;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Robustness, over sockets: clients that do wrong, a machine that runs short, clocks that step. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
@SuppressWarnings("try")   // some clients go before the end
class RobustTest {
    private static final String TOO_LARGE = "SERVER_ERROR object too large for cache\r\n";
    private static final String BAD = "CLIENT_ERROR bad command line format\r\n";

    @TempDir
    private Path folder;

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.ISO_8859_1);
    }

    private static void say(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(bytes(text));
    }

    private static String talk(Socket socket, String text, int expectedBytes) throws IOException {
        say(socket, text);
        return hear(socket, expectedBytes);
    }

    private static String hear(Socket socket, int bytes) throws IOException {
        return new String(socket.getInputStream().readNBytes(bytes), StandardCharsets.ISO_8859_1);
    }

    private static void answers(Socket socket, String text, String expected) throws IOException {
        assertEquals(expected, talk(socket, text, expected.length()), text.substring(0, Math.min(40, text.length())));
    }

    private static void isServed(Socket socket) throws IOException {
        answers(socket, "set w 0 0 2\r\nok\r\nget w\r\n", "STORED\r\nVALUE w 0 2\r\nok\r\nEND\r\n");
    }

    private static Thread inBackground(Socket socket, String text) {
        return Thread.ofPlatform().daemon().start(() -> {
            try {
                say(socket, text);
            } catch (IOException gone) {
                // That is this client's part.
                return;
            }
        });
    }

    /** Each pipelines a megabyte of requests for a hundred megabytes, and reads nothing. */
    @Test
    void clientsThatStopReadingCostABoundedAmount() throws Exception {
        try (Cache cache = new Cache(2, 32); Socket good = cache.socket()) {
            for (String key : new String[] {"a", "b", "c"}) {
                talk(good, "set " + key + " 0 0 10000\r\n" + "x".repeat(10_000) + "\r\n", 8);
            }
            List<Socket> slow = new ArrayList<>();
            for (int i = 0; i < 30; i++) {
                slow.add(cache.socket());
                inBackground(slow.get(i), "get a b c\r\n".repeat(100_000));
            }
            for (int i = 0; i < 200; i++) {
                isServed(good);
            }
            long kept = cache.host.run(() -> cache.server.kept().await()).stream().mapToLong(each -> each).sum();
            assertTrue(kept <= 30L * 256 * 1024, kept + " bytes of what 30 clients say");
            // One of them reads after all: 3 values an answer.
            int answer = 3 * (10_000 + 17) + 5 + 3 * 2;
            String first = hear(slow.getFirst(), 100 * answer);
            assertTrue(first.endsWith("x\r\nEND\r\n"), "whole answers");
            for (Socket socket : slow) {
                socket.setSoLinger(true, 0);
                socket.close();
            }
            good.close();
            cache.nothingIsLeft();
        }
    }

    @Test
    void aStalledRequestHoldsNobodyUp() throws Exception {
        try (Cache cache = new Cache(2, 32); Socket line = cache.socket(); Socket value = cache.socket();
                Socket large = cache.socket(); Socket good = cache.socket()) {
            say(line, "set line 0 ");
            say(value, "set value 0 0 20000\r\nhalf of");
            say(large, "set large 0 0 600000\r\n" + "x".repeat(500_000));
            for (int i = 0; i < 100; i++) {
                isServed(good);
            }
            assertEquals("STORED\r\n", talk(line, "0 1\r\nx\r\n", 8));
            assertEquals("STORED\r\n", talk(value, "y".repeat(20_000 - 7) + "\r\n", 8));
            assertEquals("STORED\r\n", talk(large, "x".repeat(100_000) + "\r\n", 8));
            // And one that is never ended.
            say(large, "set large 0 0 600000\r\n" + "x".repeat(500_000));
            for (Socket socket : new Socket[] {line, value, large, good}) {
                socket.close();
            }
            cache.nothingIsLeft();
        }
    }

    @Test
    void aHalfClosedClientHearsEverything() throws Exception {
        try (Cache cache = new Cache(3, 32); Socket socket = cache.socket()) {
            StringBuilder wishes = new StringBuilder("set big 0 0 300000\r\n" + "x".repeat(300_000) + "\r\n");
            StringBuilder answers = new StringBuilder("STORED\r\n");
            for (int i = 0; i < 5_000; i++) {
                wishes.append("set k").append(i).append(" 0 0 1\r\ny\r\nget k").append(i).append("\r\n");
                answers.append("STORED\r\nVALUE k").append(i).append(" 0 1\r\ny\r\nEND\r\n");
            }
            wishes.append("get big\r\nget k1");
            answers.append("VALUE big 0 300000\r\n").append("x".repeat(300_000)).append("\r\nEND\r\n");
            Thread writer = inBackground(socket, wishes.toString());
            Thread.ofPlatform().daemon().start(() -> {
                try {
                    writer.join();
                    socket.shutdownOutput();
                } catch (InterruptedException | IOException failed) {
                    throw new IllegalStateException(failed);
                }
            });
            String all = new String(socket.getInputStream().readAllBytes(), StandardCharsets.ISO_8859_1);
            assertEquals(answers.toString(), all);
            cache.nothingIsLeft();
        }
    }

    @Test
    void whatIsWrongIsRefusedAndTheConnectionGoesOn() throws Exception {
        String[][] wrong = {
            {"get " + "k".repeat(251) + "\r\n", BAD},
            {"set " + "k".repeat(251) + " 0 0 1\r\n", BAD},
            {"delete " + "k".repeat(251) + "\r\n", BAD},
            {"mg " + "k".repeat(251) + " v\r\n", BAD},
            {"set k 0 0 2000000\r\n" + "x".repeat(2_000_000) + "\r\n", TOO_LARGE},
            {"ms k 1048577\r\n" + "x".repeat(1_048_577) + "\r\n", TOO_LARGE},
            {"set k 0 0 -1\r\n", BAD},
            {"set k 0 0 4294967297\r\n", BAD},
            {"set k 0 0 99999999999999999999\r\n", BAD},
            {"set k 4294967296 0 1\r\n", BAD},
            {"ms k -5\r\n", BAD},
            {"incr k -1\r\n", "CLIENT_ERROR invalid numeric delta argument\r\n"},
            {"\r\n", "ERROR\r\n"},
            {"\0\1\2\377\r\n", "ERROR\r\n"},
            {"nonsense " + "x".repeat(1_000) + "\r\n", "ERROR\r\n"},
        };
        for (int shards : new int[] {1, 3}) {
            try (Cache cache = new Cache(shards, 16); Socket socket = cache.socket()) {
                for (String[] each : wrong) {
                    answers(socket, each[0], each[1]);
                    isServed(socket);
                }
                answers(socket, "set k 0 0 1\r\nx12", "CLIENT_ERROR bad data chunk\r\n");
                socket.close();
                cache.nothingIsLeft();
            }
        }
    }

    /** Lines without an end, noise of all kinds: whatever it is taken for, others are served and nothing is left. */
    @Test
    void noiseHurtsNobody() throws Exception {
        try (Cache cache = new Cache(2, 16); Socket good = cache.socket()) {
            for (int seed = 0; seed < 60; seed++) {
                Random random = new Random(seed);
                byte[] noise = new byte[1 + random.nextInt(seed % 10 == 0 ? 2_000_000 : 5_000)];
                random.nextBytes(noise);
                if (seed % 3 == 0) {
                    Arrays.fill(noise, (byte) (' ' + 1 + random.nextInt(90)));
                }
                try (Socket socket = cache.socket()) {
                    Thread reader = Thread.ofPlatform().daemon().start(() -> {
                        try {
                            socket.getInputStream().readAllBytes();
                        } catch (IOException gone) {
                            // It may be sent away.
                            return;
                        }
                    });
                    say(socket, seed % 2 == 0 ? "set k 0 0 7\r\n" : "ms k 3 ");
                    socket.getOutputStream().write(noise);
                    socket.shutdownOutput();
                    reader.join();
                } catch (IOException sentAway) {
                    continue;
                }
                isServed(good);
            }
            good.close();
            cache.nothingIsLeft();
        }
    }

    @Test
    void twoThousandConnectionsAtOnce() throws Exception {
        try (Cache cache = new Cache(2, 32)) {
            List<Socket> sockets = new ArrayList<>();
            for (int i = 0; i < 2_000; i++) {
                sockets.add(cache.socket());
                say(sockets.get(i), "set k" + i + " 0 0 4\r\n" + (1_000 + i) + "\r\nget k" + i + "\r\n");
            }
            for (int i = 0; i < sockets.size(); i++) {
                String expected = "STORED\r\nVALUE k" + i + " 0 4\r\n" + (1_000 + i) + "\r\nEND\r\n";
                assertEquals(expected, hear(sockets.get(i), expected.length()));
            }
            List<Integer> clients = cache.host.run(() -> cache.server.clients().await());
            assertEquals(2_000, clients.stream().mapToInt(Integer::intValue).sum());
            for (Socket socket : sockets) {
                socket.close();
            }
            cache.nothingIsLeft();
        }
    }

    /** More large values at once than there are buffers: all are kept, each client in its turn. */
    @Test
    void largeValuesWaitForABuffer() throws Exception {
        for (int shards : new int[] {1, 2}) {
            try (Cache cache = new Cache(shards, 256)) {
                int clients = 60;
                String value = "v".repeat(700_000);
                Thread[] all = new Thread[clients];
                AtomicLong right = new AtomicLong();
                for (int i = 0; i < clients; i++) {
                    String key = "k" + i;
                    all[i] = Thread.ofPlatform().daemon().start(() -> {
                        try (Socket socket = cache.socket()) {
                            String expected = "VALUE " + key + " 0 700000\r\n" + value + "\r\nEND\r\n";
                            right.addAndGet("STORED\r\n".equals(talk(socket, "set " + key + " 0 0 700000\r\n" + value
                                    + "\r\n", 8)) ? 1 : 0);
                            right.addAndGet(expected.equals(talk(socket, "get " + key + "\r\n", expected.length()))
                                    ? 1 : 0);
                        } catch (IOException failed) {
                            throw new IllegalStateException(failed);
                        }
                    });
                }
                for (Thread each : all) {
                    each.join();
                }
                assertEquals(2L * clients, right.get(), "stored and read");
                cache.nothingIsLeft();
            }
        }
    }

    /** Those who have all the buffers neither send nor read: who waits is refused in the end, and nobody is stuck. */
    @Test
    void whoWaitsInVainIsTold() throws Exception {
        try (Cache cache = new Cache(1, 64)) {
            List<Socket> stalled = new ArrayList<>();
            String set = "set large 0 0 600000\r\n";
            try (Socket good = cache.socket()) {
                for (int i = 0; i < 16; i++) {
                    stalled.add(cache.socket());
                    say(stalled.get(i), set + "x".repeat(400_000));
                }
                while (cache.host.run(() -> cache.server.leaks().await()).stream()
                        .noneMatch("16 large buffers"::equals)) {
                    Thread.sleep(2);
                }
                Thread writer = inBackground(good, set + "x".repeat(600_000) + "\r\nversion\r\n");
                String refused = "SERVER_ERROR out of memory storing object\r\nVERSION ";
                assertEquals(refused, hear(good, refused.length()));
                writer.join();
                assertTrue(cache.host.run(() -> cache.server.waited().await()).getFirst() > 0, "it has waited");
                hear(good, (Protocol.VERSION + "\r\n").length());
                isServed(good);
                // One who has a buffer goes: the next who waits has it.
                Thread again = inBackground(good, set + "x".repeat(600_000) + "\r\n");
                stalled.removeFirst().close();
                assertEquals("STORED\r\n", hear(good, 8));
                again.join();
            }
            for (Socket socket : stalled) {
                socket.close();
            }
            cache.nothingIsLeft();
        }
    }

    /** Values live as long as they were to live by a clock that never steps; Unix times go by the wall clock. */
    @Test
    void theWallClockMayStep() throws Exception {
        AtomicLong wall = new AtomicLong(1_800_000_000_000L);
        try (Cache cache = new Cache(1, 16, wall::get); Socket socket = cache.socket()) {
            talk(socket, "set long 0 1000 1\r\nx\r\n", 8);
            talk(socket, "set short 0 3 1\r\nx\r\n", 8);
            long day = 86_400;
            wall.addAndGet(day * 1_000);
            awaitTime(socket, wall.get() / 1_000);
            assertEquals("HD s1\r\n", talk(socket, "mg long s\r\n", 7), "a clock set forward ages nothing");
            long soon = wall.get() / 1_000 + 500;
            talk(socket, "set then 0 " + soon + " 1\r\nx\r\n", 8);
            String left = talk(socket, "mg then t\r\n", 9);
            assertTrue(left.matches("HD t(500|49[0-9])\r\n"), left);
            wall.addAndGet(-30 * day * 1_000);
            awaitTime(socket, wall.get() / 1_000);
            assertEquals("HD s1\r\n", talk(socket, "mg then s\r\n", 7), "nor does one set back");
            String answer = "HD s1\r\n";
            for (long end = System.nanoTime() + 20_000_000_000L; !answer.startsWith("EN") && System.nanoTime() < end;
                    Thread.sleep(20)) {
                say(socket, "mg short s\r\n");
                answer = hear(socket, 4);
                answer += answer.startsWith("EN") ? "" : hear(socket, 3);
            }
            assertEquals("EN\r\n", answer, "it expires though the clock was set back");
        }
    }

    private static void awaitTime(Socket socket, long seconds) throws Exception {
        for (long end = System.nanoTime() + 20_000_000_000L; System.nanoTime() < end; Thread.sleep(5)) {
            say(socket, "stats\r\n");
            StringBuilder stats = new StringBuilder();
            while (!stats.toString().endsWith("END\r\n")) {
                stats.append((char) socket.getInputStream().read());
            }
            if (stats.toString().contains("STAT time " + seconds + "\r\n")) {
                return;
            }
        }
        throw new AssertionError("the server does not know that it is " + seconds);
    }

    /** A process that may have 100 descriptors and is asked for 150: it waits without burning time, and goes on. */
    @Test
    void withoutDescriptorsAcceptingWaits() throws Exception {
        try (CacheProcess cache = new CacheProcess(folder, 100, "--shards", "2", "--stall-ms", "0");
                Socket good = cache.socket()) {
            // Keys of both shards and a farewell, for classes that lie in files are loaded when they are first needed.
            for (int i = 0; i < 20; i++) {
                answers(good, "set k" + i + " 0 0 1\r\nx\r\n", "STORED\r\n");
                try (Socket brief = cache.socket()) {
                    answers(brief, "set k 0 0 1\r\nx\r\nquit\r\n", "STORED\r\n");
                }
            }
            List<Socket> more = new ArrayList<>();
            for (int i = 0; i < 150; i++) {
                more.add(cache.socket());   // the kernel takes it; the server will
            }
            Thread.sleep(500);
            double before = cache.cpuSeconds();
            long since = System.nanoTime();
            for (int i = 0; i < 20; i++) {
                isServed(good);
                Thread.sleep(50);
            }
            double share = (cache.cpuSeconds() - before) / ((System.nanoTime() - since) / 1e9);
            assertTrue(share < 0.3, "a share of " + share + " of a core for doing nothing");
            while (more.size() > 20) {
                more.removeFirst().close();
            }
            for (Socket socket : more) {
                isServed(socket);
                socket.close();
            }
            assertEquals(143, cache.terminate());
            String said = cache.errors();
            assertEquals(1, said.split("no descriptor for a new connection", -1).length - 1, said);
            assertTrue(said.matches("(?s).*no descriptor for a new connection: EMFILE"
                    + "( \\([2-9] times since [^)]*\\))?\\s*"), said);
        }
    }

    /** Clients that never wait for an answer each count up a number: every answer comes, whole and in order. */
    @Test
    void sigtermUnderLoadLosesNoAnswer() throws Exception {
        try (CacheProcess cache = new CacheProcess(folder, 0, "--shards", "2", "--stall-ms", "0")) {
            AtomicLong answers = new AtomicLong();
            List<Thread> readers = new ArrayList<>();
            List<Throwable> wrong = java.util.Collections.synchronizedList(new ArrayList<>());
            for (int i = 0; i < 8; i++) {
                Socket socket = cache.socket();
                String incr = "incr n" + i + " 1\r\n";
                assertEquals("STORED\r\n", talk(socket, "set n" + i + " 0 0 1\r\n0\r\n", 8));
                Thread writer = inBackground(socket, incr.repeat(2_000_000));
                readers.add(Thread.ofPlatform().daemon().start(() -> {
                    try {
                        count(socket, answers);
                        writer.join();
                    } catch (Throwable failed) {
                        wrong.add(failed);
                    }
                }));
            }
            while (answers.get() < 50_000) {
                Thread.sleep(1);
            }
            assertEquals(143, cache.terminate());
            for (Thread reader : readers) {
                reader.join();
            }
            assertEquals(List.of(), wrong);
            assertEquals(1, cache.errors().lines().count(), cache.errors());   // which says what it is
        }
    }

    /** Reads 1, 2, 3 and so on, each on a line, until the end. */
    private static void count(Socket socket, AtomicLong answers) throws IOException {
        try (socket; var in = new java.io.BufferedInputStream(socket.getInputStream())) {
            long next = 1;
            StringBuilder line = new StringBuilder();
            for (int c = in.read(); c >= 0; c = in.read()) {
                line.append((char) c);
                if (c == '\n') {
                    assertEquals(next + "\r\n", line.toString().stripLeading());
                    next++;
                    answers.incrementAndGet();
                    line.setLength(0);
                }
            }
            assertEquals("", line.toString(), "an answer in part");
        }
    }

    @Test
    void unixSocketsHaveAModeAndReplaceTheDead() throws Exception {
        Path path = folder.resolve("cache.sock");
        String[] options = {"--shards", "2", "--unix", path.toString(), "--unix-mode", "640"};
        try (CacheProcess first = new CacheProcess(folder, 0, options)) {
            assertEquals(path.toString(), first.where);
            assertEquals("rw-r-----", java.nio.file.attribute.PosixFilePermissions.toString(
                    Files.getPosixFilePermissions(path)));
            assertEquals("STORED\r\nVALUE a 0 1\r\nx\r\nEND\r\n", unix(path, "set a 0 0 1\r\nx\r\nget a\r\n"));
            IOException second = assertThrows(IOException.class, () -> new CacheProcess(folder, 0, options));
            assertTrue(second.getMessage().contains("somebody listens at"), second.getMessage());
            assertEquals("VALUE a 0 1\r\nx\r\nEND\r\n", unix(path, "get a\r\n"));
            first.process.destroyForcibly().waitFor();
        }
        assertTrue(Files.exists(path), "left behind by the dead");
        try (CacheProcess next = new CacheProcess(folder, 0, options)) {
            assertEquals("END\r\n", unix(path, "get a\r\n"));
            assertEquals(143, next.terminate());
        }
        assertTrue(Files.notExists(path), "removed at the end");
        Files.writeString(path, "dear");
        assertThrows(IOException.class, () -> new CacheProcess(folder, 0, options));
        assertEquals("dear", Files.readString(path), "no socket, so not ours to replace");
    }

    private static String unix(Path path, String text) throws IOException {
        try (var channel = java.nio.channels.SocketChannel.open(java.net.StandardProtocolFamily.UNIX)) {
            channel.connect(java.net.UnixDomainSocketAddress.of(path));
            channel.write(java.nio.ByteBuffer.wrap(bytes(text)));
            channel.shutdownOutput();
            return new String(java.nio.channels.Channels.newInputStream(channel).readAllBytes(),
                    StandardCharsets.ISO_8859_1);
        }
    }

    @Test
    void theShardWithTheFewestTakesTheNext() throws Exception {
        try (CacheProcess cache = new CacheProcess(folder, 0, "--shards", "2", "--spread", "least")) {
            for (int i = 0; i < 4; i++) {
                try (Socket socket = cache.socket()) {
                    isServed(socket);
                }
            }
            try (Socket late = CacheProcess.patient(new Socket())) {
                late.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), cache.port()));
                isServed(late);
            }
            assertEquals(143, cache.terminate());
        }
    }
}
