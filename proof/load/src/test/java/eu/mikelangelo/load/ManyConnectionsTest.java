package eu.mikelangelo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * 20,000 connections to the cache at once (less what a process needs itself where its limit is 20,000), each end in a
 * process of its own.
 */
@Tag("system")
class ManyConnectionsTest {
    private static final int CONNECTIONS = 20_000;
    /** Descriptors that a process needs besides. */
    private static final int OTHERS = 200;
    private static final int WANTED = CONNECTIONS + OTHERS;

    @TempDir
    private Path folder;

    @Test
    void twentyThousandAtOnceAreServed() throws Exception {
        int descriptors = descriptors();
        int connections = descriptors - OTHERS;
        System.out.println(connections + " connections");
        Path errors = folder.resolve("errors");
        Process cache = java(descriptors, "eu.mikelangelo.examples.cache.server.CacheMain", "--port", "0",
                "--overprovisioned", "--shards", "2", "--stall-ms", "0").redirectError(errors.toFile()).start();
        try (BufferedReader said = cache.inputReader()) {
            String line = said.readLine();
            assertTrue(line != null && line.contains("listening on"), line + Files.readString(errors));
            String port = line.substring(line.lastIndexOf(':') + 1);
            Path result = folder.resolve("result");
            Process load = java(descriptors, "eu.mikelangelo.load.LoadMain", "--port", port, "--connections",
                    String.valueOf(connections), "--rate", "20000", "--keys", "1000", "--warmup", "2", "--seconds",
                    "4", "--json").redirectErrorStream(true).redirectOutput(result.toFile()).start();
            try {
                assertTrue(load.waitFor(3, TimeUnit.MINUTES), "the load does not end");
            } finally {
                load.destroyForcibly();
            }
            System.out.println(Files.readString(result).strip());
            assertEquals(0, load.exitValue(), Files.readString(result));
            cache.toHandle().destroy();
            assertTrue(cache.waitFor(1, TimeUnit.MINUTES), "it ends when told to");
            assertEquals(143, cache.exitValue());
            assertEquals(1, Files.readString(errors).lines().count(), Files.readString(errors));
        } finally {
            cache.destroyForcibly();
        }
    }

    /** As many as are wanted, or as we may have where we may not raise the limit: 20,000 in some containers. */
    private static int descriptors() throws Exception {
        if (new ProcessBuilder("prlimit", "--nofile=" + WANTED + ":" + WANTED, "true").start().waitFor() == 0) {
            return WANTED;
        }
        Process asked = new ProcessBuilder("sh", "-c", "ulimit -Hn").start();
        int hard = Integer.parseInt(new String(asked.getInputStream().readAllBytes()).strip());
        assumeTrue(hard >= CONNECTIONS, "only " + hard + " descriptors for a process");
        return hard;
    }

    private static ProcessBuilder java(int descriptors, String main, String... options) throws IOException {
        List<String> words = new ArrayList<>(List.of("prlimit",
                "--nofile=" + descriptors + ":" + descriptors,
                Path.of(System.getProperty("java.home"), "bin/java").toString(), "-Xmx512m", "-XX:+UseSerialGC",
                "--enable-native-access=ALL-UNNAMED", "--add-opens", "java.base/java.lang=ALL-UNNAMED",
                "-cp", System.getProperty("java.class.path"), main));
        words.addAll(List.of(options));
        return new ProcessBuilder(words);
    }
}
