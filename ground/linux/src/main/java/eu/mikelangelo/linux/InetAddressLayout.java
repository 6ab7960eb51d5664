package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT_UNALIGNED;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.ByteOrder;

/** {@code struct sockaddr_in} and {@code struct sockaddr_in6} (netinet/in.h); ports and addresses are big-endian. */
public final class InetAddressLayout {
    /** Room for an address of either family, in bytes. */
    public static final int SIZE = 28;
    static final int IPV4_SIZE = 16;
    static final long FAMILY = 0;
    static final long PORT = 2;
    static final long IPV4_ADDRESS = 4;
    static final long IPV6_ADDRESS = 8;
    static final long IPV6_SCOPE = 24;

    private static final ValueLayout.OfShort PORT_LAYOUT = JAVA_SHORT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);
    private static final ValueLayout.OfInt IPV4_LAYOUT = JAVA_INT_UNALIGNED.withOrder(ByteOrder.BIG_ENDIAN);

    private InetAddressLayout() {}

    /**
     * Writes an address; allocates.
     *
     * @return its length: 16 or 28 bytes
     * @throws IllegalArgumentException when the address was not resolved
     */
    public static int set(MemorySegment to, long offset, InetSocketAddress address) {
        InetAddress host = address.getAddress();
        if (host == null) {
            throw new IllegalArgumentException("address " + address + " is not resolved");
        }
        byte[] bytes = host.getAddress();
        boolean ipv6 = host instanceof Inet6Address;
        to.asSlice(offset, ipv6 ? SIZE : IPV4_SIZE).fill((byte) 0);
        to.set(JAVA_SHORT_UNALIGNED, offset + FAMILY,
                (short) (ipv6 ? SocketLayout.AF_INET6 : SocketLayout.AF_INET));
        to.set(PORT_LAYOUT, offset + PORT, (short) address.getPort());
        MemorySegment.copy(bytes, 0, to, JAVA_BYTE, offset + (ipv6 ? IPV6_ADDRESS : IPV4_ADDRESS), bytes.length);
        if (host instanceof Inet6Address scoped) {
            to.set(JAVA_INT_UNALIGNED, offset + IPV6_SCOPE, scoped.getScopeId());
        }
        return ipv6 ? SIZE : IPV4_SIZE;
    }

    /** The address at {@code offset}, or null when it is of another family (a Unix socket, none). Allocates. */
    public static InetSocketAddress get(MemorySegment from, long offset) {
        int family = family(from, offset);
        if (family != SocketLayout.AF_INET && family != SocketLayout.AF_INET6) {
            return null;
        }
        boolean ipv6 = family == SocketLayout.AF_INET6;
        byte[] bytes = new byte[ipv6 ? 16 : 4];
        MemorySegment.copy(from, JAVA_BYTE, offset + (ipv6 ? IPV6_ADDRESS : IPV4_ADDRESS), bytes, 0, bytes.length);
        try {
            int scope = ipv6 ? from.get(JAVA_INT_UNALIGNED, offset + IPV6_SCOPE) : 0;
            InetAddress host = scope != 0 ? Inet6Address.getByAddress(null, bytes, scope)
                    : InetAddress.getByAddress(bytes);
            return new InetSocketAddress(host, port(from, offset));
        } catch (UnknownHostException wrongLength) {
            throw new AssertionError("an address of 4 or 16 bytes", wrongLength);
        }
    }

    /** True for {@code sockaddr_in6}. */
    public static boolean isIpv6(MemorySegment from, long offset) {
        return family(from, offset) == SocketLayout.AF_INET6;
    }

    /** The port, 0 to 65,535. */
    public static int port(MemorySegment from, long offset) {
        return from.get(PORT_LAYOUT, offset + PORT) & 0xffff;
    }

    /** The address of a {@code sockaddr_in} as a number: 127.0.0.1 is 0x7f000001. */
    public static int ipv4(MemorySegment from, long offset) {
        return from.get(IPV4_LAYOUT, offset + IPV4_ADDRESS);
    }

    private static int family(MemorySegment from, long offset) {
        return from.get(JAVA_SHORT_UNALIGNED, offset + FAMILY) & 0xffff;
    }
}
