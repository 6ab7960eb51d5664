package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import eu.mikelangelo.linux.ffi.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * The calls of a data-path thread: no allocation, no exception; a negative result is a negative errno. One object
 * belongs to one thread at a time (it holds the place where errno is captured).
 *
 * <p>Buffers are native segments; offset and length are checked. Their arena must stay open during the call: unlike
 * ordinary FFM calls these do not pin it, for pinning a shared arena is an atomic operation.
 */
public final class HotCalls {
    private static final MethodHandle READ = Native.link("read", 3);
    private static final MethodHandle WRITE = Native.link("write", 3);
    private static final MethodHandle READV = Native.link("readv", 3);
    private static final MethodHandle WRITEV = Native.link("writev", 3);
    /** int ioctl(int, unsigned long, ...). */
    private static final MethodHandle IOCTL = Native.link("ioctl", 3, Linker.Option.firstVariadicArg(2));
    private static final MethodHandle EPOLL_WAIT = Native.link("epoll_wait", 4);
    private static final MethodHandle RECV = Native.link("recv", 4);
    private static final MethodHandle SEND = Native.link("send", 4);
    private static final MethodHandle RECVMSG = Native.link("recvmsg", 3);
    private static final MethodHandle SENDMSG = Native.link("sendmsg", 3);
    private static final MethodHandle ACCEPT4 = Native.link("accept4", 4);
    private static final MethodHandle PREAD = Native.link("pread", 4);
    private static final MethodHandle PWRITE = Native.link("pwrite", 4);
    private static final MethodHandle FDATASYNC = Native.link("fdatasync", 1);

    /** linux/sockios.h: the same number as TIOCOUTQ on x86-64 and AArch64. */
    private static final long SIOCOUTQ = 0x5411;

    /** The kernel's limit on the length of an iovec array (UIO_MAXIOV). */
    public static final int MAX_IOVECS = 1024;

    private final MemorySegment state = Native.newState(Arena.ofAuto());
    private final MemorySegment counter = Arena.ofAuto().allocate(JAVA_LONG);

    /** read(2). @return bytes, 0 at end of stream, or -errno */
    public int read(int fd, MemorySegment buffer, long offset, int length) {
        return transfer(READ, fd, buffer, offset, length);
    }

    /** write(2). @return bytes, or -errno */
    public int write(int fd, MemorySegment buffer, long offset, int length) {
        return transfer(WRITE, fd, buffer, offset, length);
    }

    /**
     * readv(2) with {@code count} iovecs ({@link IovecLayout}) at the start of {@code iovecs}; their addresses are not
     * checked.
     */
    public long readv(int fd, MemorySegment iovecs, int count) {
        return vector(READV, fd, iovecs, count);
    }

    /**
     * writev(2) with {@code count} iovecs ({@link IovecLayout}) at the start of {@code iovecs}; their addresses are not
     * checked.
     */
    public long writev(int fd, MemorySegment iovecs, int count) {
        return vector(WRITEV, fd, iovecs, count);
    }

    /** recv(2), never blocks. @return bytes, 0 at end of stream, or -errno (-EAGAIN: nothing has come) */
    public int recv(int fd, MemorySegment buffer, long offset, int length) {
        return transfer(RECV, fd, buffer, offset, length, SocketLayout.MSG_DONTWAIT);
    }

    /** send(2), never blocks, no SIGPIPE. @return bytes taken, perhaps fewer, or -errno (-EAGAIN: no room) */
    public int send(int fd, MemorySegment buffer, long offset, int length) {
        return transfer(SEND, fd, buffer, offset, length, SocketLayout.MSG_DONTWAIT | SocketLayout.MSG_NOSIGNAL);
    }

    /** Like {@link #send}, and tells TCP that more follows at once (MSG_MORE): it waits for a full segment. */
    public int sendMore(int fd, MemorySegment buffer, long offset, int length) {
        return transfer(SEND, fd, buffer, offset, length,
                SocketLayout.MSG_DONTWAIT | SocketLayout.MSG_NOSIGNAL | SocketLayout.MSG_MORE);
    }

    /** recvmsg(2) with a header of {@link MessageLayout}, never blocks; addresses in it are not checked. */
    public int recvmsg(int fd, MemorySegment header) {
        return message(RECVMSG, fd, header, SocketLayout.MSG_DONTWAIT | SocketLayout.MSG_CMSG_CLOEXEC);
    }

