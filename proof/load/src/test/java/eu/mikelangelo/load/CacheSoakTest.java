package eu.mikelangelo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.examples.cache.server.CacheServer;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Load on three shards while connections are torn down at random and lanes get other shares all the time; at the end
 * nothing is left. {@code -Dmike.soak.minutes=N} (10), {@code -Dmike.soak.seed=N}.
 */
@Tag("soak")
class CacheSoakTest {
    private static final int MINUTES = Integer.getInteger("mike.soak.minutes", 10);
    private static final long SEED = Long.getLong("mike.soak.seed", System.nanoTime());

    @TempDir
    private Path folder;

    @Test
    void nothingIsLeftAfterKillsAndLaneChanges() throws Exception {
        System.out.println("cache soak: " + MINUTES + " minutes, seed " + SEED);
        try (Host host = Host.start(HostOptions.defaults().withName("soak").withShards(3).withOverprovisioned(true)
                .withStallNs(0))) {
            // Two, for a load checks what it reads, and each has values of its own.
            CacheServer small = start(host);
            CacheServer large = start(host);
            int files = openFiles();
            List<Process> loads = new ArrayList<>();
            // Pipelined and one at a time; values that travel in a trip's own memory and such that do not.
            loads.add(load(small.port(), "small", "--connections", "40", "--pipeline", "32", "--value", "64",
                    "--rate", "4000", "--kill", "20"));
            // A shard has 16 buffers for large values under way; eight clients never need more.
            loads.add(load(large.port(), "large", "--connections", "8", "--value", "100000", "--keys", "500",
                    "--rate", "1000", "--kill", "5"));
            shuffleLanes(host, loads);
            String said = Files.readString(folder.resolve("small")) + Files.readString(folder.resolve("large"));
            System.out.println(said);
            for (Process load : loads) {
                assertEquals(0, load.exitValue(), "a load found a wrong answer or lost a connection: " + said);
            }
            nothingIsLeft(host, List.of(small, large), files);
        }
    }

    private static CacheServer start(Host host) {
        return CacheServer.start(host, new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 96L << 20);
    }

    private Process load(int port, String name, String... more) throws IOException {
        List<String> words = new ArrayList<>(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(),
                "--enable-native-access=ALL-UNNAMED", "-Xmx256m", "-cp", System.getProperty("java.class.path"),
                "eu.mikelangelo.load.LoadMain", "--port", String.valueOf(port), "--seed",
                String.valueOf(SEED & 0xffff), "--poisson",
                "--seconds", String.valueOf(TimeUnit.MINUTES.toSeconds(MINUTES))));
        words.addAll(List.of(more));
        return new ProcessBuilder(words).redirectErrorStream(true)
                .redirectOutput(folder.resolve(name).toFile()).start();
    }

    private static void shuffleLanes(Host host, List<Process> loads) throws InterruptedException {
        Random random = new Random(SEED);
        long deadline = System.nanoTime() + TimeUnit.MINUTES.toNanos(MINUTES + 5);
        while (loads.stream().anyMatch(Process::isAlive)) {
            host.lane("clients", 1 + random.nextInt(1_000));
            host.lane("other " + random.nextInt(3), 1 + random.nextInt(1_000));
            Thread.sleep(20);
            assertTrue(System.nanoTime() < deadline, "a load does not end");
        }
    }

    private static void nothingIsLeft(Host host, List<CacheServer> servers, int files) throws InterruptedException {
        List<String> left = List.of("?");
        for (int i = 0; i < 500 && !left.isEmpty(); i++) {
            Thread.sleep(10);
            left = new ArrayList<>();
            for (CacheServer server : servers) {
                left.addAll(host.run(() -> server.leaks().await()));
            }
            if (openFiles() != files) {
                left.add(openFiles() - files + " descriptors");
            }
            for (int shard = 0; shard < host.size(); shard++) {
                var asked = host.shard(shard);
                int fibers = host.outside(shard).call(asked::fibers).join() - 1;   // the one that asks
                if (fibers != 0) {
                    left.add(fibers + " fibers on shard " + shard);
                }
            }
        }
        assertEquals(List.of(), left);
        assertEquals(List.of(), host.errors().entries());
    }

    private static int openFiles() {
        String[] files = new File("/proc/self/fd").list();
        return files == null ? 0 : files.length;
    }
}
