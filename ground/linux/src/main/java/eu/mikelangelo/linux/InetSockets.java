package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.Inet6Address;
import java.net.InetSocketAddress;

/**
 * TCP and UDP over IPv4 and IPv6, all sockets non-blocking and close-on-exec. Set-up calls, thread-safe; they throw
 * {@link LinuxException} unless a method says that it returns -errno. Addresses must be resolved
 * ({@link IllegalArgumentException}). Connections are accepted and data moves through {@link HotCalls} or the ring.
 */
public final class InetSockets {
    private static final MethodHandle GETSOCKNAME = Native.link("getsockname", 3);
    private static final MethodHandle GETPEERNAME = Native.link("getpeername", 3);
    private static final MethodHandle SHUTDOWN = Native.link("shutdown", 2);

    /** Ends for {@link #shutdown}. */
    public static final int SHUT_RD = 0;
    public static final int SHUT_WR = 1;
    public static final int SHUT_RDWR = 2;

    private InetSockets() {}

    /**
     * Binds (SO_REUSEADDR) and listens. The IPv6 wildcard address takes IPv4 clients too.
     *
     * @param reusePort SO_REUSEPORT: several sockets, one a shard, share the address and the kernel spreads
     *        connections over them by a hash of both ends
     * @param backlog connections that wait to be accepted; capped by net.core.somaxconn
     */
    public static int listenTcp(InetSocketAddress address, int backlog, boolean reusePort) {
        int fd = bound(address, SocketLayout.SOCK_STREAM, reusePort);
        try {
            SocketCalls.listen(fd, backlog, address);
            return fd;
        } catch (LinuxException failed) {
            Fds.close(fd);
            throw failed;
        }
    }

    /** A UDP socket bound to {@code address}; port 0 lets the kernel choose. */
    public static int bindUdp(InetSocketAddress address, boolean reusePort) {
        return bound(address, SocketLayout.SOCK_DGRAM, reusePort);
    }

    /**
     * Begins to connect; does not wait. The socket becomes writable when it is decided; then {@link #error} tells how.
     *
     * @return the socket, or -errno when it failed at once (-ENETUNREACH, -EADDRNOTAVAIL, -EMFILE, …)
     */
    public static int connectTcp(InetSocketAddress address) {
        int fd = SocketCalls.socket(family(address), SocketLayout.SOCK_STREAM);
        if (fd < 0) {
            return fd;
        }
        int result = connect(fd, address);
        if (result < 0 && result != -Errno.EINPROGRESS) {
            Fds.close(fd);
            return result;
        }
        return fd;
    }

    /** A TCP socket of the family of {@code address}, not connected: for a connect through the ring. */
    public static int tcp(InetSocketAddress address) {
        return LinuxException.check("socket", address,
                SocketCalls.socket(family(address), SocketLayout.SOCK_STREAM));
    }

    /** connect(2): for UDP the default destination and only source. @return 0 or -errno */
    public static int connect(int fd, InetSocketAddress address) {
        try (Arena arena = Arena.ofConfined()) {
            return SocketCalls.connect(fd, encode(arena, address));
        }
    }

    /** shutdown(2) of one or both directions. @return 0 or -errno (-ENOTCONN: the peer was faster) */
    public static int shutdown(int fd, int how) {
        return Setup.call(SHUTDOWN, fd, how);
    }

    /** Where the socket is bound; null when it is of another family. */
    public static InetSocketAddress local(int fd) {
        return name("getsockname", GETSOCKNAME, fd);
    }

    /** The other end; null when it is of another family. */
    public static InetSocketAddress peer(int fd) {
        return name("getpeername", GETPEERNAME, fd);
    }

    /** SO_ERROR: takes and clears the pending error. @return 0 when there is none, or a positive errno */
    public static int error(int fd) {
        return SocketCalls.get(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_ERROR, "SO_ERROR");
    }

    /** TCP_NODELAY: send small segments at once. */
    public static void noDelay(int fd, boolean on) {
        SocketCalls.set(fd, SocketLayout.IPPROTO_TCP, SocketLayout.TCP_NODELAY, "TCP_NODELAY", on ? 1 : 0);
    }

    /** Whether TCP_NODELAY is set. */
    public static boolean noDelay(int fd) {
        return SocketCalls.get(fd, SocketLayout.IPPROTO_TCP, SocketLayout.TCP_NODELAY, "TCP_NODELAY") != 0;
    }

