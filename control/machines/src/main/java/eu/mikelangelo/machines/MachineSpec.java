package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import java.time.Instant;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What was asked for: immutable, kept as {@code spec.json} (0600, for {@link #env} may hold secrets; no value of it
 * ever reaches a command line). All lists are in order; nothing is null.
 *
 * @param schema      version of this record in a file, see {@link #schema(String)}
 * @param name        see {@link #NAME}
 * @param number      2..65000, unique in a home; gives the MAC and IP address
 * @param memoryMiB   of guest RAM
 * @param cpus        virtual processors
 * @param env         added to, or instead of, the image's environment
 * @param command     replaces the image's start command; empty: the image's own
 * @param pre         replaces the commands that the image runs before the start; empty: the image's own
 * @param stopSeconds grace between SIGTERM and SIGKILL in the guest; 0: {@link #DEFAULT_STOP_SECONDS}
 * @param net         rules of its network card (VLAN, group, rates), checked by who asked; empty: none
 */
public record MachineSpec(int schema, String name, int number, Image image, Kernel kernel, int memoryMiB, int cpus,
                          List<PublishedPort> ports, Map<String, String> env, List<String> command,
                          List<List<String>> pre, int stopSeconds, Instant created, String net) {
    /** The newest that is read; 2 brought {@link #net}. */
    public static final int SCHEMA = 2;
    private static final int WITHOUT_RULES = 1;
    private static final int MOST_RULES = 4096;
    /** A machine's name: also a folder's name and a host name of the guest. */
    public static final Pattern NAME = Pattern.compile("[a-z0-9][a-z0-9_.-]{0,62}");
    /** Number 1 would be the gateway's address. */
    public static final int FIRST_NUMBER = 2;
    public static final int LAST_NUMBER = 65_000;
    public static final int LEAST_MEMORY_MIB = 64;
    public static final int MOST_MEMORY_MIB = 1024 * 1024;
    public static final int MOST_CPUS = 64;
    public static final int DEFAULT_MEMORY_MIB = 256;
    public static final int MOST_PORTS = 64;
    public static final int MOST_STOP_SECONDS = 3600;
    public static final int DEFAULT_STOP_SECONDS = 10;
    public static final String GATEWAY = "10.187.0.1";
    public static final String GATEWAY_MAC = "02:4d:ff:00:00:01";
    public static final int NETWORK_BITS = 16;
    public static final int MTU = 65_520;
    private static final Pattern QUEUES = Pattern.compile("(?:^|,)queues=([1-8])(?:,|$)");
    private static final Pattern ENV_NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]{0,255}");

    /** @param reference what the user called it; {@code sha256} of the image file; {@code file} absolute path */
    public record Image(String reference, String sha256, String file) { }

    /** @param name package and version, for people; {@code sha256} of the kernel; {@code file} absolute path */
    public record Kernel(String name, String sha256, String file) { }

    /** @throws Failure BAD_INPUT for a value out of its range */
    public MachineSpec {
        checkName(name);
        range("machine number", number, FIRST_NUMBER, LAST_NUMBER);
        range("memory (MiB)", memoryMiB, LEAST_MEMORY_MIB, MOST_MEMORY_MIB);
        range("number of cpus", cpus, 1, MOST_CPUS);
        range("stop seconds", stopSeconds, 0, MOST_STOP_SECONDS);
        ports = List.copyOf(ports);
        range("number of published ports", ports.size(), 0, MOST_PORTS);
        env = Collections.unmodifiableMap(new LinkedHashMap<>(env));
        env.forEach(MachineSpec::checkEnv);
        command = List.copyOf(command);
        pre = pre == null ? List.of() : pre.stream().map(List::copyOf).toList();
        net = net == null ? "" : net;
        if (net.length() > MOST_RULES || !net.matches("[\\x21-\\x7e]*")) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + net + "\" are not rules of a network card", "");
        }
    }

    /** A machine of which nothing is asked on the network. */
    public MachineSpec(int schema, String name, int number, Image image, Kernel kernel, int memoryMiB, int cpus,
                       List<PublishedPort> ports, Map<String, String> env, List<String> command,
                       List<List<String>> pre, int stopSeconds, Instant created) {
        this(schema, name, number, image, kernel, memoryMiB, cpus, ports, env, command, pre, stopSeconds, created, "");
    }

    /**
     * The version of a record with these rules: the oldest program that would keep to them may read it, and no older
     * one, which would leave a machine that is to be isolated in the network of all.
     */
    public static int schema(String net) {
        return net.isEmpty() ? WITHOUT_RULES : SCHEMA;
    }

    /** @throws Failure BAD_INPUT unless {@link #NAME} matches */
    public static String checkName(String name) {
        if (name == null || !NAME.matcher(name).matches()) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + name + "\" is not a machine name",
                    "use lower-case letters, digits, '_', '.' and '-', at most 63, beginning with a letter or digit");
        }
        return name;
    }

    private static void checkEnv(String key, String value) {
        if (!ENV_NAME.matcher(key).matches() || value == null || value.indexOf('\0') >= 0) {
            throw new Failure(Failure.Kind.BAD_INPUT, "\"" + key + "\" is not an environment variable with a value",
                    "a name has letters, digits and '_'; a value has no NUL");
        }
    }

    private static void range(String what, int value, int least, int most) {
        if (value < least || value > most) {
            throw new Failure(Failure.Kind.BAD_INPUT, what + " is " + value, "it must be " + least + " to " + most);
        }
    }

    /** How long the application may take to end, in seconds: agent and guest count alike. */
    public int graceSeconds() {
        return stopSeconds > 0 ? stopSeconds : DEFAULT_STOP_SECONDS;
    }

    /** Queue pairs of its network card, which its rules say; 1 where they do not. */
    public int queues() {
        Matcher said = QUEUES.matcher(net);
        return said.find() ? Integer.parseInt(said.group(1)) : 1;
    }

    /** {@code 02:4d:00:00:hh:ll}; see Network in ARCHITECTURE.md. */
    public String mac() {
        return "02:4d:00:00:%02x:%02x".formatted(number >> 8, number & 0xff);
    }

    /** {@code 10.187.h.l}. */
    public String address() {
        return "10.187." + (number >> 8) + "." + (number & 0xff);
    }
}
