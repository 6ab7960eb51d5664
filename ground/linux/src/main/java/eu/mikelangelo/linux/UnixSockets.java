package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;

/**
 * Unix stream sockets, all non-blocking and close-on-exec. Set-up calls, thread-safe; they throw {@link LinuxException}
 * unless a method says that it returns -errno.
 */
public final class UnixSockets {
    private static final MethodHandle ACCEPT4 = Native.link("accept4", 4);
    private static final MethodHandle SOCKETPAIR = Native.link("socketpair", 4);

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
            int fd = SocketCalls.socket(SocketLayout.AF_UNIX, SocketLayout.SOCK_STREAM);
            if (fd < 0) {
                return fd;
            }
            int result = SocketCalls.connect(fd, address);
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
            int fd = LinuxException.check("socket", "AF_UNIX",
                    SocketCalls.socket(SocketLayout.AF_UNIX, SocketLayout.SOCK_STREAM));
            try {
                SocketCalls.bind(fd, address, path);
                SocketCalls.listen(fd, backlog, path);
                return fd;
            } catch (LinuxException failed) {
                Fds.close(fd);
                throw failed;
            }
        }
    }

    /** Accepts one connection. @return its socket, or -errno (-EAGAIN: nobody waits) */
    public static int accept(int listener) {
        return Setup.call(ACCEPT4, listener, 0, 0, SocketCalls.FLAGS);
    }

    /** Two connected sockets. */
    public static int[] pair() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment fds = arena.allocate(8, 4);
            LinuxException.check("socketpair", "AF_UNIX",
                    Setup.call(SOCKETPAIR, SocketLayout.AF_UNIX, SocketLayout.SOCK_STREAM | SocketCalls.FLAGS, 0,
                            fds.address()));
            return new int[] {fds.get(JAVA_INT, 0), fds.get(JAVA_INT, 4)};
        }
    }

    /** SO_PEERCRED. */
    public static Credentials peer(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment credentials = arena.allocate(SocketLayout.UCRED_SIZE, 4);
            SocketCalls.get(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_PEERCRED, "SO_PEERCRED", credentials, arena);
            return new Credentials(credentials.get(JAVA_INT, SocketLayout.UCRED_PID),
                    credentials.get(JAVA_INT, SocketLayout.UCRED_UID),
                    credentials.get(JAVA_INT, SocketLayout.UCRED_GID));
        }
    }

    /** Asks for send and receive buffers of {@code bytes}; the kernel caps them at net.core.{w,r}mem_max. */
    public static void bufferSizes(int fd, int bytes) {
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_SNDBUF, "SO_SNDBUF", bytes);
        SocketCalls.set(fd, SocketLayout.SOL_SOCKET, SocketLayout.SO_RCVBUF, "SO_RCVBUF", bytes);
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
