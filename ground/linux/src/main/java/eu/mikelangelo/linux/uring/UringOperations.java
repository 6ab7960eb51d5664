package eu.mikelangelo.linux.uring;

import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.IovecLayout;
import eu.mikelangelo.linux.MessageLayout;
import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * The submission queue: each method queues one operation and returns false when the queue is full ({@link Uring#submit}
 * makes room). Nothing reaches the kernel before a submit. {@code userData} comes back with each completion; results
 * are those of the system call of the same name, or -errno.
 *
 * <p>Buffers are native segments, checked against their bounds here. <b>They belong to the kernel until the operation's
 * last completion has been seen</b>: their arena must stay open and nobody may use them otherwise. Small structs
 * (iovecs, headers of messages, addresses to connect to) are read when submitted, except the header of a receive, which
 * is written at its end.
 *
 * <p>Sockets and eventfds may be non-blocking or not: an operation that cannot go on waits in the kernel either way.
 */
public abstract sealed class UringOperations permits Uring {
    /** For {@code position}: the file's own position, and for what has none (eventfd, pipe, socket). */
    public static final long NO_POSITION = -1;

    /** {@link #flagLast}: this operation starts only when all queued before it have ended. */
    public static final int DRAIN = 1 << 1;
    /** {@link #flagLast}: the next operation starts when this one has ended, and is cancelled when it fails. */
    public static final int LINK = 1 << 2;
    /** {@link #flagLast}: do not try at once, hand over to a kernel thread. */
    public static final int ASYNC = 1 << 4;
    /** {@link #flagLast}: no completion when it succeeds. */
    public static final int SKIP_SUCCESS = 1 << 6;
    /** {@link #flagLast}: {@code fd} is a slot of {@link Uring#registerFiles}. */
    public static final int FIXED_FILE = 1;

    /** Flags of send and receive: not less than asked for, unless the stream ends or fails. */
    public static final int MSG_WAITALL = 0x100;
    /** Flag of send: more follows at once. */
    public static final int MSG_MORE = 0x8000;
    static final int MSG_NOSIGNAL = 0x4000;
    static final int MSG_CMSG_CLOEXEC = 0x40000000;
    /** Of accept4(2): SOCK_NONBLOCK and SOCK_CLOEXEC, as HotCalls makes them. */
    static final int ACCEPT_FLAGS = 0x80800;

    final Region rings;
    private final Region sqes;
    private final MemorySegment times;
    private final long sqHeadAt;
    private final int entries;
    private final int mask;
    private int headSeen;
    /** Where the next operation goes; published to the kernel by submit. */
    int tail;

    UringOperations(UringSetup setup, Arena arena) {
        rings = setup.rings;
        sqes = setup.sqes;
        sqHeadAt = setup.sqHeadAt;
        entries = setup.sqEntries;
        mask = entries - 1;
        times = arena.allocate(UringLayout.TIMESPEC_SIZE * entries, 8);
    }

    /** How many operations fit the submission queue: a power of two. */
    public final int entries() {
        return entries;
    }

    /** How many more operations can be queued before a submit. */
    public final int room() {
        return entries - pending();
    }

    /** Operations queued and not yet taken by the kernel. */
    public final int pending() {
        // Pairs with the kernel's release of the head: what it has read of the entries may be overwritten.
        headSeen = rings.u32Acquire(sqHeadAt);
        return tail - headSeen;
    }

    /** Adds flags ({@link #LINK} and others) to the operation queued last, before it is submitted. */
    public final void flagLast(int flags) {
        if (pending() == 0) {
            throw new IllegalStateException("no operation is queued");
        }
        long at = ((tail - 1) & mask) * UringLayout.SQE_SIZE;
        sqes.u8(at + 1, sqes.u8(at + 1) | flags);
    }

    /** Does nothing; completes with 0. */
    public final boolean nop(long userData) {
        return put(UringLayout.OP_NOP, -1, 0, 0, 0, 0, userData);
    }

    /** read(2) or pread(2): files, pipes, eventfds. */
    public final boolean read(int fd, MemorySegment buffer, long offset, int length, long position, long userData) {
        return put(UringLayout.OP_READ, fd, position, Native.address(buffer, offset, length), length, 0, userData);
    }

    /** write(2) or pwrite(2). */
    public final boolean write(int fd, MemorySegment buffer, long offset, int length, long position, long userData) {
        return put(UringLayout.OP_WRITE, fd, position, Native.address(buffer, offset, length), length, 0, userData);
    }

    /** preadv(2) with {@code count} {@link IovecLayout} at the start of {@code iovecs}, their addresses unchecked. */
    public final boolean readv(int fd, MemorySegment iovecs, int count, long position, long userData) {
        return put(UringLayout.OP_READV, fd, position, vector(iovecs, count), count, 0, userData);
    }

    /** pwritev(2), see {@link #readv}. */
    public final boolean writev(int fd, MemorySegment iovecs, int count, long position, long userData) {
        return put(UringLayout.OP_WRITEV, fd, position, vector(iovecs, count), count, 0, userData);
    }

    /** fsync(2), or fdatasync(2) when {@code dataOnly}. Not ordered after writes in flight: wait for those first. */
    public final boolean fsync(int fd, boolean dataOnly, long userData) {
        return put(UringLayout.OP_FSYNC, fd, 0, 0, 0, dataOnly ? UringLayout.FSYNC_DATASYNC : 0, userData);
    }

    /** accept4(2); the result is a non-blocking close-on-exec socket. */
    public final boolean accept(int listener, long userData) {
        return put(UringLayout.OP_ACCEPT, listener, 0, 0, 0, ACCEPT_FLAGS, userData);
    }

    /** Accepts again and again, a completion each, until one comes without {@link Uring#MORE}. */
    public final boolean acceptMultishot(int listener, long userData) {
        return put(UringLayout.OP_ACCEPT | UringLayout.ACCEPT_MULTISHOT << 16, listener, 0, 0, 0, ACCEPT_FLAGS,
                userData);
    }

    /** recv(2) into a buffer given now. */
    public final boolean recv(int fd, MemorySegment buffer, long offset, int length, int flags, long userData) {
        return put(UringLayout.OP_RECV, fd, 0, Native.address(buffer, offset, length), length, flags, userData);
    }

    /** recv(2) into a buffer of {@link BufferRing} {@code group}, taken when data has come; at most its size. */
    public final boolean recvSelected(int fd, int group, long userData) {
        return select(UringLayout.OP_RECV, fd, group, userData);
    }

    /**
     * Receives again and again into buffers of {@link BufferRing} {@code group}, a completion each, until one comes
     * without {@link Uring#MORE}: 0 at the end of the stream, -ENOBUFS when the group was empty.
     */
    public final boolean recvMultishot(int fd, int group, long userData) {
        return select(UringLayout.OP_RECV | UringLayout.RECV_MULTISHOT << 16, fd, group, userData);
    }

    /** send(2), never a signal. */
    public final boolean send(int fd, MemorySegment buffer, long offset, int length, int flags, long userData) {
        return put(UringLayout.OP_SEND, fd, 0, Native.address(buffer, offset, length), length, flags | MSG_NOSIGNAL,
                userData);
    }

    /** sendmsg(2) with a header of {@link MessageLayout}, the addresses in it unchecked; never a signal. */
    public final boolean sendmsg(int fd, MemorySegment header, int flags, long userData) {
        return put(UringLayout.OP_SENDMSG, fd, 0, Native.address(header, 0, MessageLayout.SIZE), 1,
                flags | MSG_NOSIGNAL, userData);
    }

    /** recvmsg(2) with a header of {@link MessageLayout}, the addresses in it unchecked. */
    public final boolean recvmsg(int fd, MemorySegment header, int flags, long userData) {
        return put(UringLayout.OP_RECVMSG, fd, 0, Native.address(header, 0, MessageLayout.SIZE), 1,
                flags | MSG_CMSG_CLOEXEC, userData);
    }

    /** connect(2) to an address of {@code length} bytes; completes when connected or refused. */
    public final boolean connect(int fd, MemorySegment address, int length, long userData) {
        return put(UringLayout.OP_CONNECT, fd, length, Native.address(address, 0, length), 0, 0, userData);
    }

    /** shutdown(2); {@code how} as in InetSockets. */
    public final boolean shutdown(int fd, int how, long userData) {
        return put(UringLayout.OP_SHUTDOWN, fd, 0, 0, how, 0, userData);
    }

    /**
     * openat(2) relative to the working directory, close-on-exec; completes with the descriptor.
     *
     * @param path native, ends with a zero byte; it is read when submitted
     * @param flags of OpenFiles
     * @param mode permissions of a file that is made
     */
    public final boolean open(MemorySegment path, int flags, int mode, long userData) {
        return put(UringLayout.OP_OPENAT, UringLayout.AT_FDCWD, 0, Native.address(path, 0, path.byteSize()), mode,
                flags | UringLayout.O_CLOEXEC, userData);
    }

    /** close(2). Operations in flight on the descriptor go on: cancel them first. */
    public final boolean close(int fd, long userData) {
        return put(UringLayout.OP_CLOSE, fd, 0, 0, 0, 0, userData);
    }

    /** Completes once when one of {@code events} (EPOLLIN, …) is there, with those that are. */
    public final boolean poll(int fd, int events, long userData) {
        return put(UringLayout.OP_POLL_ADD, fd, 0, 0, 0, events, userData);
    }

    /** Completes each time {@code events} come anew, until a completion without {@link Uring#MORE}. */
    public final boolean pollMultishot(int fd, int events, long userData) {
        return put(UringLayout.OP_POLL_ADD, fd, 0, 0, UringLayout.POLL_ADD_MULTI, events, userData);
    }

    /** Ends the poll queued with {@code target} (-ECANCELED there). Completes with 0, -ENOENT or -EALREADY. */
    public final boolean pollRemove(long target, long userData) {
        return put(UringLayout.OP_POLL_REMOVE, -1, 0, target, 0, 0, userData);
    }

    /** Completes with -ETIME after {@code delayNs} of monotonic time, at once when it is not positive. */
    public final boolean timeout(long delayNs, long userData) {
        if (room() == 0) {
            return false;
        }
        long at = (tail & mask) * UringLayout.TIMESPEC_SIZE;
        setTime(times, at, delayNs);
        return put(UringLayout.OP_TIMEOUT, -1, 0, times.address() + at, 1, 0, userData);
    }

    /**
     * Cancels one operation queued with {@code target}; that one completes too, with -ECANCELED when it was stopped.
     * Completes with 0, -ENOENT (no such operation) or -EALREADY (it is running).
     */
    public final boolean cancel(long target, long userData) {
        return put(UringLayout.OP_ASYNC_CANCEL, -1, 0, target, 0, 0, userData);
    }

    /** Cancels all operations on a descriptor. Completes with their number, or -ENOENT. Needs cancelByFd. */
    public final boolean cancelFd(int fd, long userData) {
        return put(UringLayout.OP_ASYNC_CANCEL, fd, 0, 0, 0, UringLayout.CANCEL_FD | UringLayout.CANCEL_ALL, userData);
    }

    /**
     * Puts a completion into another ring ({@link Uring#descriptor}), perhaps of another thread, which wakes it: with
     * {@code targetUserData} and the result {@code value}. Completes here with 0, or -EOVERFLOW when the other's queue
     * is full. Needs canMessage.
     */
    public final boolean message(int ring, int value, long targetUserData, long userData) {
        return put(UringLayout.OP_MSG_RING, ring, targetUserData, 0, value, 0, userData);
    }

    static void setTime(MemorySegment to, long at, long ns) {
        long positive = Math.max(ns, 0);
        to.set(java.lang.foreign.ValueLayout.JAVA_LONG, at, positive / UringLayout.NS_PER_SECOND);
        to.set(java.lang.foreign.ValueLayout.JAVA_LONG, at + 8, positive % UringLayout.NS_PER_SECOND);
    }

    private boolean select(int operation, int fd, int group, long userData) {
        Objects.checkIndex(group, BufferRing.MAX_GROUPS);
        return put(operation | UringLayout.SQE_BUFFER_SELECT << 8, fd, 0, 0, 0, 0, userData)
                && group(group);
    }

    /** The field buf_group of the operation queued last. */
    private boolean group(int group) {
        sqes.u16(((tail - 1) & mask) * UringLayout.SQE_SIZE + UringLayout.SQE_BUF_GROUP, group);
        return true;
    }

    /**
     * Writes one struct io_uring_sqe as eight little-endian words, so that nothing of its predecessor remains.
     *
     * @param operation opcode, flags &lt;&lt; 8, ioprio &lt;&lt; 16
     */
    private boolean put(int operation, int fd, long off, long address, int length, int operationFlags, long userData) {
        if (tail - headSeen >= entries && pending() >= entries) {
            return false;
        }
        long at = (tail & mask) * UringLayout.SQE_SIZE;
        sqes.u64(at, Integer.toUnsignedLong(operation) | (long) fd << 32);
        sqes.u64(at + UringLayout.SQE_OFF, off);
        sqes.u64(at + UringLayout.SQE_ADDR, address);
        sqes.u64(at + UringLayout.SQE_LEN, Integer.toUnsignedLong(length) | (long) operationFlags << 32);
        sqes.u64(at + UringLayout.SQE_USER_DATA, userData);
        sqes.u64(at + UringLayout.SQE_BUF_GROUP, 0);
        sqes.u64(at + 48, 0);
        sqes.u64(at + 56, 0);
        tail++;
        return true;
    }

    private static long vector(MemorySegment iovecs, int count) {
        Objects.checkFromIndexSize(0, count, HotCalls.MAX_IOVECS);
        return Native.address(iovecs, 0, count * IovecLayout.SIZE);
    }
}
