package eu.mikelangelo.examples.cache.server;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.examples.cache.Dialogue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.Future;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestFactory;

/** The whole server over sockets, with one shard and with several. */
class CacheServerTest {
    @TestFactory
    List<DynamicTest> answersAsRecorded() throws IOException {
        List<DynamicTest> all = new ArrayList<>();
        for (Dialogue d : Dialogue.all()) {
            for (int shards : new int[] {1, 3}) {
                all.add(DynamicTest.dynamicTest(shards + " shards, " + d.name(), () -> {
                    try (Cache cache = new Cache(shards, 12)) {
                        assertEquals(d.expected(), cache.ask(d.sent()));
                        cache.nothingIsLeft();
                    }
                }));
            }
        }
        return all;
    }

    @Test
    void severalShardsKeepWhatOneWould() throws Exception {
        try (Cache cache = new Cache(3, 64); Socket socket = cache.socket()) {
            Random random = new Random(5);
            Map<String, String> model = new HashMap<>();
            for (int i = 0; i < 3_000; i++) {
                String key = "key" + random.nextInt(200);
                if (random.nextInt(3) == 0) {
                    // Small, just beyond what travels in a trip's own memory, and as large as they come.
                    int[] sizes = {random.nextInt(100), 5_000, 70_000, i % 100 == 0 ? 1_000_000 : 9};
                    int bytes = sizes[random.nextInt(4)];
                    String value = String.valueOf((char) ('a' + i % 26)).repeat(bytes);
                    String set = "set " + key + " 0 0 " + bytes + "\r\n" + value + "\r\n";
                    assertEquals("STORED\r\n", talk(socket, set, 8));
                    model.put(key, value);
                } else {
                    String value = model.get(key);
                    String expected = value == null ? "END\r\n"
                            : "VALUE " + key + " 0 " + value.length() + "\r\n" + value + "\r\nEND\r\n";
                    assertEquals(expected, talk(socket, "get " + key + "\r\n", expected.length()));
                }
            }
            String stats = cache.ask("stats\r\n");
            assertTrue(stats.contains("STAT curr_items " + model.size() + "\r\n"), stats);
            assertTrue(stats.contains("STAT curr_connections 2\r\n"), stats);
            assertEquals("OK\r\n", talk(socket, "flush_all\r\n", 4));
            assertEquals("END\r\n", talk(socket, "get " + String.join(" ", model.keySet()) + "\r\n", 5));
            talk(socket, "quit\r\n", 0);
            cache.nothingIsLeft();
        }
    }

    private static String talk(Socket socket, String text, int expectedBytes) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.ISO_8859_1));
        return new String(socket.getInputStream().readNBytes(expectedBytes), StandardCharsets.ISO_8859_1);
    }

    @Test
    void aClientThatDoesNotReadHoldsNobodyUp() throws Exception {
        try (Cache cache = new Cache(2, 64)) {
            slowly(cache);
            cache.nothingIsLeft();
        }
    }

    private static void slowly(Cache cache) throws Exception {
        try (Socket slow = cache.socket()) {
            cache.ask("set large 0 0 500000\r\n" + "x".repeat(500_000) + "\r\n");
            Thread.ofPlatform().daemon().start(() -> {
                byte[] wish = "get large\r\n".repeat(1_000).getBytes(StandardCharsets.US_ASCII);
                try {
                    slow.getOutputStream().write(wish);
                } catch (IOException gone) {
                    return;
                }
            });
            Thread.sleep(200);
            for (int i = 0; i < 50; i++) {
                assertEquals("STORED\r\nVALUE k 0 1\r\n1\r\nEND\r\n", cache.ask("set k 0 0 1\r\n1\r\nget k\r\n"));
            }
            // It reads after all: everything comes, in order.
            InputStream in = slow.getInputStream();
            int one = "VALUE large 0 500000\r\n".length() + 500_000 + "\r\nEND\r\n".length();
            for (int i = 0; i < 20; i++) {
                String answer = new String(in.readNBytes(one), StandardCharsets.US_ASCII);
                assertTrue(answer.startsWith("VALUE large") && answer.endsWith("\r\nEND\r\n"), "answer " + i);
            }
            slow.setSoLinger(true, 0);
        }
    }

    @Test
    void connectionsTornDownInMidFlightLeaveNothing() throws Exception {
        try (Cache cache = new Cache(3, 64); var pool = Executors.newFixedThreadPool(8)) {
            List<Future<?>> clients = new ArrayList<>();
            for (int c = 0; c < 8; c++) {
                Random random = new Random(c);
                clients.add(pool.submit(() -> {
                    for (int i = 0; i < 40; i++) {
                        tornDown(cache, random);
                    }
                    return null;
                }));
            }
            for (Future<?> client : clients) {
                client.get();
            }
            cache.nothingIsLeft();
        }
    }

    private static void tornDown(Cache cache, Random random) throws IOException {
        try (Socket socket = cache.socket()) {
            socket.setSoLinger(random.nextBoolean(), 0);
            socket.setSoTimeout(50);   // what was cut off may be just what would have been answered
            ByteArrayOutputStream wishes = new ByteArrayOutputStream();
            for (int i = 0; i < 50; i++) {
                int bytes = random.nextInt(10) == 0 ? 100_000 : random.nextInt(2_000);
                String set = "set k" + random.nextInt(100) + " 0 0 " + bytes + "\r\n" + "v".repeat(bytes) + "\r\n";
                String get = "get k" + random.nextInt(100) + " k" + random.nextInt(100) + "\r\n";
                wishes.writeBytes((set + get).getBytes(StandardCharsets.US_ASCII));
            }
            byte[] all = wishes.toByteArray();
            socket.getOutputStream().write(all, 0, random.nextInt(all.length));
            socket.getInputStream().readNBytes(random.nextInt(1_000));
        } catch (IOException reset) {
            // Just what this test is about.
            return;
        }
    }
}