    /** sendmsg(2) with a header of {@link MessageLayout}, never blocks; addresses in it are not checked. */
    public int sendmsg(int fd, MemorySegment header) {
        return message(SENDMSG, fd, header, SocketLayout.MSG_DONTWAIT | SocketLayout.MSG_NOSIGNAL);
    }

    /**
     * accept4(2) on a non-blocking listener of any family.
     *
     * @return a non-blocking close-on-exec socket, or -errno: -EAGAIN nobody waits, -EMFILE, -ECONNABORTED
     */
    public int accept(int listener) {
        try {
            int result = (int) (long) ACCEPT4.invokeExact(state, (long) listener, 0L, 0L, (long) SocketCalls.FLAGS);
            return Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** pread(2): may block on the disk. @return bytes, 0 at end of file, or -errno */
    public int pread(int fd, MemorySegment buffer, long offset, int length, long position) {
        return transfer(PREAD, fd, buffer, offset, length, position);
    }

    /** pwrite(2): may block on the disk. @return bytes, or -errno */
    public int pwrite(int fd, MemorySegment buffer, long offset, int length, long position) {
        return transfer(PWRITE, fd, buffer, offset, length, position);
    }

    /** fdatasync(2): blocks until the data, and the size to find it, are on the disk. @return 0 or -errno */
    public int fdatasync(int fd) {
        try {
            int result = (int) (long) FDATASYNC.invokeExact(state, (long) fd);
            return Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /**
     * Bytes written to a stream socket that its peer has not read, with the kernel's overhead (SIOCOUTQ:
     * unix_outq_len in Linux), or -errno.
     */
    public int unread(int fd) {
        try {
            int result = (int) (long) IOCTL.invokeExact(state, (long) fd, SIOCOUTQ, counter.address());
            Reference.reachabilityFence(counter);
            return result == -1 ? -Native.errno(state) : counter.get(JAVA_INT, 0);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** Adds one to an eventfd. @return 0 or -errno; -EAGAIN (a full counter) means the reader has been told already */
    public int signal(int eventFd) {
        counter.set(JAVA_LONG, 0, 1L);
        int result = transfer(WRITE, eventFd, counter, 0, Long.BYTES);
        return result < 0 ? result : 0;
    }

    /** Reads a non-blocking eventfd back to zero. @return 0, or -errno (-EAGAIN: it was zero) */
    public int drain(int eventFd) {
        int result = transfer(READ, eventFd, counter, 0, Long.BYTES);
        return result < 0 ? result : 0;
    }

    /**
     * epoll_wait(2); blocks for up to {@code timeoutMs} (-1: for ever).
     *
     * @param events room for the events, {@link EpollEventLayout#SIZE} bytes each
     * @return events stored, 0 after a timeout or an interruption, or -errno
     */
    public int epollWait(int epollFd, MemorySegment events, int timeoutMs) {
        long room = events.byteSize() / EpollEventLayout.SIZE;
        long address = Native.address(events, 0, room * EpollEventLayout.SIZE);
        try {
            int result = (int) (long) EPOLL_WAIT.invokeExact(state, (long) epollFd, address, room, (long) timeoutMs);
            Reference.reachabilityFence(events);
            int answer = Native.result(result, state);
            return answer == -Errno.EINTR ? 0 : answer;
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    private int transfer(MethodHandle call, int fd, MemorySegment buffer, long offset, int length) {
        long address = Native.address(buffer, offset, length);
        try {
            long result = (long) call.invokeExact(state, (long) fd, address, (long) length);
            Reference.reachabilityFence(buffer);
            return (int) Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    private int transfer(MethodHandle call, int fd, MemorySegment buffer, long offset, int length, long last) {
        long address = Native.address(buffer, offset, length);
        try {
            long result = (long) call.invokeExact(state, (long) fd, address, (long) length, last);
            Reference.reachabilityFence(buffer);
            return (int) Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    private int message(MethodHandle call, int fd, MemorySegment header, int flags) {
        long address = Native.address(header, 0, MessageLayout.SIZE);
        try {
            long result = (long) call.invokeExact(state, (long) fd, address, (long) flags);
            Reference.reachabilityFence(header);
            return (int) Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    private long vector(MethodHandle call, int fd, MemorySegment iovecs, int count) {
        Objects.checkFromIndexSize(0, count, MAX_IOVECS);
        long address = Native.address(iovecs, 0, count * IovecLayout.SIZE);
        try {
            long result = (long) call.invokeExact(state, (long) fd, address, (long) count);
            Reference.reachabilityFence(iovecs);
            return Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
