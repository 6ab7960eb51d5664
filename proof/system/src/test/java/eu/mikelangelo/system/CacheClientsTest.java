package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * examples/cache as other people's clients see it: libmemcached's capability test and pymemcache's own integration
 * tests, taken from Debian's packages and unpacked into a folder of ours; nothing is installed.
 */
@Tag("boot") // of no machine, but it needs the network
class CacheClientsTest {
    private static final Path FOLDER = Mike.ROOT.resolve("build/t/clients");
    private static final Path LIBRARIES = FOLDER.resolve("usr/lib/x86_64-linux-gnu");
    private static final Path PYTHON = FOLDER.resolve("usr/lib/python3/dist-packages");
    private static final List<String> PACKAGES = List.of("libmemcached-tools", "libmemcached11", "libmemcachedutil2",
            "libhashkit2", "libsasl2-2", "libevent-2.1-7", "python3-pymemcache", "python3-six", "python3-pytest",
            "python3-pluggy", "python3-iniconfig", "python3-attr", "python3-packaging");
    private static final int MOST_MINUTES = 5;

    @BeforeAll
    static void unpack() throws Exception {
        Files.createDirectories(FOLDER);
        for (String name : PACKAGES) {
            run(Map.of(), "sh", "-c", "ls " + name + "_*.deb 2> /dev/null || apt-get -qq download " + name);
            run(Map.of(), "sh", "-c", "dpkg-deb -x " + name + "_*.deb .");
        }
    }

    @ParameterizedTest
    @ValueSource(ints = {1, 3})
    void otherPeoplesClientsAreContent(int shards) throws Exception {
        Process cache = new ProcessBuilder("bash", "./do", "example", "cache", "--port", "0", "--overprovisioned",
                "--shards", String.valueOf(shards)).directory(Mike.ROOT.toFile())
                .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        try (BufferedReader said = cache.inputReader(StandardCharsets.UTF_8)) {
            String line = said.readLine();
            assertTrue(line != null && line.startsWith("cache: listening on 127.0.0.1:"), line);
            String port = line.substring(line.lastIndexOf(':') + 1);
            String capable = run(Map.of("LD_LIBRARY_PATH", LIBRARIES.toString()), "usr/bin/memccapable", "-a", "-h",
                    "127.0.0.1", "-p", port);
            assertTrue(capable.contains("All tests passed"), capable);
            // Without test_tls: we do not speak TLS, nor does memcached as Debian starts it.
            String python = run(Map.of("PYTHONPATH", PYTHON.toString(), "PYTHONDONTWRITEBYTECODE", "1"),
                    "/usr/bin/python3", "-m", "pytest", "-q", "-p", "no:cacheprovider", "--rootdir", FOLDER.toString(),
                    "-k", "not tls",
                    PYTHON.resolve("pymemcache/test/test_integration.py").toString(),
                    "--server", "127.0.0.1", "--port", port);
            assertTrue(python.contains(" passed") && !python.contains("failed"), python);
            cache.destroy();
            assertTrue(cache.waitFor(1, TimeUnit.MINUTES), "it ends when told to");
            assertEquals(143, cache.exitValue());
        } finally {
            cache.destroyForcibly();
        }
    }

    private static String run(Map<String, String> environment, String... words)
            throws IOException, InterruptedException {
        Path out = Files.createTempFile(FOLDER, "run", ".log");
        ProcessBuilder builder = new ProcessBuilder(words).directory(FOLDER.toFile()).redirectErrorStream(true)
                .redirectOutput(out.toFile());
        builder.environment().putAll(environment);
        Process process = builder.start();
        try {
            assertTrue(process.waitFor(MOST_MINUTES, TimeUnit.MINUTES), List.of(words) + " goes on and on");
            String said = Files.readString(out);
            assertEquals(0, process.exitValue(), List.of(words) + "\n" + said);
            return said;
        } finally {
            process.destroyForcibly();
            Files.delete(out);
        }
    }
}
