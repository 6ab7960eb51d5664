package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.policy.PortPolicy;
import eu.mikelangelo.ioplane.policy.Vlans;

/**
 * One machine's network card as the switch knows it.
 *
 * @param name for people, in counters and errors
 * @param mac the MAC address it must use, 48 bits; {@link #ANY_MAC} lets it use any (an open port)
 * @param ipv4 the IPv4 address it must use, as in the header read big-endian; 0 lets it use any
 * @param uplink path of passt's Unix socket, or null for a port without an uplink
 * @param others MAC addresses that it may use as well, at most {@value #MOST_MACS}; none when {@code mac} is any
 * @param policy what else is asked of it
 */
public record PortConfig(String name, long mac, int ipv4, String uplink, long[] others, PortPolicy policy) {
    /** Any source MAC is taken. */
    public static final long ANY_MAC = -1;
    /** Addresses, each in each of the port's VLANs, that stay in the switch's table. */
    public static final int MOST_MACS = 256;

    /** @throws IllegalArgumentException for a MAC that is none, or what does not go together */
    public PortConfig {
        others = others.clone();
        check(mac, true);
        for (long other : others) {
            check(other, false);
        }
        if (mac == ANY_MAC && others.length > 0) {
            throw new IllegalArgumentException("any MAC address, and " + others.length + " others");
        }
        Vlans vlans = policy.vlans();
        if (mac != ANY_MAC && (1 + others.length) * vlans.count() > MOST_MACS) {
            throw new IllegalArgumentException((1 + others.length) + " MAC addresses in " + vlans.count()
                    + " VLANs: a port may have " + MOST_MACS + " pairs of them");
        }
        if (vlans.trunk() && (ipv4 != 0 || uplink != null)) {
            throw new IllegalArgumentException("a trunk has neither one address nor an uplink of its own");
        }
    }

    /** A port of which nothing else is asked. */
    public PortConfig(String name, long mac, int ipv4, String uplink) {
        this(name, mac, ipv4, uplink, new long[0], PortPolicy.NONE);
    }

    private static void check(long mac, boolean mayBeAny) {
        if (!(mayBeAny && mac == ANY_MAC) && (mac <= 0 || mac >>> 48 != 0 || (mac >>> 40 & 1) != 0)) {
            throw new IllegalArgumentException("0x" + Long.toHexString(mac) + " is not the MAC address of one card");
        }
    }

    /** @return a copy */
    @Override
    public long[] others() {
        return others.clone();
    }

    /** @return whether the port may send with this address */
    boolean mayUse(long source) {
        if (mac == source || mac == ANY_MAC) {
            return true;
        }
        for (long other : others) {
            if (other == source) {
                return true;
            }
        }
        return false;
    }

    /** @return its only MAC addresses, none when it may use any */
    long[] macs() {
        if (mac == ANY_MAC) {
            return new long[0];
        }
        long[] all = new long[1 + others.length];
        all[0] = mac;
        System.arraycopy(others, 0, all, 1, others.length);
        return all;
    }

    /** A port that may use any address and has no uplink, as {@code mike io serve} makes them. */
    public static PortConfig open(String name) {
        return new PortConfig(name, ANY_MAC, 0, null);
    }
}
