package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * Unix stream sockets, all non-blocking and close-on-exec. Set-up calls, thread-safe; they throw {@link LinuxException}
 * unless a method says that it returns -errno.
 */
public final class UnixSockets {
    private static final MethodHandle SOCKET = Native.link("socket", 3);
    private static final MethodHandle CONNECT = Native.link("connect", 3);
    private static final MethodHandle BIND = Native.link("bind", 3);
    private static final MethodHandle LISTEN = Native.link("listen", 2);
    private static final MethodHandle ACCEPT4 = Native.link("accept4", 4);
    private static final MethodHandle SOCKETPAIR = Native.link("socketpair", 4);
    private static final MethodHandle GETSOCKOPT = Native.link("getsockopt", 5);
    private static final MethodHandle SETSOCKOPT = Native.link("setsockopt", 5);

    private static final int TYPE =
            SocketLayout.SOCK_STREAM | SocketLayout.SOCK_NONBLOCK | SocketLayout.SOCK_CLOEXEC;

    /** The longest path of a Unix socket, in bytes. */
    public static final int MAX_PATH = SocketLayout.SUN_PATH_SIZE - 1;

    /** Who is at the other end, as of connect(2) or listen(2). */
    public record Credentials(int pid, int uid, int gid) {}

    private UnixSockets() {}

    /**
     * Connects to {@code path}; never blocks.
     *
     * @return the connected socket, or -errno: -ENOENT or -ECONNREFUSED when nobody listens (yet), -EAGAIN when the
     *         server's backlog is full, -ENAMETOOLONG when the path has more than {@link #MAX_PATH} bytes
     */
    public static int connect(String path) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path);
            if (address == null) {
                return -Errno.ENAMETOOLONG;
            }
            int fd = Setup.call(SOCKET, SocketLayout.AF_UNIX, TYPE, 0);
            if (fd < 0) {
                return fd;
            }
            int result = Setup.call(CONNECT, fd, address.address(), address.byteSize());
            if (result < 0) {
                Fds.close(fd);
                return result;
            }
            return fd;
        }
    }

    /**
     * Binds and listens. An existing file at {@code path} is an error (EADDRINUSE): the caller decides whether it is
     * stale.
     */
    public static int listen(String path, int backlog) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment address = address(arena, path);
            if (address == null) {
                throw new LinuxException("bind", path, Errno.ENAMETOOLONG);
            }
            int fd = LinuxException.check("socket", "AF_UNIX", Setup.call(SOCKET, SocketLayout.AF_UNIX, TYPE, 0));
            try {
                LinuxException.check("bind", path, Setup.call(BIND, fd, address.address(), address.byteSize()));
                LinuxException.check("listen", path, Setup.call(LISTEN, fd, backlog));
                return fd;
            } catch (LinuxException failed) {
                Fds.close(fd);
                throw failed;
            }
        }
    }

    /** Accepts one connection. @return its socket, or -errno (-EAGAIN: nobody waits) */
    public static int accept(int listener) {
        return Setup.call(ACCEPT4, listener, 0, 0, SocketLayout.SOCK_NONBLOCK | SocketLayout.SOCK_CLOEXEC);
    }

    /** Two connected sockets. */
    public static int[] pair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = arena.allocate(8, 4);
            LinuxException.check("socketpair", "AF_UNIX",
                    Setup.call(SOCKETPAIR, SocketLayout.AF_UNIX, TYPE, 0, fds.address()));
            return new int[] {fds.get(JAVA_INT, 0), fds.get(JAVA_INT, 4)};
        }
    }

    /** SO_PEERCRED. */
    public static Credentials peer(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(SocketLayout.UCRED_SIZE, 4);
            option(fd, SocketLayout.SO_PEERCRED, credentials, arena);
            return new Credentials(credentials.get(JAVA_INT, SocketLayout.UCRED_PID),
                    credentials.get(JAVA_INT, SocketLayout.UCRED_UID),
                    credentials.get(JAVA_INT, SocketLayout.UCRED_GID));
        }
    }

    /** Asks for send and receive buffers of {@code bytes}; the kernel caps them at net.core.{w,r}mem_max. */
    public static void bufferSizes(int fd, int bytes) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(JAVA_INT, bytes);
            LinuxException.check("setsockopt", "SO_SNDBUF", Setup.call(SETSOCKOPT, fd, SocketLayout.SOL_SOCKET,
                    SocketLayout.SO_SNDBUF, value.address(), 4));
            LinuxException.check("setsockopt", "SO_RCVBUF", Setup.call(SETSOCKOPT, fd, SocketLayout.SOL_SOCKET,
                    SocketLayout.SO_RCVBUF, value.address(), 4));
        }
    }

    private static void option(int fd, int name, MemorySegment value, Arena arena) {
        MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
        LinuxException.check("getsockopt", name, Setup.call(GETSOCKOPT, fd, SocketLayout.SOL_SOCKET, name,
                value.address(), length.address()));
    }

    /** A sockaddr_un exactly as long as needed, or null when the path does not fit. */
    private static MemorySegment address(Arena arena, String path) {
        byte[] bytes = path.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_PATH || bytes.length == 0) {
            return null;
        }
        MemorySegment address = arena.allocate(SocketLayout.SUN_PATH + bytes.length + 1, 2);
        address.set(JAVA_SHORT, 0, (short) SocketLayout.AF_UNIX);
        MemorySegment.copy(bytes, 0, address, JAVA_BYTE, SocketLayout.SUN_PATH, bytes.length);
        return address;
    }
}