    /** SO_KEEPALIVE with the system's intervals. */
    public static void keepAlive(int fd, boolean on) {
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_KEEPALIVE, "SO_KEEPALIVE", on ? 1 : 0);
    }

    /** SO_LINGER: what close does with unsent bytes. 0 resets the connection; negative sends them, the default. */
    public static void linger(int fd, int seconds) {
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_LINGER, "SO_LINGER " + seconds,
                seconds < 0 ? 0 : 1, Math.max(seconds, 0));
    }

    /** SO_RCVBUF in bytes; the kernel doubles it for its own use and caps it at net.core.rmem_max. */
    public static void receiveBuffer(int fd, int bytes) {
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_RCVBUF, "SO_RCVBUF " + bytes, bytes);
    }

    /** What SO_RCVBUF is, in bytes, doubled. */
    public static int receiveBuffer(int fd) {
        return SocketCalls.get(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_RCVBUF, "SO_RCVBUF");
    }

    /** SO_SNDBUF in bytes; the kernel doubles it for its own use and caps it at net.core.wmem_max. */
    public static void sendBuffer(int fd, int bytes) {
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_SNDBUF, "SO_SNDBUF " + bytes, bytes);
    }

    /** What SO_SNDBUF is, in bytes, doubled. */
    public static int sendBuffer(int fd) {
        return SocketCalls.get(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_SNDBUF, "SO_SNDBUF");
    }

    /** Datagrams that the kernel threw away because the socket's receive buffer was full (SO_MEMINFO). */
    public static long drops(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment values = arena.allocate(JAVA_INT, SocketLayout.SK_MEMINFO_VARS);
            SocketCalls.get(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_MEMINFO, "SO_MEMINFO", values, arena);
            return Integer.toUnsignedLong(values.getAtIndex(JAVA_INT, SocketLayout.SK_MEMINFO_DROPS));
        }
    }

    /** SO_INCOMING_CPU: the CPU that handled the last packet of the connection; -1 when there was none. */
    public static int incomingCpu(int fd) {
        return SocketCalls.get(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_INCOMING_CPU, "SO_INCOMING_CPU");
    }

    /** SO_INCOMING_CPU of a listener in a SO_REUSEPORT group: prefer it for packets that arrive on {@code cpu}. */
    public static void incomingCpu(int fd, int cpu) {
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_INCOMING_CPU, "SO_INCOMING_CPU " + cpu, cpu);
    }

    private static int bound(InetSocketAddress address, int type, boolean reusePort) {
        int fd = LinuxException.check("socket", address, SocketCalls.socket(family(address), type));
        try (Arena arena = Arena.ofConfined()) {
            if (type == SocketLayout.SOCK_STREAM) {
                SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_REUSEADDR, "SO_REUSEADDR", 1);
            }
            if (reusePort) {
                SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_REUSEPORT, "SO_REUSEPORT", 1);
            }
            if (address.getAddress() instanceof Inet6Address) {
                SocketCalls.set(fd, SocketLayout.IPPROTO_IPV6, SocketLayout.IPV6_V6ONLY, "IPV6_V6ONLY", 0);
            }
            SocketCalls.bind(fd, encode(arena, address), address);
            return fd;
        } catch (LinuxException failed) {
            Fds.close(fd);
            throw failed;
        }
    }

    private static int family(InetSocketAddress address) {
        if (address.isUnresolved()) {
            throw new IllegalArgumentException("address " + address + " is not resolved");
        }
        return address.getAddress() instanceof Inet6Address ? SocketLayout.AF_INET6 : SocketLayout.AF_INET;
    }

    private static MemorySegment encode(Arena arena, InetSocketAddress address) {
        MemorySegment encoded = arena.allocate(InetAddressLayout.SIZE, 8);
        return encoded.asSlice(0, InetAddressLayout.set(encoded, 0, address));
    }

    private static InetSocketAddress name(String call, MethodHandle handle, int fd) {
        try (Arena arena = Arena.ofConfined()) {
            // Room for any family: a Unix socket may be asked too.
            MemorySegment address = arena.allocate(SocketLayout.SOCKADDR_UN_SIZE, 8);
            MemorySegment length = arena.allocateFrom(JAVA_INT, (int) address.byteSize());
            LinuxException.check(call, fd, Setup.call(handle, fd, address.address(), length.address()));
            return InetAddressLayout.get(address, 0);
        }
    }
}
