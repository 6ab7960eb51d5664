package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** What sockets of all families have in common. Every socket made here is non-blocking and close-on-exec. */
final class SocketCalls {
    private static final MethodHandle SOCKET = Native.link("socket", 3);
    private static final MethodHandle CONNECT = Native.link("connect", 3);
    private static final MethodHandle BIND = Native.link("bind", 3);
    private static final MethodHandle LISTEN = Native.link("listen", 2);
    private static final MethodHandle GETSOCKOPT = Native.link("getsockopt", 5);
    private static final MethodHandle SETSOCKOPT = Native.link("setsockopt", 5);

    static final int FLAGS = SocketLayout.SOCK_NONBLOCK | SocketLayout.SOCK_CLOEXEC;

    private SocketCalls() {}

    /** @return a new socket, or -errno */
    static int socket(int family, int type) {
        return Setup.call(SOCKET, family, type | FLAGS, 0);
    }

    /** @param address exactly as long as the address. @return 0 or -errno */
    static int connect(int fd, MemorySegment address) {
        return Setup.call(CONNECT, fd, address.address(), address.byteSize());
    }

    static void bind(int fd, MemorySegment address, Object shown) {
        LinuxException.check("bind", shown, Setup.call(BIND, fd, address.address(), address.byteSize()));
    }

    static void listen(int fd, int backlog, Object shown) {
        LinuxException.check("listen", shown, Setup.call(LISTEN, fd, backlog));
    }

    static void set(int fd, int level, int option, String shown, int... values) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocateFrom(JAVA_INT, values);
            LinuxException.check("setsockopt", shown,
                    Setup.call(SETSOCKOPT, fd, level, option, value.address(), value.byteSize()));
        }
    }

    static int get(int fd, int level, int option, String shown) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment value = arena.allocate(JAVA_INT);
            get(fd, level, option, shown, value, arena);
            return value.get(JAVA_INT, 0);
        }
    }

    static void get(int fd, int level, int option, String shown, MemorySegment value, Arena arena) {
        MemorySegment length = arena.allocateFrom(JAVA_INT, (int) value.byteSize());
        LinuxException.check("getsockopt", shown,
                Setup.call(GETSOCKOPT, fd, level, option, value.address(), length.address()));
    }
}
