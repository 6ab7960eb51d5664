package eu.mikelangelo.ioplane;

/**
 * One machine's network card as the switch knows it.
 *
 * @param name for people, in counters and errors
 * @param mac the MAC address it must use, 48 bits; {@link #ANY_MAC} lets it use any (an open port)
 * @param ipv4 the IPv4 address it must use, as in the header read big-endian; 0 lets it use any
 * @param uplink path of passt's Unix socket, or null for a port without an uplink
 */
public record PortConfig(String name, long mac, int ipv4, String uplink) {
    /** Any source MAC is taken. */
    public static final long ANY_MAC = -1;

    /** @throws IllegalArgumentException for a MAC that is none, or one that is a group's */
    public PortConfig {
        if (mac != ANY_MAC && (mac <= 0 || mac >>> 48 != 0 || (mac >>> 40 & 1) != 0)) {
            throw new IllegalArgumentException("0x" + Long.toHexString(mac) + " is not the MAC address of one card");
        }
    }

    /** A port that may use any address and has no uplink, as {@code mike io serve} makes them. */
    public static PortConfig open(String name) {
        return new PortConfig(name, ANY_MAC, 0, null);
    }
}
