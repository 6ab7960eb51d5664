package eu.mikelangelo.plane;

import eu.mikelangelo.ioplane.link.LinkException;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.metrics.DistinctErrors;
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
        int cpu = -1;
        for (int i = 0; i < words.size(); i += 2) {
            String option = words.get(i);
            if (option.equals("--blk")) {
                throw new IllegalArgumentException("--blk: this version serves network cards only");
            }
            String value = i + 1 < words.size() ? words.get(i + 1) : null;
            if (value != null && option.equals("--cpu")) {
                cpu = cpu(value);
                continue;
            }
            if (value == null || !List.of("--net", "--tap", "--interface").contains(option)) {
                throw new IllegalArgumentException("\"" + option + "\": --net SOCKET[,server][,sealed], --tap NAME, "
                        + "--interface NAME or --cpu N was expected");
            }
            sealed |= option.equals("--net") && value.contains(",sealed");
            specs.add(switch (option) {
                case "--tap" -> host(PortSpec.TAP, value);
                case "--interface" -> host(PortSpec.INTERFACE, value);
                default -> port(specs.size(), value);
            });
        }
        if (specs.isEmpty() || specs.size() > MAX_PORTS) {
            throw new IllegalArgumentException(specs.size() + " ports, not 1.." + MAX_PORTS);
        }
        return serve(specs, !sealed, cpu);
    }

    private static int cpu(String text) {
        if (!text.matches("[0-9]{1,4}") || !Cpus.allowed().get(Integer.parseInt(text))) {
            throw new IllegalArgumentException("--cpu " + text + ": this process may run on " + Cpus.allowed());
        }
        return Integer.parseInt(text);
    }

    /** SOCKET[,server][,sealed]; a relative path is taken from the working folder. */
    static PortSpec port(int index, String text) {
        String[] parts = text.split(",", -1);
        boolean server = false;
        for (int i = 1; i < parts.length; i++) {
            switch (parts[i]) {
                case "server" -> server = true;
                case "sealed" -> { }
                default -> throw new IllegalArgumentException("\"" + parts[i] + "\" in --net " + text);
            }
        }
        if (parts[0].isEmpty()) {
            throw new IllegalArgumentException("--net \"" + text + "\" names no socket");
        }
        return PortSpec.open("net" + index, Path.of(parts[0]).toAbsolutePath().toString(), server);
    }

    /** The name of an interface; the port is called so with its kind before it. */
    static PortSpec host(String kind, String name) {
        return PortSpec.host(kind + name, kind + name);
    }

    private static int serve(List<PortSpec> specs, boolean acceptShrinkable, int cpu) {
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
