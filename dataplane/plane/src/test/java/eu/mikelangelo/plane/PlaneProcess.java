package eu.mikelangelo.plane;

import eu.mikelangelo.plane.api.PlaneClient;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** A real plane in a process of its own, for tests. */
final class PlaneProcess implements AutoCloseable {
    final Process process;
    private final Path output;

    PlaneProcess(Path output, String... arguments) throws IOException {
        this(output, List.of(), Map.of(), arguments);
    }

    /** @param before words before the command, such as ip netns exec NAME */
    PlaneProcess(Path output, List<String> before, String... arguments) throws IOException {
        this(output, before, Map.of(), arguments);
    }

    /** @param environment variables beyond ours */
    private PlaneProcess(Path output, List<String> before, Map<String, String> environment, String... arguments)
            throws IOException {
        this.output = output;
        List<String> command = new ArrayList<>(before);
        command.addAll(List.of(ProcessHandle.current().info().command().orElseThrow(),
                "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx48m", "--enable-native-access=ALL-UNNAMED",
                "-Dmike.build=test", "-cp", System.getProperty("java.class.path"), "eu.mikelangelo.plane.Main"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile());
        builder.environment().putAll(environment);
        process = builder.start();
    }

    static PlaneProcess daemon(Path run) throws IOException {
        return daemon(run, Map.of());
    }

    static PlaneProcess daemon(Path run, Map<String, String> environment) throws IOException {
        PlaneProcess plane = new PlaneProcess(run.resolveSibling("output" + System.nanoTime()), List.of(), environment,
                "serve", "--home", run.toString());
        Path pid = run.resolve("plane.pid");
        await(() -> plane.text(pid).strip().equals(Long.toString(plane.process.pid()))
                && Files.exists(run.resolve("plane.sock")));
        return plane;
    }

    static PlaneClient connect(Path run) {
        PlaneClient[] client = new PlaneClient[1];
        await(() -> {
            try {
                client[0] = PlaneClient.connect(run.resolve("plane.sock"), "test", 10_000);
                return true;
            } catch (IOException notYet) {
                return false;
            }
        });
        return client[0];
    }

    String output() {
        return text(output);
    }

    String text(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException gone) {
            return "";
        }
    }

    int exitCode() throws InterruptedException {
        if (!process.waitFor(20, TimeUnit.SECONDS)) {
            throw new AssertionError("still runs; it said: " + output());
        }
        return process.exitValue();
    }

    static void await(BooleanSupplier condition) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(20);
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("not within 20 s");
            }
            pause();
        }
    }

    static void pause() {
        try {
            Thread.sleep(10);
        } catch (InterruptedException ended) {
            throw new AssertionError(ended);
        }
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
