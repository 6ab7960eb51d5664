package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Home;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.zip.CRC32;

/**
 * Where this installation lies and the command lines of its processes; the one place for JVM flags. The layout is that
 * of {@code ./do build}: {@code build/lib/control}, {@code build/lib/plane}, {@code build/aot}, {@code build/guest}. A
 * process that runs from elsewhere (tests, an editor) hands its own class path on instead.
 *
 * @param installation the folder with {@code mike} in it (property {@code mike.home})
 * @param home         the data and run folders
 */
public record Launch(Path installation, Home home) {
    public static final String AGENT_MAIN = "eu.mikelangelo.agent.AgentMain";
    public static final String PLANE_MAIN = "eu.mikelangelo.plane.Main";
    /** Command lines may be overridden by a class path in this property, for runs from a developer's target folders. */
    private static final String PLANE_CLASS_PATH = "mike.plane.classpath";
    /** The folder for new AOT caches, while a build makes them (scripts/train.sh). */
    private static final String TRAINING = "MIKE_AOT_TRAIN";
    /** What a daemon may see of the caller's environment: a token exported in a shell is none of its business. */
    private static final List<String> ENVIRONMENT = List.of("PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR",
            "JAVA_HOME", "http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY");

    /** The launch of this process: property mike.home (default: the current folder), and the caller's environment. */
    public static Launch ofProcess(Map<String, String> env) {
        Path installation = Path.of(System.getProperty("mike.home", "")).toAbsolutePath().normalize();
        return new Launch(installation, Home.of(env, System.getProperty("user.name")));
    }

    public Path recipes() {
        return installation.resolve("packages/recipes");
    }

    /** PID 1 of linux machines, built from guest/init. */
    public Path guestInit() {
        return installation.resolve("build/guest/init");
    }

    public Path agentLog() {
        return home.run().resolve("agent.log");
    }

    /**
     * What tells this build from another: the text of build/build-id when there is one, else a checksum over name, size
     * and time of the class path's parts.
     */
    public String build() {
        Path file = installation.resolve("build/build-id");
        try {
            if (Files.isRegularFile(file)) {
                return Files.readString(file).strip();
            }
            CRC32 sum = new CRC32();
            for (String part : System.getProperty("java.class.path").split(":")) {
                Path path = Path.of(part);
                if (Files.isRegularFile(path)) {
                    sum.update((path.getFileName() + " " + Files.size(path) + " "
                            + Files.getLastModifiedTime(path).toMillis()).getBytes(StandardCharsets.UTF_8));
                }
            }
            return "dev-" + Long.toHexString(sum.getValue());
        } catch (IOException e) {
            throw new UncheckedIOException("cannot read the class path", e);
        }
    }

    /** The agent: compact heap given back when idle, C1 and C2 (decompression is hot), small stacks. */
    public List<String> agentCommand() {
        List<String> command = java("agent.aot");
        command.addAll(List.of("-XX:+UseSerialGC", "-Xms8m", "-Xmx256m", "-XX:MinHeapFreeRatio=10",
                "-XX:MaxHeapFreeRatio=20", "-XX:-ShrinkHeapInSteps", "-XX:MaxMetaspaceSize=96m",
                "-XX:ReservedCodeCacheSize=48m", "-XX:MaxDirectMemorySize=64m", "-XX:TrimNativeHeapInterval=30000",
                "-XX:+ExitOnOutOfMemoryError",
                "-Djdk.virtualThreadScheduler.maxPoolSize=64", "-Dslf4j.internal.verbosity=ERROR",
                "-Dmike.home=" + installation));
        String plane = System.getProperty(PLANE_CLASS_PATH);
        if (plane != null) {
            command.add("-D" + PLANE_CLASS_PATH + "=" + plane);
        }
        command.addAll(List.of("-cp", classPath("control", System.getProperty("java.class.path")), AGENT_MAIN));
        return command;
    }

    /**
     * The plane as the agent's companion. When it takes a killed one's place the guests wait, often on the same CPUs:
     * what is not hot yet is compiled later, which is a quarter of the CPU time until their rings run again.
     */
    public List<String> planeCommand() {
        List<String> command = planeJvm();
        command.add(1, "-XX:CompileThresholdScaling=4");
        command.addAll(List.of("serve", "--home", home.run().toString()));
        return command;
    }

    /** The plane's JVM and main class; its arguments follow. Allocates nothing per packet, so the heap is small. */
    public List<String> planeJvm() {
        List<String> command = java("plane.aot");
        command.addAll(List.of("-XX:+UseSerialGC", "-Xms16m", "-Xmx48m", "-XX:MaxMetaspaceSize=48m",
                "-XX:ReservedCodeCacheSize=32m", "-XX:+ExitOnOutOfMemoryError",
                // Wide copies of frames; incubating, so the JVM says a line about it.
                "--add-modules", "jdk.incubator.vector"));
        String otherwise = System.getProperty(PLANE_CLASS_PATH, System.getProperty("java.class.path"));
        command.addAll(List.of("-cp", classPath("plane", otherwise), PLANE_MAIN));
        return command;
    }

    private List<String> java(String aotCache) {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        Path cache = installation.resolve("build/aot").resolve(aotCache);
        String training = System.getenv(TRAINING);
        if (training != null) {
            command.add("-XX:AOTCacheOutput=" + Path.of(training).resolve(aotCache));
        } else if (Files.isRegularFile(cache)) {
            command.add("-XX:AOTCache=" + cache);
        }
        command.addAll(List.of("--enable-native-access=ALL-UNNAMED", "-XX:-UsePerfData",
                "-XX:+UseCompactObjectHeaders", "-Xlog:disable", "-Xlog:all=error:stderr"));
        return command;
    }

    private String classPath(String room, String otherwise) {
        Path folder = installation.resolve("build/lib").resolve(room);
        return Files.isDirectory(folder) ? folder + "/*" : otherwise;
    }

    /** The environment of agent and plane: what they need of the caller's, and fewer malloc arenas. */
    public static Map<String, String> environment(Map<String, String> env) {
        Map<String, String> kept = new TreeMap<>();
        env.forEach((name, value) -> {
            if (ENVIRONMENT.contains(name) || name.startsWith("MIKE_") || name.startsWith("XDG_")
                    || name.startsWith("LC_")) {
                kept.put(name, value);
            }
        });
        kept.put("MALLOC_ARENA_MAX", "2");
        return kept;
    }

    /**
     * A process in a session of its own, so that it outlives this one and its terminal; input is empty, output goes
     * to the end of {@code log}.
     */
    public static ProcessBuilder detached(List<String> command, Map<String, String> env, Path log) {
        List<String> line = new ArrayList<>();
        line.add("setsid");
        line.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(line)
                .directory(Path.of("/").toFile())
                .redirectInput(Path.of("/dev/null").toFile())
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .redirectErrorStream(true);
        builder.environment().clear();
        builder.environment().putAll(environment(env));
        return builder;
    }
}
