package eu.mikelangelo.system;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * {@code ./mike} with a home of its own under build/, so that tests meet neither each other's machines nor a user's.
 * The stores of packages and kernels are kept between tests of one run; machines are not.
 */
final class Mike implements AutoCloseable {
    static final Path ROOT = root();
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private final Path home;
    private final Map<String, String> env = new TreeMap<>();

    /** What a finished command left behind. */
    record Result(int code, String out, String err, Duration took) {
        /** The result itself when the command succeeded; otherwise the test fails with everything it said. */
        Result ok() {
            if (code != 0) {
                throw new AssertionError("exit code " + code + "\nstdout:\n" + out + "\nstderr:\n" + err);
            }
            return this;
        }

        JsonNode json() {
            return JSON.readTree(ok().out);
        }
    }

    Mike(String name) {
        home = ROOT.resolve("build/t").resolve(name);
    }

    /** A variable of the environment for all commands from now on; the agent sees it when it starts. */
    Mike with(String variable, String value) {
        env.put(variable, value);
        return this;
    }

    Path home() {
        return home;
    }

    Result run(String... words) {
        return run(Duration.ofSeconds(180), words);
    }

    Result run(Duration limit, String... words) {
        long start = System.nanoTime();
        try {
            Process process = start(words);
            process.getOutputStream().close();
            Drain out = new Drain(process.getInputStream());
            Drain err = new Drain(process.getErrorStream());
            if (!process.waitFor(limit.toMillis(), TimeUnit.MILLISECONDS)) {
                process.destroyForcibly();
                throw new AssertionError("mike " + List.of(words) + " did not end in " + limit + "\nstdout:\n"
                        + out.text() + "\nstderr:\n" + err.text());
            }
            return new Result(process.exitValue(), out.text(), err.text(), Duration.ofNanos(System.nanoTime() - start));
        } catch (IOException | InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    Process start(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("mike").toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).directory(ROOT.toFile());
        builder.environment().put("MIKE_HOME", home.toString());
        builder.environment().putAll(env);
        return builder.start();
    }

    /** Kills the agent or the plane of this home with signal 9, if it runs. */
    boolean kill(String which) {
        try {
            long pid = pid(which);
            return pid > 0 && ProcessHandle.of(pid).filter(ProcessHandle::destroyForcibly).isPresent();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    /** The process number of the agent or the plane, 0 when it does not run. */
    long pid(String which) throws IOException {
        String main = which.equals("agent") ? "AgentMain" : "eu.mikelangelo.plane.Main";
        for (ProcessHandle process : ProcessHandle.allProcesses().toList()) {
            Path folder = Path.of("/proc").resolve(Long.toString(process.pid()));
            try {
                String line = Files.readString(folder.resolve("cmdline"), StandardCharsets.ISO_8859_1);
                if (line.contains(main) && (line.contains(home + "/")
                        || Files.readString(folder.resolve("environ"), StandardCharsets.ISO_8859_1)
                        .contains("MIKE_HOME=" + home + "\0"))) {
                    return process.pid();
                }
            } catch (java.nio.file.NoSuchFileException | java.nio.file.AccessDeniedException e) {
                continue;
            }
        }
        return 0;
    }

    JsonNode inspect(String machine) {
        JsonNode node = run("inspect", machine, "--json").json();
        return node.isArray() ? node.get(0) : node;
    }

    /** Removes every machine, stops agent and plane, and deletes what belongs to this home but the stores. */
    @Override
    public void close() {
        for (JsonNode machine : run("ps", "-a", "--json").json()) {
            run("rm", "-f", machine.get("name").asString());
        }
        run("agent", "stop", "--all");
    }

    /** Deletes the whole home. */
    void delete() throws IOException {
        delete(home);
    }

    static void delete(Path folder) throws IOException {
        if (!Files.exists(folder)) {
            return;
        }
        try (Stream<Path> files = Files.walk(folder)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static Path root() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("ARCHITECTURE.md"))) {
            folder = folder.getParent();
        }
        return folder;
    }

    /** Reads a stream to its end on a thread of its own, so that a talkative command never blocks. */
    static final class Drain {
        private final StringBuilder text = new StringBuilder();
        private final Thread thread;

        Drain(InputStream in) {
            thread = Thread.ofVirtual().start(() -> {
                byte[] buffer = new byte[8192];
                try {
                    for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                        synchronized (text) {
                            text.append(new String(buffer, 0, n, StandardCharsets.UTF_8));
                        }
                    }
                } catch (IOException e) {
                    // The process was killed: what was read stands.
                }
            });
        }

        String text() throws InterruptedException {
            thread.join(2_000);
            return soFar();
        }

        String soFar() {
            synchronized (text) {
                return text.toString();
            }
        }
    }
}
