package eu.mikelangelo.plane.api;

import java.nio.charset.StandardCharsets;
import java.util.Objects;
import java.util.regex.Pattern;

/**
 * A port of the plane's switch: one machine's network card, or an interface of the host. Two equal specs are the same
 * port.
 *
 * @param name unique in the plane; 1 to {@value #MAX_NAME} characters
 * @param vhostSocket absolute path of the vhost-user socket, at most {@value #MAX_PATH} bytes; empty exactly when
 *         {@code host} is not
 * @param server true: the plane listens there; false: it connects, and reconnects (QEMU is the server)
 * @param mac the only MAC address the port may use, {@code 02:4d:00:00:00:01}, or several with {@code +} between;
 *         empty: any
 * @param ipv4 the only IPv4 address the port may use, {@code 10.187.0.1}; empty: any
 * @param gatewayMac MAC address of the gateway; empty: none. All ports of a plane have the same gateway
 * @param gatewayIp IPv4 address of the gateway; empty exactly when {@code gatewayMac} is
 * @param uplinkSocket absolute path of passt's socket; empty: no uplink
 * @param host the interface of the host behind the port: {@code tap:NAME}, a TAP device, or {@code interface:NAME}, a
 *         network card or anything else that carries Ethernet frames; empty: a machine is
 * @param rules what else is asked of it
 */
public record PortSpec(String name, String vhostSocket, boolean server, String mac, String ipv4, String gatewayMac,
        String gatewayIp, String uplinkSocket, String host, NetRules rules) {
    /** Most characters of a name. */
    public static final int MAX_NAME = 100;
    /** Most bytes of a socket's path (unix(7), without the terminating zero). */
    public static final int MAX_PATH = 107;
    /** What {@link #host} begins with. */
    public static final String TAP = "tap:";
    public static final String INTERFACE = "interface:";
    /** The kernel's rule for names (dev_valid_name), of one byte a character. */
    private static final Pattern HOST =
            Pattern.compile("(?:" + TAP + "|" + INTERFACE + ")(?!\\.\\.?$)[!-~&&[^/:]]{1,15}");

    /** @throws IllegalArgumentException naming the value that cannot be */
    public PortSpec {
        Objects.requireNonNull(name);
        if (name.isEmpty() || name.length() > MAX_NAME || name.chars().anyMatch(c -> c <= ' ')) {
            throw new IllegalArgumentException("port name \"" + name + "\"");
        }
        path("vhost-user socket", vhostSocket, !host.isEmpty());
        if (!host.isEmpty() && (!HOST.matcher(host).matches() || !vhostSocket.isEmpty() || server)) {
            throw new IllegalArgumentException("\"" + host + "\" is not the interface of a port"
                    + (vhostSocket.isEmpty() ? "" : " with socket " + vhostSocket));
        }
        path("uplink socket", uplinkSocket, true);
        if (!host.isEmpty() && rules.queues() != 0) {
            throw new IllegalArgumentException("port " + name + ": queues are a machine's");
        }
        Addresses.macs(mac);
        Objects.requireNonNull(rules);
        Addresses.ipv4(ipv4);
        Addresses.mac(gatewayMac);
        Addresses.ipv4(gatewayIp);
        if (gatewayMac.isEmpty() != gatewayIp.isEmpty()) {
            throw new IllegalArgumentException("a gateway needs MAC \"" + gatewayMac + "\" and address \""
                    + gatewayIp + "\"");
        }
        if (!rules.trunk().isEmpty() && !(ipv4.isEmpty() && uplinkSocket.isEmpty())) {
            throw new IllegalArgumentException("port " + name
                    + ": a trunk has neither one address nor an uplink of its own");
        }
    }

    private static void path(String what, String path, boolean mayBeEmpty) {
        if (path.isEmpty() && mayBeEmpty) {
            return;
        }
        if (!path.startsWith("/") || path.getBytes(StandardCharsets.UTF_8).length > MAX_PATH || path.indexOf(0) >= 0) {
            throw new IllegalArgumentException(what + " \"" + path + "\" is not an absolute path of at most " + MAX_PATH
                    + " bytes");
        }
    }

    /** A machine's port. */
    public PortSpec(String name, String vhostSocket, boolean server, String mac, String ipv4, String gatewayMac,
            String gatewayIp, String uplinkSocket, NetRules rules) {
        this(name, vhostSocket, server, mac, ipv4, gatewayMac, gatewayIp, uplinkSocket, "", rules);
    }

    /** A machine's port of which nothing else is asked. */
    public PortSpec(String name, String vhostSocket, boolean server, String mac, String ipv4, String gatewayMac,
            String gatewayIp, String uplinkSocket) {
        this(name, vhostSocket, server, mac, ipv4, gatewayMac, gatewayIp, uplinkSocket, NetRules.NONE);
    }

    /** An open port with an interface of the host behind it; no gateway. */
    public static PortSpec host(String name, String host) {
        return new PortSpec(name, "", false, "", "", "", "", "", host, NetRules.NONE);
    }

    /** An open port: any address, no gateway, no uplink. */
    public static PortSpec open(String name, String vhostSocket, boolean server) {
        return new PortSpec(name, vhostSocket, server, "", "", "", "", "");
    }
}
