package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static java.lang.foreign.ValueLayout.JAVA_LONG_UNALIGNED;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Descriptors that are not sockets: epoll, eventfd, memfd, and what can be asked of any. Set-up calls, thread-safe;
 * they throw {@link LinuxException}. Every descriptor made here is close-on-exec.
 */
public final class Fds {
    private static final MethodHandle CLOSE = Native.link("close", 1);
    private static final MethodHandle EPOLL_CREATE1 = Native.link("epoll_create1", 1);
    private static final MethodHandle EPOLL_CTL = Native.link("epoll_ctl", 4);
    private static final MethodHandle EVENTFD = Native.link("eventfd", 2);
    private static final MethodHandle MEMFD_CREATE = Native.link("memfd_create", 2);
    private static final MethodHandle FTRUNCATE = Native.link("ftruncate", 2);
    private static final MethodHandle FSTAT = Native.link("fstat", 2);
    private static final MethodHandle FCNTL = Native.link("fcntl", 3, Linker.Option.firstVariadicArg(2));

    private static final MethodHandle POLL = Native.link("poll", 3);

    static final short POLLOUT = 4;
    static final int EPOLL_CLOEXEC = 0x80000;
    static final int EPOLL_CTL_ADD = 1;
    static final int EPOLL_CTL_DEL = 2;
    static final int EPOLL_CTL_MOD = 3;
    static final int EFD_CLOEXEC = 0x80000;
    static final int EFD_NONBLOCK = 0x800;
    static final int MFD_CLOEXEC = 1;
    static final int MFD_ALLOW_SEALING = 2;
    static final int F_GETFL = 3;
    static final int F_SETFL = 4;
    static final int F_DUPFD_CLOEXEC = 1030;
    static final int F_ADD_SEALS = 1033;
    static final int F_GET_SEALS = 1034;
    static final int O_NONBLOCK = 0x800;

    /** Seals of a memfd (fcntl.h): no further seals, cannot shrink, cannot grow. */
    public static final int F_SEAL_SEAL = 1;
    public static final int F_SEAL_SHRINK = 2;
    public static final int F_SEAL_GROW = 4;

    /** What fstat(2) says; {@code size} and {@code blockSize} in bytes. */
    public record Status(long device, long inode, int mode, long size, long blockSize) {
        /** True for a regular file (memfd and hugetlbfs included). */
        public boolean isRegular() {
            return (mode & StatLayout.S_IFMT) == StatLayout.S_IFREG;
        }
    }

    private Fds() {}

    /**
     * Closes; errors are ignored (there is nothing to be done about them, the descriptor is gone). Negative is a no-op.
     */
    public static void close(int fd) {
        if (fd >= 0) {
            Setup.call(CLOSE, fd);
        }
    }

    /** A new epoll instance. */
    public static int epoll() {
        return LinuxException.check("epoll_create1", "", Setup.call(EPOLL_CREATE1, EPOLL_CLOEXEC));
    }

    /** Watches {@code fd} for {@code events}; {@code data} comes back in {@link EpollEventLayout#data}. */
    public static void epollAdd(int epollFd, int fd, int events, long data) {
        epollControl(epollFd, EPOLL_CTL_ADD, fd, events, data);
    }

    /** Changes what is watched. */
    public static void epollModify(int epollFd, int fd, int events, long data) {
        epollControl(epollFd, EPOLL_CTL_MOD, fd, events, data);
    }

    /** Stops watching. */
    public static void epollRemove(int epollFd, int fd) {
        epollControl(epollFd, EPOLL_CTL_DEL, fd, 0, 0);
    }

    private static void epollControl(int epollFd, int operation, int fd, int events, long data) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment event = arena.allocate(16, 8);
            EpollEventLayout.set(event, events, data);
            int result = Setup.call(EPOLL_CTL, epollFd, operation, fd, event.address());
            LinuxException.check("epoll_ctl", "operation " + operation + ", fd " + fd, result);
        }
    }

    /** A non-blocking eventfd at zero. */
    public static int eventFd() {
        return LinuxException.check("eventfd", 0, Setup.call(EVENTFD, 0, EFD_CLOEXEC | EFD_NONBLOCK));
    }

    /** Anonymous memory as a file of {@code size} bytes that allows sealing. */
    public static int memFd(String name, long size) {
        int fd;
        try (Arena arena = Arena.ofConfined()) {
            long address = arena.allocateFrom(name).address();
            fd = LinuxException.check("memfd_create", name,
                    Setup.call(MEMFD_CREATE, address, MFD_CLOEXEC | MFD_ALLOW_SEALING));
        }
        truncate(fd, size);
        return fd;
    }

    /** ftruncate(2). */
    public static void truncate(int fd, long size) {
        LinuxException.check("ftruncate", size + " bytes", Setup.call(FTRUNCATE, fd, size));
    }

    /** fstat(2). */
    public static Status status(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment stat = arena.allocate(StatLayout.SIZE, 8);
            LinuxException.check("fstat", fd, Setup.call(FSTAT, fd, stat.address()));
            // st_blksize is 4 bytes on AArch64 and 8 on x86-64; block sizes fit 32 bits.
            return new Status(stat.get(JAVA_LONG, StatLayout.DEVICE), stat.get(JAVA_LONG, StatLayout.INODE),
                    stat.get(JAVA_INT, StatLayout.MODE), stat.get(JAVA_LONG_UNALIGNED, StatLayout.FILE_SIZE),
                    Integer.toUnsignedLong(stat.get(JAVA_INT, StatLayout.BLOCK_SIZE)));
        }
    }

    /** The seals of a memfd; 0 when the file does not know seals. */
    public static int seals(int fd) {
        int result = Setup.call(FCNTL, fd, F_GET_SEALS, 0);
        return result < 0 ? 0 : result;
    }

    /** Adds seals to a memfd. */
    public static void addSeals(int fd, int seals) {
        LinuxException.check("fcntl", "F_ADD_SEALS " + seals, Setup.call(FCNTL, fd, F_ADD_SEALS, seals));
    }

    /** A second descriptor of the same open file. */
    public static int duplicate(int fd) {
        return LinuxException.check("fcntl", "F_DUPFD_CLOEXEC " + fd, Setup.call(FCNTL, fd, F_DUPFD_CLOEXEC, 0));
    }

    /** Sets or clears O_NONBLOCK. It belongs to the open file: a peer that shares it sees the change. */
    public static void nonBlocking(int fd, boolean on) {
        int flags = LinuxException.check("fcntl", "F_GETFL", Setup.call(FCNTL, fd, F_GETFL, 0));
        int wanted = on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
        LinuxException.check("fcntl", "F_SETFL", Setup.call(FCNTL, fd, F_SETFL, wanted));
    }

    /** False when a write would wait, or could not be looked at. */
    public static boolean canWrite(int fd) {
        try (Arena arena = Arena.ofConfined()) {
            // struct pollfd { int fd; short events; short revents; }
            MemorySegment pollFd = arena.allocate(8, 4);
            pollFd.set(JAVA_INT, 0, fd);
            pollFd.set(JAVA_SHORT, 4, POLLOUT);
            return Setup.call(POLL, pollFd.address(), 1, 0) == 1 && pollFd.get(JAVA_SHORT, 6) == POLLOUT;
        }
    }
}
