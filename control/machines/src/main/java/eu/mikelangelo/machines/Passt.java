package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.qemu.Programs;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * passt's command line as a value: the uplink of one machine. It turns the frames of its socket into sockets of the
 * host, and binds the published ports.
 *
 * @param socket   where it listens; its folder must be writable for the user it runs as
 * @param asNobody root only: let it become nobody (its default); false keeps it root, for a home that nobody cannot
 * reach
 */
record Passt(String binary, Path socket, String address, List<PublishedPort> ports, boolean asNobody, boolean root) {
    private static final List<String> PLACES = List.of("/usr/bin/passt", "/usr/local/bin/passt");

    static Passt of(MachineSpec spec, Sockets sockets, boolean asNobody, Map<String, String> env) {
        return new Passt(find(env), sockets.passt(), spec.address(), spec.ports(), asNobody,
                System.getProperty("user.name").equals("root"));
    }

    private static String find(Map<String, String> env) {
        String override = env.getOrDefault("MIKE_PASST", "");
        if (!override.isEmpty()) {
            if (!override.startsWith("/") || !Files.isExecutable(Path.of(override))) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "MIKE_PASST=" + override + " is not a program",
                        "give the absolute path of passt");
            }
            return override;
        }
        return Programs.find("passt", env, PLACES).orElseThrow(() -> new Failure(Failure.Kind.UNAVAILABLE,
                "passt is not installed", "install it: apt-get install -y --no-install-recommends passt")).toString();
    }

    List<String> argv() {
        List<String> argv = new ArrayList<>(List.of(binary, "--foreground", "--quiet"));
        if (root && !asNobody) {
            argv.addAll(List.of("--runas", "0:0"));
        }
        argv.addAll(List.of("--socket", socket.toString(), "--ipv4-only", "--mtu", String.valueOf(MachineSpec.MTU),
                "--address", address, "--netmask", String.valueOf(MachineSpec.NETWORK_BITS),
                "--gateway", MachineSpec.GATEWAY, "--mac-addr", MachineSpec.GATEWAY_MAC,
                // The gateway is ours, not a way to the host's own services.
                "--no-map-gw", "--dns-forward", MachineSpec.GATEWAY));
        for (PublishedPort port : ports) {
            argv.add(port.protocol().equals("tcp") ? "--tcp-ports" : "--udp-ports");
            argv.add(port.address() + "/" + port.host() + ":" + port.guest());
        }
        return List.copyOf(argv);
    }

    /** What its last words mean. */
    Failure explain(String log) {
        String said = String.join("\n", log.lines().map(String::strip).filter(Passt::meaningful).toList());
        for (PublishedPort port : ports) {
            String bound = port.address() + "/" + port.host() + ":" + port.guest();
            if (said.contains(bound) && said.contains("bind")) {
                return new Failure(Failure.Kind.CONFLICT, "cannot publish " + port.address() + ":" + port.host() + "/"
                        + port.protocol() + ": the port is in use on this host, or not allowed",
                        "choose another host port, for example -p " + (port.host() < 50_000 ? port.host() + 10_000
                        : port.host() - 10_000) + ":" + port.guest());
            }
        }
        return new Failure(Failure.Kind.UNAVAILABLE, "passt does not start: "
                + (said.isEmpty() ? "it said nothing" : said), "try it by hand: " + String.join(" ", argv()));
    }

    private static boolean meaningful(String line) {
        return !line.isEmpty() && !line.contains("to syslog") && !line.startsWith("Don't run as root");
    }
}
