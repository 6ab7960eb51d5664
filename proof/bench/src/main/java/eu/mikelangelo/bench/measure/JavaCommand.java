package eu.mikelangelo.bench.measure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** Command lines of JVMs with our class path. */
public final class JavaCommand {
    /** The main class of the product's cache server. */
    public static final String SERVER = "eu.mikelangelo.examples.cache.server.CacheMain";
    /** The options that {@code ./do example cache} uses, one file for both. */
    private static final String SERVER_OPTIONS = "examples/cache/jvm.options";

    private JavaCommand() {}

    /** @param jvm options before the main class */
    public static List<String> of(List<String> jvm, String mainClass, List<String> arguments) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.add("-XX:-UsePerfData");
        command.addAll(jvm);
        command.add("-cp");
        command.add(System.getProperty("java.class.path"));
        command.add(mainClass);
        command.addAll(arguments);
        return command;
    }

    /** How programs on our engine are started. */
    public static List<String> engineOptions() {
        return List.of("@" + Path.of(System.getProperty("mike.install", "."), SERVER_OPTIONS));
    }

    /** Our cache server's arguments, on one shard that shares its core with the rest of its JVM. */
    public static List<String> serverArguments(int memoryMib) {
        return List.of("--port", "0", "--memory", String.valueOf(memoryMib), "--shards", "1", "--overprovisioned");
    }

    /** Runs it to its end. @return what it printed, line by line. @throws IllegalStateException when it fails */
    public static List<String> lines(List<String> command) {
        try {
            Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
            process.getOutputStream().close();
            List<String> lines = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                    .lines().toList();
            if (process.waitFor() != 0 || lines.isEmpty()) {
                throw new IllegalStateException(command.getLast() + " ended with " + process.exitValue());
            }
            return lines;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
