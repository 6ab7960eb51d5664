package eu.mikelangelo.agent.service;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Names;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.PublishedPort;
import eu.mikelangelo.plane.api.NetRules;
import eu.mikelangelo.plane.api.NetRulesText;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What {@code POST /v1/machines} asks for, checked. See docs/api.md for the JSON.
 *
 * @param source    a package's name, an absolute folder or image file, or the name or digest of an image
 * @param name      of the machine; empty: derived from the source
 * @param memoryMiB of guest RAM; 0: by the image's size
 * @param args      in place of the start command's arguments (its first word stays); empty: the image's own
 * @param detach    true: return when every published port is listened on; false: when the guest runs
 * @param patience  how long a detached start may take until it is ready
 * @param refresh   look for newer versions instead of taking what the store has
 * @param remove    remove the machine when it ends
 * @param net       rules of its network card as the plane reads them; empty: none
 */
public record RunRequest(String source, Optional<String> name, List<PublishedPort> ports, int memoryMiB, int cpus,
                         Map<String, String> env, List<String> args, boolean detach, Duration patience, boolean refresh,
                         boolean remove, String net) {
    /** Words of a start command, and variables, that one request may bring. */
    public static final int MAX_WORDS = 256;
    private static final int MAX_SOURCE_LENGTH = 4096;
    private static final int DEFAULT_WAIT_SECONDS = 60;
    private static final int MAX_WAIT_SECONDS = 86_400;
    private static final Set<String> KNOWN = Set.of("source", "name", "ports", "memoryMiB", "cpus", "env", "args",
            "detach", "waitSeconds", "refresh", "remove", "net");

    /** @throws Failure BAD_INPUT */
    public static RunRequest of(Fields body) {
        body.only(KNOWN);
        String source = body.required("source");
        if (source.length() > MAX_SOURCE_LENGTH || source.indexOf('\0') >= 0) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the source is not a name or path", "");
        }
        Optional<String> name = Optional.of(body.string("name", "")).filter(text -> !text.isEmpty());
        name.ifPresent(MachineSpec::checkName);
        List<PublishedPort> ports = new ArrayList<>();
        for (String port : body.strings("ports")) {
            ports.add(PublishedPort.parse(port));
        }
        long memory = body.integer("memoryMiB", 0, MachineSpec.LEAST_MEMORY_MIB, MachineSpec.MOST_MEMORY_MIB);
        long cpus = body.integer("cpus", 1, 1, MachineSpec.MOST_CPUS);
        return new RunRequest(source, name, distinct(ports), (int) memory, (int) cpus, env(body.object("env")),
                words(body.strings("args")), body.flag("detach"), patience(body), body.flag("refresh"),
                body.flag("remove"), net(body.string("net", "")));
    }

    /** A machine has one card with one address, which rules out what is for several. */
    private static String net(String text) {
        try {
            NetRules rules = NetRulesText.parse(text);
            if (!rules.trunk().isEmpty() || !rules.machine().isEmpty()) {
                throw new IllegalArgumentException("trunk, native and machine are for ports of io serve");
            }
            return NetRulesText.of(rules);
        } catch (IllegalArgumentException e) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the network: " + e.getMessage(),
                    "for example vlan=10,rate=100M or group=red,isolated", e);
        }
    }

    public static Duration patience(Fields body) {
        return Duration.ofSeconds(body.integer("waitSeconds", DEFAULT_WAIT_SECONDS, 1, MAX_WAIT_SECONDS));
    }

    private static List<PublishedPort> distinct(List<PublishedPort> ports) {
        for (int i = 0; i < ports.size(); i++) {
            for (PublishedPort other : ports.subList(0, i)) {
                PublishedPort port = ports.get(i);
                if (port.host() == other.host() && port.protocol().equals(other.protocol())
                        && port.address().equals(other.address())) {
                    throw new Failure(Failure.Kind.BAD_INPUT, "host port " + port.host() + "/" + port.protocol()
                            + " is published twice", "");
                }
            }
        }
        return List.copyOf(ports);
    }

    private static Map<String, String> env(Fields fields) {
        if (fields.members().size() > MAX_WORDS) {
            throw new Failure(Failure.Kind.BAD_INPUT, "more than " + MAX_WORDS + " environment variables", "");
        }
        Map<String, String> env = new LinkedHashMap<>();
        for (String name : fields.members().keySet()) {
            String value = fields.string(name, "");
            if (value.indexOf('\0') >= 0) {
                throw new Failure(Failure.Kind.BAD_INPUT, "the value of " + name + " holds a NUL", "");
            }
            env.put(Names.variable(name), value);
        }
        return env;
    }

    public static List<String> words(List<String> words) {
        if (words.size() > MAX_WORDS) {
            throw new Failure(Failure.Kind.BAD_INPUT, "more than " + MAX_WORDS + " words in a command", "");
        }
        for (String word : words) {
            if (word.indexOf('\0') >= 0) {
                throw new Failure(Failure.Kind.BAD_INPUT, "a word of the command holds a NUL", "");
            }
        }
        return List.copyOf(words);
    }
}
