package eu.mikelangelo.load;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.net.Inet4Address;
import java.net.InetSocketAddress;

/** TCP sockets over IPv4, non-blocking. Set-up calls; reading and writing are ground/linux's. */
final class Sockets {
    private static final int AF_INET = 2;
    private static final int SOCK_STREAM = 1;
    private static final int SOCK_NONBLOCK = 0x800;
    private static final int SOCK_CLOEXEC = 0x80000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_ERROR = 4;
    private static final int SO_LINGER = 13;
    private static final int IPPROTO_TCP = 6;
    private static final int TCP_NODELAY = 1;
    private static final int EINPROGRESS = 115;
    /** struct sockaddr_in. */
    private static final int ADDRESS_BYTES = 16;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final Linker.Option ERRNO = Linker.Option.captureCallState("errno");
    private static final long ERRNO_OFFSET = Linker.Option.captureStateLayout()
            .byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final MethodHandle SOCKET = link("socket", JAVA_INT, JAVA_INT, JAVA_INT);
    private static final MethodHandle CONNECT = link("connect", JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle SETSOCKOPT = link("setsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, JAVA_INT);
    private static final MethodHandle GETSOCKOPT = link("getsockopt", JAVA_INT, JAVA_INT, JAVA_INT, ADDRESS, ADDRESS);

    private Sockets() {}

    private static MethodHandle link(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments), ERRNO);
    }

    /** Begins to connect; the socket becomes writable when that has ended, and {@link #error} says how. */
    static int connectTcp(InetSocketAddress address) throws IOException {
        if (!(address.getAddress() instanceof Inet4Address)) {
            throw new IOException("no IPv4 address: " + address);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            int fd = (int) SOCKET.invokeExact(state, AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
            check("socket", fd, state);
            MemorySegment name = arena.allocate(ADDRESS_BYTES, 8);
            name.set(JAVA_BYTE, 0, (byte) AF_INET);
            name.set(JAVA_BYTE, 2, (byte) (address.getPort() >> 8));
            name.set(JAVA_BYTE, 3, (byte) address.getPort());
            MemorySegment.copy(address.getAddress().getAddress(), 0, name, JAVA_BYTE, 4, 4);
            int result = (int) CONNECT.invokeExact(state, fd, name, ADDRESS_BYTES);
            if (result < 0 && state.get(JAVA_INT, ERRNO_OFFSET) != EINPROGRESS) {
                eu.mikelangelo.linux.Fds.close(fd);
                check("connect to " + address, result, state);
            }
            return fd;
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    private static void check(String call, int result, MemorySegment state) throws IOException {
        if (result < 0) {
            throw new IOException(call + ": error " + state.get(JAVA_INT, ERRNO_OFFSET));
        }
    }

    /** Takes the pending error of a socket; 0 when there is none. */
    static int error(int fd) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            MemorySegment value = arena.allocate(JAVA_INT);
            MemorySegment length = arena.allocate(JAVA_INT);
            length.set(JAVA_INT, 0, 4);
            check("getsockopt", (int) GETSOCKOPT.invokeExact(state, fd, SOL_SOCKET, SO_ERROR, value, length), state);
            return value.get(JAVA_INT, 0);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    /** Small writes leave at once. */
    static void noDelay(int fd) throws IOException {
        set(fd, IPPROTO_TCP, TCP_NODELAY, 1, 0, 4);
    }

    /** Closing resets the connection. */
    static void resetOnClose(int fd) throws IOException {
        set(fd, SOL_SOCKET, SO_LINGER, 1, 0, 8);
    }

    private static void set(int fd, int level, int option, int first, int second, int length) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = arena.allocate(Linker.Option.captureStateLayout());
            MemorySegment value = arena.allocate(8, 4);
            value.set(JAVA_INT, 0, first);
            value.set(JAVA_INT, 4, second);
            check("setsockopt", (int) SETSOCKOPT.invokeExact(state, fd, level, option, value, length), state);
        } catch (IOException failed) {
            throw failed;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }
}
