package eu.mikelangelo.machines.qemu;

import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.json.JsonMapper;

/**
 * Finds QEMU and asks it what it can do, about ten short runs in all; the answers are kept in {@code data/qemu.json}
 * for as long as the binary keeps its path, size and time. MIKE_QEMU names a binary to use instead of the one in PATH.
 */
public final class QemuProbe {
    static final String INSTALL = "install it: apt-get install -y --no-install-recommends qemu-system-x86";
    private static final String PROGRAM = "qemu-system-x86_64";
    private static final List<String> PLACES = List.of("/usr/bin/" + PROGRAM, "/usr/local/bin/" + PROGRAM,
            "/usr/bin/qemu-kvm", "/usr/libexec/qemu-kvm");
    private static final List<String> NEEDED = List.of("virtio-net-pci", "virtio-serial-pci", "virtconsole",
            "virtserialport", "virtio-rng-pci", "memory-backend-memfd");
    private static final Pattern VERSION = Pattern.compile("version (\\d{1,4})\\.(\\d{1,4})(?:\\.\\d{1,4})?");
    private static final int OLDEST_MAJOR = 7;
    private static final Duration PATIENCE = Duration.ofSeconds(20);
    private static final JsonMapper JSON = JsonMapper.builder().build();

    private QemuProbe() { }

    /** What {@code data/qemu.json} holds: the answers and whose they are. */
    record Cached(int schema, String binary, long size, String modified, Qemu qemu) {
        static final int SCHEMA = 1;
    }

    /**
     * @param env   looked up for PATH and MIKE_QEMU
     * @param cache file to keep the answers in
     * @throws Failure UNAVAILABLE when there is no QEMU, it is too old or lacks what we need
     */
    public static Qemu probe(Map<String, String> env, Path cache) {
        Path binary = find(env);
        try {
            Cached known = read(cache);
            long size = Files.size(binary);
            String modified = Files.getLastModifiedTime(binary).toString();
            if (known != null && known.schema() == Cached.SCHEMA && known.binary().equals(binary.toString())
                    && known.size() == size && known.modified().equals(modified) && known.qemu() != null) {
                return known.qemu();
            }
            Qemu qemu = ask(binary);
            Durable.privateFolder(cache.toAbsolutePath().getParent());
            Durable.write(cache, JSON.writeValueAsString(
                    new Cached(Cached.SCHEMA, binary.toString(), size, modified, qemu)));
            return qemu;
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot find out what " + binary + " can do: " + e.getMessage(),
                    "try to run: " + binary + " --version", e);
        }
    }

    private static Path find(Map<String, String> env) {
        String override = env.getOrDefault("MIKE_QEMU", "");
        if (!override.isEmpty()) {
            if (!override.startsWith("/") || !Files.isExecutable(Path.of(override))) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "MIKE_QEMU=" + override + " is not a program",
                        "give the absolute path of a " + PROGRAM);
            }
            return Path.of(override);
        }
        return Programs.find(PROGRAM, env, PLACES).orElseThrow(() -> new Failure(Failure.Kind.UNAVAILABLE,
                PROGRAM + " is not installed", INSTALL));
    }

    private static Cached read(Path cache) {
        try {
            return Files.isRegularFile(cache) ? JSON.readValue(Files.readAllBytes(cache), Cached.class) : null;
        } catch (IOException | JacksonException e) {
            return null; // a cache that cannot be read is an empty one
        }
    }

    /** Asks without a cache. */
    static Qemu ask(Path binary) throws IOException {
        String program = binary.toString();
        String version = version(program);
        if (!output(program, "-machine", "help").contains("q35")) {
            throw lacks(program, version, "the machine q35");
        }
        for (String device : NEEDED) {
            String option = device.startsWith("memory-") ? "-object" : "-device";
            if (Programs.run(List.of(program, option, device + ",help"), PATIENCE).exit() != 0) {
                throw lacks(program, version, "the device " + device);
            }
        }
        List<String> accelerators = new ArrayList<>();
        for (String line : output(program, "-accel", "help").lines().map(String::strip).toList()) {
            if (line.equals("kvm") || line.equals("tcg")) {
                accelerators.add(line);
            }
        }
        boolean panic = Programs.run(List.of(program, "-device", "pvpanic-pci,help"), PATIENCE).exit() == 0;
        return new Qemu(program, version, accelerators, panic, sandboxStarts(program));
    }

    private static String version(String program) throws IOException {
        String text = output(program, "--version");
        Matcher matcher = VERSION.matcher(text);
        if (!matcher.find()) {
            throw new Failure(Failure.Kind.UNAVAILABLE, program + " does not say which version it is: "
                    + text.lines().findFirst().orElse("no output"), INSTALL);
        }
        if (Integer.parseInt(matcher.group(1)) < OLDEST_MAJOR) {
            throw new Failure(Failure.Kind.UNAVAILABLE, program + " is version " + matcher.group().substring(8)
                    + "; version " + OLDEST_MAJOR + ".0 or later is needed", INSTALL);
        }
        return matcher.group().substring("version ".length());
    }

    /** Seccomp may be left out of the build, or forbidden by the container we are in: start with it and see. */
    private static boolean sandboxStarts(String program) throws IOException {
        List<String> argv = new ArrayList<>(List.of(program, "-M", "none", "-nodefaults", "-no-user-config",
                "-display", "none", "-qmp", "stdio"));
        new QemuCommand.Sandbox().render(argv);
        String input = "{\"execute\":\"qmp_capabilities\"}\n{\"execute\":\"quit\"}\n";
        return Programs.run(argv, input, PATIENCE, text -> false).exit() == 0;
    }

    private static String output(String... argv) throws IOException {
        Programs.Result result = Programs.run(List.of(argv), PATIENCE);
        if (result.timedOut()) {
            throw new IOException(String.join(" ", argv) + " did not end within " + PATIENCE.toSeconds() + " s");
        }
        return result.output();
    }

    private static Failure lacks(String program, String version, String what) {
        return new Failure(Failure.Kind.UNAVAILABLE, program + " (version " + version + ") lacks " + what, INSTALL);
    }
}
