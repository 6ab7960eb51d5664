package eu.mikelangelo.examples.cache.server;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/** The cache as its users start it, in a process of its own. */
final class CacheProcess implements AutoCloseable {
    final Process process;
    final String where;
    private final Path errors;

    /** @param descriptors how many it may have, 0 for as many as we */
    CacheProcess(Path folder, int descriptors, String... options) throws IOException {
        List<String> words = new ArrayList<>();
        if (descriptors > 0) {
            words.addAll(List.of("prlimit", "--nofile=" + descriptors + ":" + descriptors));
        }
        words.addAll(List.of(Path.of(System.getProperty("java.home"), "bin/java").toString(), "-Xmx256m",
                "-XX:+UseSerialGC", "--enable-native-access=ALL-UNNAMED", "--add-opens",
                "java.base/java.lang=ALL-UNNAMED", "-cp", System.getProperty("java.class.path"),
                CacheMain.class.getName(), "--overprovisioned", "--port", "0"));
        words.addAll(List.of(options));
        errors = folder.resolve("errors");
        process = new ProcessBuilder(words).redirectError(errors.toFile()).start();
        BufferedReader said = process.inputReader();
        String line = said.readLine();
        if (line == null || !line.startsWith("cache: listening on ")) {
            throw new IOException(line + Files.readString(errors));
        }
        where = line.substring("cache: listening on ".length());
    }

    int port() {
        return Integer.parseInt(where.substring(where.lastIndexOf(':') + 1));
    }

    /** A connection, whose reads give up in the end. */
    Socket socket() throws IOException {
        return patient(new Socket(InetAddress.getLoopbackAddress(), port()));
    }

    static Socket patient(Socket socket) throws IOException {
        socket.setSoTimeout(Cache.PATIENCE_MS);
        return socket;
    }

    /** CPU time of all its threads, in seconds: proc(5), /proc/PID/stat, fields 14 and 15. */
    double cpuSeconds() throws IOException {
        String stat = Files.readString(Path.of("/proc/" + process.pid() + "/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    }

    /** What it has reported so far; all when it has ended. */
    String errors() throws IOException {
        return Files.readString(errors);
    }

    /** Tells it to end. @return its exit code */
    int terminate() throws InterruptedException {
        process.toHandle().destroy();
        assertTrue(process.waitFor(1, TimeUnit.MINUTES), "it ends when told to");
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
