package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

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
public final class Mike implements AutoCloseable {
    public static final Path ROOT = root();
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private final Path home;
    private final Map<String, String> env = new TreeMap<>();

    /** What a finished command left behind. */
    public record Result(int code, String out, String err, Duration took) {
        /** The result itself when the command succeeded; otherwise the test fails with everything it said. */
        public Result ok() {
            if (code != 0) {
                throw new AssertionError("exit code " + code + "\nstdout:\n" + out + "\nstderr:\n" + err);
            }
            return this;
        }

        public JsonNode json() {
            return JSON.readTree(ok().out);
        }
    }

    public Mike(String name) {
        home = ROOT.resolve("build/t").resolve(name);
    }

    /** A variable of the environment for all commands from now on; the agent sees it when it starts. */
    public Mike with(String variable, String value) {
        env.put(variable, value);
        return this;
    }

    public Path home() {
        return home;
    }

    public Result run(String... words) {
        return run(Duration.ofSeconds(180), words);
    }

    public Result run(Duration limit, String... words) {
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

    public Process start(String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(ROOT.resolve("mike").toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).directory(ROOT.toFile());
        builder.environment().put("MIKE_HOME", home.toString());
        builder.environment().putAll(env);
        return builder.start();
    }

    /** The command fails with this code, says all these words and shows no trace. */
    Result refused(int code, List<String> words, String... command) {
        Result result = run(command);
        assertEquals(code, result.code(), result.out() + result.err());
        for (String word : words) {
            assertTrue(result.err().contains(word), "no \"" + word + "\" in: " + result.err());
        }
        assertFalse(result.err().contains("\tat "), "a trace is no message: " + result.err());
        return result;
    }

    /**
     * Kills the agent, the plane or both of this home with signal 9, at one instant, and waits for their death.
     * Returns whether each of them was there to be killed.
     */
    public boolean kill(String... which) {
        List<List<Long>> victims = new ArrayList<>();
        for (String each : which) {
            victims.add(pids(each));
        }
        boolean all = true;
        for (List<Long> each : victims) {
            boolean hit = false;
            for (long pid : each) {
                hit |= ProcessHandle.of(pid).filter(ProcessHandle::destroyForcibly).isPresent();
            }
            all &= hit;
        }
        victims.forEach(each -> each.forEach(Host::awaitEnd));
        return all;
    }

    /** Waits until agent and plane of this home run, as they do some time after a kill. */
    void awaitDaemons() throws InterruptedException {
        for (String which : List.of("agent", "plane")) {
            awaitRunning(which);
        }
    }

    /** Waits until the agent or the plane of this home runs: a process, which may not have done anything yet. */
    public void awaitRunning(String which) throws InterruptedException {
        Host.await(() -> pid(which) > 0, "no " + which + " runs for " + home);
    }

    /** The process number of the agent or the plane, 0 when it does not run. */
    long pid(String which) {
        List<Long> pids = pids(which);
        return pids.isEmpty() ? 0 : pids.getFirst();
    }

    /** More than one only while agents race for their lock: all but one end by themselves. */
    List<Long> pids(String which) {
        String main = which.equals("agent") ? "AgentMain" : "eu.mikelangelo.plane.Main";
        List<Long> pids = new ArrayList<>();
        ProcessHandle.allProcesses().forEach(process -> {
            String line = Host.commandLine(process.pid());
            if (line.contains(main) && (line.contains(home + "/")
                    || Host.environment(process.pid()).contains("MIKE_HOME=" + home + "\0"))) {
                pids.add(process.pid());
            }
        });
        return pids;
    }

    public JsonNode inspect(String machine) {
        JsonNode node = run("inspect", machine, "--json").json();
        return node.isArray() ? node.get(0) : node;
    }

    /** Removes every machine, stops agent and plane, and deletes what belongs to this home but the stores. */
    @Override
    public void close() {
        for (JsonNode machine : run("ps", "-a", "--json").json()) {
            run("rm", "-f", machine.get("name").asString());
        }
        stop();
    }

    /** Stops machines, agent and plane, and waits for the end of the latter two. */
    public Result stop() {
        List<Long> daemons = new ArrayList<>(pids("agent"));
        daemons.addAll(pids("plane"));
        Result result = run("agent", "stop", "--all");
        if (result.code() == 0) {
            daemons.forEach(Host::awaitEnd);
        }
        return result;
    }

    /** Writes an application that runs this shell script, and returns its folder, as a command takes it. */
    static String app(Path folder, String script) throws IOException {
        Files.createDirectories(folder);
        Files.writeString(folder.resolve("start.sh"), script + "\n");
        return app(folder, "/bin/sh /start.sh", "dash");
    }

    /** Writes an application of this start command and the packages it requires, named like its folder. */
    static String app(Path folder, String start, String... requires) throws IOException {
        Path meta = Files.createDirectories(folder.resolve("meta"));
        Files.writeString(meta.resolve("package.yaml"), "name: " + folder.getFileName()
                + "\ntitle: t\nauthor: a test\nrequire: [" + String.join(", ", requires) + "]\n");
        Files.writeString(meta.resolve("run.yaml"), "runtime: native\nconfig_set:\n  main:\n    bootcmd: " + start
                + "\nconfig_set_default: main\n");
        return folder.toString();
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

    public static int freePort() {
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
    public static final class Drain {
        private final StringBuilder text = new StringBuilder();
        private final Thread thread;

        public Drain(InputStream in) {
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

        public String text() throws InterruptedException {
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
