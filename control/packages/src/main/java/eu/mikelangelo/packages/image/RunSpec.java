package eu.mikelangelo.packages.image;

import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What one machine adds to its image or says differently.
 *
 * @param hostname    its name; "" leaves the guest's default
 * @param hosts       more lines for /etc/hosts
 * @param env         over the image's environment, in this order
 * @param args        instead of the arguments of the image's start command, taken literally; empty keeps them
 * @param user        instead of the image's, {@code uid:gid[,gid...]}; "" keeps the image's
 * @param workdir     instead of the image's; "" keeps the image's
 * @param listen      what must listen in the guest before it is ready
 * @param stopSeconds grace between SIGTERM and SIGKILL; 0 leaves the guest's default
 */
public record RunSpec(String hostname, Net net, List<HostName> hosts, Map<String, String> env, List<String> args,
                      String user, String workdir, List<Listen> listen, int stopSeconds) {

    public RunSpec {
        Objects.requireNonNull(hostname);
        Objects.requireNonNull(net);
        Objects.requireNonNull(user);
        Objects.requireNonNull(workdir);
        hosts = List.copyOf(hosts);
        env = java.util.Collections.unmodifiableMap(new java.util.LinkedHashMap<>(env));
        args = List.copyOf(args);
        listen = List.copyOf(listen);
    }

    /** The image as it is, without a network. */
    public static final RunSpec PLAIN =
            new RunSpec("", new Net.None(), List.of(), Map.of(), List.of(), "", "", List.of(), 0);

    /** The machine's first network card. */
    public sealed interface Net {
        /** Addresses are dotted quads; {@code gateway} and {@code dns} may be "". */
        record Static(String address, int bits, String gateway, String dns, int mtu) implements Net { }

        record Dhcp() implements Net { }

        record None() implements Net { }
    }

    public record HostName(String address, String name) { }

    /** @param protocol "tcp" or "udp" */
    public record Listen(String protocol, int port) { }
}
