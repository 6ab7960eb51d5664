package eu.mikelangelo.system;

import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;

/** The shipped plane as a process of its own, without an agent: as a daemon with a control socket, or io serve. */
final class PlaneDaemon implements AutoCloseable {
    private static final long ANSWER_MILLIS = 20_000;
    private final Process process;
    private final Path folder;
    private final Path output;

    private PlaneDaemon(Path folder, List<String> arguments) throws IOException {
        this.folder = folder;
        Mike.delete(folder);
        Files.createDirectories(folder);
        output = folder.resolve("output");
        List<String> command = new ArrayList<>();
        command.add(Files.readString(Mike.ROOT.resolve("build/java")).lines().findFirst().orElseThrow());
        command.addAll(List.of("-XX:+UseSerialGC", "-Xmx48m", "--enable-native-access=ALL-UNNAMED", "-cp",
                Mike.ROOT.resolve("build/lib/plane") + "/*", "eu.mikelangelo.plane.Main"));
        command.addAll(arguments);
        process = new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(output.toFile()).start();
    }

    /** With a control socket; there are no ports yet. */
    static PlaneDaemon withControl(String name) throws IOException, InterruptedException {
        Path folder = folder(name);
        PlaneDaemon plane = new PlaneDaemon(folder, List.of("serve", "--home", folder.toString()));
        Host.await(() -> Files.exists(folder.resolve("plane.pid")), "no plane in " + folder);
        return plane;
    }

    /** io serve, listening for front-ends at sockets of these names. */
    static PlaneDaemon serving(String name, String... sockets) throws IOException, InterruptedException {
        Path folder = folder(name);
        List<String> arguments = new ArrayList<>(List.of("io", "serve"));
        for (String socket : sockets) {
            arguments.addAll(List.of("--net", folder.resolve(socket) + ",server"));
        }
        PlaneDaemon plane = new PlaneDaemon(folder, arguments);
        Host.await(() -> plane.said().contains("ready"), "no plane in " + folder);
        return plane;
    }

    private static Path folder(String name) {
        return Mike.ROOT.resolve("build/t").resolve(name);
    }

    Path socket(String name) {
        return folder.resolve(name);
    }

    PlaneClient client() throws IOException {
        return PlaneClient.connect(folder.resolve("plane.sock"), "test", ANSWER_MILLIS);
    }

    /** Adds a port that listens at the socket of its name. */
    void add(PlaneClient client, String name) throws IOException {
        client.addPort(PortSpec.open(name, socket(name).toString(), true));
    }

    static PortStats stats(PlaneClient client, String name) throws IOException {
        return client.stats(name).getFirst();
    }

    /** All that it printed. */
    String said() {
        try {
            return Files.readString(output);
        } catch (IOException gone) {
            return "";
        }
    }

    boolean alive() {
        return process.isAlive();
    }

    /** CPU time of the I/O core's thread, in ns (Documentation/scheduler/sched-stats.rst). */
    long coreNs() throws IOException {
        try (Stream<Path> tasks = Files.list(Path.of("/proc/" + process.pid() + "/task"))) {
            for (Path task : tasks.toList()) {
                if (Files.readString(task.resolve("comm")).startsWith("io-shard")) {
                    return Long.parseLong(Files.readString(task.resolve("schedstat")).split(" ")[0]);
                }
            }
        }
        throw new AssertionError("the plane has no I/O core");
    }

    @Override
    public void close() throws IOException {
        process.destroyForcibly();
        try {
            process.waitFor(20, TimeUnit.SECONDS);
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
        Mike.delete(folder);
    }
}
