package eu.mikelangelo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import eu.mikelangelo.examples.cache.server.CacheServer;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.IntFunction;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** Whole runs, short ones. Nothing here depends on how fast the machine is. */
class LoadTest {
    private Host host;

    /** The cache on one shard, as its users start it. */
    private int cache() {
        host = Host.start(HostOptions.defaults().withName("load-test").withShards(1).withOverprovisioned(true)
                .withStallNs(0));
        return CacheServer.start(host, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 32 << 20).port();
    }

    @AfterEach
    void stop() {
        if (host != null) {
            host.close();
            assertEquals(List.of(), host.errors().entries());
        }
    }

    private static Report run(int port, String options) throws IOException {
        String all = "--port " + port + " --warmup 0.1 --seconds 0.25 --keys 500 " + options;
        try (Load load = new Load(LoadOptions.parse(all.strip().split(" +")))) {
            return load.run();
        }
    }

    private static void clean(Report report) {
        Tally tally = report.tally();
        assertTrue(tally.clean(), report.json());
        assertEquals(0, tally.misses, report.json());
        assertTrue(report.operations() > 100, report.json());
        assertEquals(tally.gets, tally.hits);
    }

    @Test
    void closedAndOpenLoopsGetRightAnswers() throws IOException {
        int port = cache();
        clean(run(port, "--connections 10"));
        clean(run(port, "--connections 3 --pipeline 50 --get-share 0.5 --zipf 1.1"));
        clean(run(port, "--connections 2 --value 30000 --pipeline 4 --keys 50"));
        Report open = run(port, "--connections 10 --rate 1600 --poisson");
        clean(open);
        long due = open.operations() + open.tally().unsent;
        assertTrue(due > 200 && due < 900, "about 400 were due: " + open.json());
        assertEquals(due, open.tally().latencies.count(), open.operations() * 0.5);
    }

    @Test
    void killedConnectionsAreReplacedAndNotCountedAsErrors() throws IOException {
        Report report = run(cache(), "--connections 20 --pipeline 4 --kill 400");
        clean(report);
        assertTrue(report.tally().kills > 20, report.json());
    }

    @Test
    void aLieIsNoticed() throws IOException {
        String honest = "END\r\n";
        lie(n -> n == 5 ? "VALUE key-000000999 0 64\r\n" + "x".repeat(64) + "\r\nEND\r\n" : honest, 1, 0);
        lie(n -> n == 5 ? "SERVER_ERROR out of memory\r\n" : honest, 0, 1);
        lie(n -> n == 5 ? "wrong\r\n" : honest, 1, 0);
        lie(n -> n == 5 ? "END\r\nEND\r\n" : honest, 1, 0);
        lie(n -> n == 5 ? "VALUE key-000000001 0 65\r\n" + "x".repeat(65) + "\r\nEND\r\n" : honest, 1, 0);
    }

    private static void lie(IntFunction<String> answers, long wrong, long errors) throws IOException {
        try (FakeServer server = new FakeServer(answers)) {
            Report report = run(server.port(), "--connections 1 --get-share 1 --no-fill --warmup 0 --seconds 0.15");
            assertTrue(report.tally().wrong >= wrong && report.tally().errors >= errors, report.json());
            assertTrue(!report.tally().clean() && report.tally().firstComplaint != null);
        }
    }

    @Test
    void aStallIsSeenByEveryOperationThatWasDue() throws IOException {
        // One answer takes 200 ms: in an open loop everything due meanwhile has waited, and must say so.
        try (FakeServer server = new FakeServer(n -> {
            if (n == 50) {
                try {
                    Thread.sleep(200);
                } catch (InterruptedException stop) {
                    Thread.currentThread().interrupt();
                }
            }
            return "END\r\n";
        })) {
            Report report = run(server.port(),
                    "--connections 1 --get-share 1 --no-fill --warmup 0 --rate 500 --seconds 0.4");
            Latencies latencies = report.tally().latencies;
            assertTrue(latencies.max() > 190_000_000L, report.json());
            assertTrue(latencies.quantile(0.7) > 25_000_000L, "half of the schedule was late: " + report.json());
        }
    }

    @Test
    void nothingIsAllocatedInTheLoop() throws IOException {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        int port = cache();
        long id = Thread.currentThread().threadId();
        run(port, "--connections 10 --pipeline 20");
        long before = threads.getThreadAllocatedBytes(id);
        Report brief = run(port, "--connections 10 --pipeline 20 --seconds 0.1");
        long briefBytes = threads.getThreadAllocatedBytes(id) - before;
        before = threads.getThreadAllocatedBytes(id);
        Report lasting = run(port, "--connections 10 --pipeline 20 --seconds 0.8");
        long lastingBytes = threads.getThreadAllocatedBytes(id) - before;
        long more = lasting.operations() - brief.operations();
        assertTrue(more > 1_000, lasting.json());
        assertTrue(lastingBytes - briefBytes < more / 10 + 20_000, lastingBytes - briefBytes + " bytes more for "
                + more + " operations");
    }

    @Test
    void aBatchAnswersEachLineAndMeasuresTheServer() throws IOException {
        String line = "--port " + cache() + " --warmup 0 --seconds 0.15 --keys 50 --connections 2";
        String lines = line + " --server-pid " + ProcessHandle.current().pid() + "\n--bogus\n"
                + line + " --server-pid " + (1 << 22) + "\n" + line + "\n";
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        assertEquals(1, LoadMain.batch(new ByteArrayInputStream(lines.getBytes()), new PrintStream(out)));
        String[] answers = out.toString().split("\n");
        assertEquals(4, answers.length, out.toString());
        assertTrue(answers[0].matches(".*\"serverCpu\":(?!0\\.0{9})[0-9.]+,.*"), answers[0]);
        assertTrue(answers[1].startsWith("{\"failed\":\"unknown option --bogus"), answers[1]);
        assertTrue(answers[2].startsWith("{\"failed\":\"no process"), answers[2]);
        assertTrue(answers[3].contains("\"serverCpu\":0.000000000,"), answers[3]);
    }

    @Test
    void nobodyThereIsSaid() {
        IOException failed = assertThrows(IOException.class, () -> run(free(), ""));
        assertTrue(failed.getMessage().contains("ECONNREFUSED"), failed.getMessage());
    }

    private static int free() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    @Test
    @Tag("boot")
    void memcachedAnswersToo() throws Exception {
        int port = free();
        Process memcached = new ProcessBuilder("memcached", "-u", "nobody", "-p", "" + port, "-U", "0", "-l",
                "127.0.0.1", "-t", "1").redirectErrorStream(true).redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start();
        try {
            for (int i = 0; i < 100 && !listens(port); i++) {
                TimeUnit.MILLISECONDS.sleep(50);
            }
            clean(run(port, "--connections 20 --pipeline 8"));
            clean(run(port, "--connections 20 --rate 1000 --kill 100"));
        } finally {
            memcached.destroy();
            memcached.waitFor();
        }
    }

    private static boolean listens(int port) {
        try (var socket = new java.net.Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }
}
