package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A port of the guest that the host offers.
 *
 * @param protocol "tcp" or "udp"
 * @param address  IPv4 address of the host to bind, "127.0.0.1" by default
 * @param host     port on the host, 1..65535
 * @param guest    port in the guest, 1..65535
 */
public record PublishedPort(String protocol, String address, int host, int guest) {
    private static final Pattern FORM = Pattern.compile(
            "(?:(\\d{1,3}(?:\\.\\d{1,3}){3}):)?(\\d{1,5})(?::(\\d{1,5}))?(?:/(tcp|udp))?");
    private static final Pattern ADDRESS = Pattern.compile("\\d{1,3}(?:\\.\\d{1,3}){3}");

    public PublishedPort {
        if (!"tcp".equals(protocol) && !"udp".equals(protocol)) {
            throw bad(protocol, "the protocol is tcp or udp");
        }
        if (address == null || !ADDRESS.matcher(address).matches()) {
            throw bad(address, "the address to bind is an IPv4 address of this host");
        }
        for (String part : address.split("\\.")) {
            if (Integer.parseInt(part) > 255) {
                throw bad(address, "the address to bind is an IPv4 address of this host");
            }
        }
        if (host < 1 || host > 65_535 || guest < 1 || guest > 65_535) {
            throw bad(host + ":" + guest, "a port is 1 to 65535");
        }
    }

    /**
     * Reads {@code [ADDRESS:]HOST[:GUEST][/udp]}.
     *
     * @throws Failure BAD_INPUT when the text has another form
     */
    public static PublishedPort parse(String text) {
        Matcher matcher = FORM.matcher(text);
        if (!matcher.matches()) {
            throw bad(text, "expected [ADDRESS:]HOST[:GUEST][/udp], for example 8080:80");
        }
        int host = Integer.parseInt(matcher.group(2));
        int guest = matcher.group(3) == null ? host : Integer.parseInt(matcher.group(3));
        return new PublishedPort(matcher.group(4) == null ? "tcp" : matcher.group(4),
                matcher.group(1) == null ? "127.0.0.1" : matcher.group(1), host, guest);
    }

    /** Whether both cannot be bound on one host. */
    public boolean collidesWith(PublishedPort other) {
        return protocol.equals(other.protocol) && host == other.host
                && (address.equals(other.address) || address.equals("0.0.0.0") || other.address.equals("0.0.0.0"));
    }

    private static Failure bad(String text, String hint) {
        return new Failure(Failure.Kind.BAD_INPUT, "\"" + text + "\" is not a port to publish", hint);
    }

    /** {@code 127.0.0.1:8080:80/tcp}, a form {@link #parse} reads. */
    @Override
    public String toString() {
        return address + ":" + host + ":" + guest + "/" + protocol;
    }
}
