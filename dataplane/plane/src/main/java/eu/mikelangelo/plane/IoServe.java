package eu.mikelangelo.plane;

import eu.mikelangelo.ioplane.link.LinkException;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.NetRulesText;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.vhost.VhostPort;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;

/**
 * {@code io serve}: sockets from the command line, no agent, until SIGTERM. Made for any vhost-user front-end (QEMU,
 * testpmd's virtio-user, libvirt), so memory that the peer can shrink is served unless {@code ,sealed} is said: such a
 * peer can make its own port fail, not the process.
 */
final class IoServe {
    private static final int MAX_PORTS = 64;
    private static final long LOOK_MS = 1_000;

    private IoServe() {}

    /** Each has a value. */
    enum Option {
        NET("--net SOCKET[,server][,sealed][,RULE...]"),
        TAP("--tap NAME[,RULE...]"),
        INTERFACE("--interface NAME[,RULE...]"),
        CPU("--cpu N"),
        CONTROL("--control SOCKET");

        private final String usage;

        Option(String usage) {
            this.usage = usage;
        }

        String word() {
            return usage.substring(0, usage.indexOf(' '));
        }

        static Option of(String word) {
            if (word.equals("--blk")) {
                throw new IllegalArgumentException("--blk: this version serves network cards only");
            }
            for (Option option : values()) {
                if (option.word().equals(word)) {
                    return option;
                }
            }
            throw expected(word);
        }

        static IllegalArgumentException expected(String word) {
            return new IllegalArgumentException("\"" + word + "\": "
                    + Arrays.stream(values()).map(option -> option.usage).collect(Collectors.joining(" or "))
                    + " was expected");
        }
    }

    static int run(List<String> words) throws IOException {
        List<PortSpec> specs = new ArrayList<>();
        boolean sealed = false;
        int cpu = -1;
        Path control = null;
        for (int i = 0; i < words.size(); i += 2) {
            Option option = Option.of(words.get(i));
            if (i + 1 == words.size()) {
                throw Option.expected(words.get(i));
            }
            String value = words.get(i + 1);
            switch (option) {
                case NET -> {
                    sealed |= List.of(value.split(",", -1)).contains("sealed");
                    specs.add(port(specs.size(), value));
                }
                case TAP, INTERFACE -> specs.add(host(option, value));
                case CPU -> cpu = cpu(value);
                case CONTROL -> control = Path.of(value).toAbsolutePath();
            }
        }
        if (specs.isEmpty() || specs.size() > MAX_PORTS) {
            throw new IllegalArgumentException(specs.size() + " ports, not 1.." + MAX_PORTS);
        }
        return serve(specs, !sealed, cpu, control == null ? null : vacant(control));
    }

    private static int cpu(String text) {
        if (!text.matches("[0-9]{1,4}") || !Cpus.allowed().get(Integer.parseInt(text))) {
            throw new IllegalArgumentException("--cpu " + text + ": this process may run on " + Cpus.allowed());
        }
        return Integer.parseInt(text);
    }

    /**
     * SOCKET[,server][,sealed][,mac=MAC[+MAC...]] and words of {@link NetRulesText}; a relative path is taken from the
     * working folder.
     */
    static PortSpec port(int index, String text) {
        Words words = Words.of(Option.NET, text, List.of("server", "sealed"));
        return words.spec("net" + index, Path.of(words.first).toAbsolutePath().toString(), "");
    }

    /** NAME[,mac=MAC[+MAC...]] and rules, of an interface; the port is called so with its kind before it. */
    static PortSpec host(Option option, String text) {
        String kind = option == Option.TAP ? PortSpec.TAP : PortSpec.INTERFACE;
        Words words = Words.of(option, text, List.of());
        return words.spec(kind + words.first, "", kind + words.first);
    }

    /** What is said of a port: words with commas between. */
    private record Words(Option option, String text, String first, boolean server, String mac, List<String> rules) {
        /** @param flags the words that are neither addresses nor rules */
        static Words of(Option option, String text, List<String> flags) {
            String[] parts = text.split(",", -1);
            boolean server = false;
            String mac = "";
            List<String> rules = new ArrayList<>();
            for (int i = 1; i < parts.length; i++) {
                if (flags.contains(parts[i])) {
                    server |= parts[i].equals("server");
                } else if (parts[i].startsWith("mac=") && parts[i].length() > 4 && mac.isEmpty()) {
                    mac = parts[i].substring(4);
                } else {
                    rules.add(parts[i]);
                }
            }
            if (parts[0].isEmpty()) {
                throw new IllegalArgumentException(option.word() + " \"" + text + "\" names nothing");
            }
            return new Words(option, text, parts[0], server, mac, rules);
        }

        PortSpec spec(String name, String socket, String host) {
            try {
                PortSpec spec = new PortSpec(name, socket, server, mac, "", "", "", "", host,
                        NetRulesText.parse(rules));
                Policies.config(spec);
                return spec;
            } catch (IllegalArgumentException bad) {
                throw new IllegalArgumentException(option.word() + " " + text + ": " + bad.getMessage()
                        + "; before these words: " + (host.isEmpty() ? "server, sealed, " : "") + "mac=MAC+MAC", bad);
            }
        }
    }

    private static int serve(List<PortSpec> specs, boolean acceptShrinkable, int cpu, Path control)
            throws IOException {
        DistinctErrors errors = new DistinctErrors();
        Plane plane = new Plane(errors, acceptShrinkable);
        plane.pin(cpu);
        // SIGTERM and SIGINT run this: rings are let go of in order and server sockets removed.
        Runtime.getRuntime().addShutdownHook(new Thread(plane::close, "end"));
        for (PortSpec spec : specs) {
            VhostPort port;
            try {
                port = plane.add(spec);
            } catch (LinkException refused) {
                System.err.println("plane: " + refused.getMessage());
                return Main.UNAVAILABLE;
            }
            if (spec.server() && !port.listening()) {
                System.err.println("plane: cannot listen at " + spec.vhostSocket() + ": " + port.lastError());
                return Main.UNAVAILABLE;
            }
        }
        if (control != null) {
            ControlServer server = new ControlServer(control, plane, null, errors, () -> { });
            Runtime.getRuntime().addShutdownHook(new Thread(() -> close(server), "end"));
            server.start();
        }
        System.out.println("ready");
        System.out.flush();
        ErrorStream stream = new ErrorStream(errors, System.err);
        while (plane.healthy()) {
            plane.freeCore();
            stream.print();
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException ended) {
                return 0;
            }
        }
        stream.printAll();
        return Main.BUG;
    }

    /** A socket's path that nobody listens at; a socket that a killed plane left may lie there, and nothing else. */
    private static Path vacant(Path socket) throws IOException {
        if (!Files.exists(socket, LinkOption.NOFOLLOW_LINKS)) {
            return socket;
        }
        if (!Files.readAttributes(socket, BasicFileAttributes.class, LinkOption.NOFOLLOW_LINKS).isOther()) {
            throw new IOException("--control " + socket + ": there is something else than a socket");
        }
        try {
            SocketChannel.open(UnixDomainSocketAddress.of(socket)).close();
        } catch (IOException nobody) {
            return socket;
        }
        throw new IOException("--control " + socket + ": another process listens there");
    }

    private static void close(ControlServer server) {
        try {
            server.close();
        } catch (IOException ignored) {
            // The process ends anyway.
        }
    }
}
