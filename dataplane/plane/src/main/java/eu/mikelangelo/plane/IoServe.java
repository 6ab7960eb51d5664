package eu.mikelangelo.plane;

import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.NetRulesText;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.vhost.VhostPort;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * {@code io serve}: sockets from the command line, no agent, until SIGTERM. Made for any vhost-user front-end (QEMU,
 * testpmd's virtio-user, libvirt), so memory that the peer can shrink is served unless {@code ,sealed} is said: such a
 * peer can make its own port fail, not the process.
 */
final class IoServe {
    private static final int MAX_PORTS = 64;
    private static final long LOOK_MS = 1_000;

    private IoServe() {}

    static int run(List<String> words) throws java.io.IOException {
        List<PortSpec> specs = new ArrayList<>();
        boolean sealed = false;
        for (int i = 0; i < words.size(); i += 2) {
            String option = words.get(i);
            if (option.equals("--blk")) {
                throw new IllegalArgumentException("--blk: this version serves network cards only");
            }
            if (!option.equals("--net") || i + 1 == words.size()) {
                throw new IllegalArgumentException("\"" + option
                        + "\": --net SOCKET[,server][,sealed][,RULE...] was expected");
            }
            sealed |= List.of(words.get(i + 1).split(",", -1)).contains("sealed");
            specs.add(port(specs.size(), words.get(i + 1)));
        }
        if (specs.isEmpty() || specs.size() > MAX_PORTS) {
            throw new IllegalArgumentException(specs.size() + " times --net, not 1.." + MAX_PORTS);
        }
        return serve(specs, !sealed);
    }

    /**
     * SOCKET[,server][,sealed][,mac=MAC[+MAC...]] and words of {@link NetRulesText}; a relative path is taken from the
     * working folder.
     */
    static PortSpec port(int index, String text) {
        String[] parts = text.split(",", -1);
        boolean server = false;
        String mac = "";
        List<String> rules = new ArrayList<>();
        for (int i = 1; i < parts.length; i++) {
            if (parts[i].equals("server")) {
                server = true;
            } else if (parts[i].startsWith("mac=") && parts[i].length() > 4 && mac.isEmpty()) {
                mac = parts[i].substring(4);
            } else if (!parts[i].equals("sealed")) {
                rules.add(parts[i]);
            }
        }
        if (parts[0].isEmpty()) {
            throw new IllegalArgumentException("--net \"" + text + "\" names no socket");
        }
        try {
            PortSpec spec = new PortSpec("net" + index, Path.of(parts[0]).toAbsolutePath().toString(), server, mac, "",
                    "", "", "", NetRulesText.parse(rules));
            Policies.config(spec);
            return spec;
        } catch (IllegalArgumentException bad) {
            throw new IllegalArgumentException("--net " + text + ": " + bad.getMessage()
                    + "; before these words: server, sealed, mac=MAC+MAC", bad);
        }
    }

    private static int serve(List<PortSpec> specs, boolean acceptShrinkable) {
        DistinctErrors errors = new DistinctErrors();
        Plane plane = new Plane(errors, acceptShrinkable);
        // SIGTERM and SIGINT run this: rings are let go of in order and server sockets removed.
        Runtime.getRuntime().addShutdownHook(new Thread(plane::close, "end"));
        for (PortSpec spec : specs) {
            VhostPort port = plane.add(spec);
            if (spec.server() && !port.listening()) {
                System.err.println("plane: cannot listen at " + spec.vhostSocket() + ": " + port.lastError());
                return Main.UNAVAILABLE;
            }
        }
        System.out.println("ready");
        System.out.flush();
        long seen = 0;
        while (plane.healthy()) {
            plane.freeCore();
            if (errors.recorded() != seen) {
                seen = errors.recorded();
                errors.entries().forEach(entry -> System.err.println("plane: " + entry));
            }
            try {
                Thread.sleep(LOOK_MS);
            } catch (InterruptedException ended) {
                return 0;
            }
        }
        errors.entries().forEach(entry -> System.err.println("plane: " + entry));
        return Main.BUG;
    }
}
