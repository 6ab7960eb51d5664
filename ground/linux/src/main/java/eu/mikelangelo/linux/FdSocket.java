package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import eu.mikelangelo.linux.ffi.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;
import java.util.Objects;

/**
 * sendmsg and recvmsg with descriptors (SCM_RIGHTS), without allocation and without blocking, whatever the socket's
 * mode. One object belongs to one thread at a time. Received descriptors are close-on-exec and belong to the caller as
 * soon as {@link #receive} has returned, also when it returned an error.
 */
public final class FdSocket {
    private static final MethodHandle SENDMSG = Native.link("sendmsg", 3);
    private static final MethodHandle RECVMSG = Native.link("recvmsg", 3);

    /**
     * Most descriptors in one message; more from a peer are closed by the kernel and reported as
     * {@link Errno#EMSGSIZE}.
     */
    public static final int MAX_FDS = 32;

    private static final long CONTROL_ROOM = SocketLayout.CMSGHDR_SIZE + 4L * MAX_FDS;

    private final MemorySegment state;
    private final MemorySegment header;
    private final MemorySegment iovec;
    private final MemorySegment control;

    public FdSocket() {
        Arena arena = Arena.ofAuto();
        state = Native.newState(arena);
        header = arena.allocate(SocketLayout.MSGHDR_SIZE, 8);
        iovec = arena.allocate(IovecLayout.SIZE, 8);
        control = arena.allocate(CONTROL_ROOM, 8);
        header.set(JAVA_LONG, SocketLayout.MSG_IOV, iovec.address());
        header.set(JAVA_LONG, SocketLayout.MSG_IOVLEN, 1);
        header.set(JAVA_LONG, SocketLayout.MSG_CONTROL, control.address());
    }

    /**
     * Receives up to {@code length} bytes and appends descriptors to {@code fds}.
     *
     * @return bytes, 0 when the peer has closed, or -errno: -EAGAIN when nothing waits, -EMSGSIZE when descriptors did
     *         not fit {@code fds} (all of this message are closed, its bytes are lost: the stream is unusable)
     */
    public int receive(int socket, MemorySegment buffer, long offset, int length, FdList fds) {
        IovecLayout.set(iovec, 0, Native.address(buffer, offset, length), length);
        header.set(JAVA_LONG, SocketLayout.MSG_CONTROLLEN, CONTROL_ROOM);
        header.set(JAVA_INT, SocketLayout.MSG_FLAGS, 0);
        int result = call(RECVMSG, socket, SocketLayout.MSG_CMSG_CLOEXEC | SocketLayout.MSG_DONTWAIT, buffer);
        if (result < 0) {
            return result;
        }
        boolean fits = takeDescriptors(fds);
        if (!fits || (header.get(JAVA_INT, SocketLayout.MSG_FLAGS) & SocketLayout.MSG_CTRUNC) != 0) {
            fds.closeAll();
            return -Errno.EMSGSIZE;
        }
        return result;
    }

    /**
     * Sends bytes with {@code fdCount} descriptors (they stay open here).
     *
     * @return bytes sent, or -errno; never raises SIGPIPE
     */
    public int send(int socket, MemorySegment buffer, long offset, int length, int[] fds, int fdCount) {
        Objects.checkFromIndexSize(offset, length, buffer.byteSize());
        Objects.checkFromIndexSize(0, fdCount, Math.min(fds.length, MAX_FDS));
        IovecLayout.set(iovec, 0, buffer.address() + offset, length);
        long controlLength = 0;
        if (fdCount > 0) {
            controlLength = SocketLayout.CMSGHDR_SIZE + 4L * fdCount;
            control.set(JAVA_LONG, SocketLayout.CMSG_LEN, controlLength);
            control.set(JAVA_INT, SocketLayout.CMSG_LEVEL, SocketLayout.SOL_SOCKET);
            control.set(JAVA_INT, SocketLayout.CMSG_TYPE, SocketLayout.SCM_RIGHTS);
            for (int i = 0; i < fdCount; i++) {
                control.set(JAVA_INT, SocketLayout.CMSGHDR_SIZE + 4L * i, fds[i]);
            }
        }
        header.set(JAVA_LONG, SocketLayout.MSG_CONTROLLEN, controlLength);
        header.set(JAVA_INT, SocketLayout.MSG_FLAGS, 0);
        return call(SENDMSG, socket, SocketLayout.MSG_NOSIGNAL | SocketLayout.MSG_DONTWAIT, buffer);
    }

    /** Walks the control messages (cmsg(3)). @return false when a descriptor had to be closed for want of room */
    private boolean takeDescriptors(FdList fds) {
        long end = Math.min(header.get(JAVA_LONG, SocketLayout.MSG_CONTROLLEN), CONTROL_ROOM);
        boolean fits = true;
        long at = 0;
        while (at + SocketLayout.CMSGHDR_SIZE <= end) {
            long length = control.get(JAVA_LONG, at + SocketLayout.CMSG_LEN);
            if (length < SocketLayout.CMSGHDR_SIZE || length > end - at) {
                break;
            }
            boolean rights = control.get(JAVA_INT, at + SocketLayout.CMSG_LEVEL) == SocketLayout.SOL_SOCKET
                    && control.get(JAVA_INT, at + SocketLayout.CMSG_TYPE) == SocketLayout.SCM_RIGHTS;
            for (long fd = at + SocketLayout.CMSGHDR_SIZE; rights && fd + 4 <= at + length; fd += 4) {
                fits &= fds.addOrClose(control.get(JAVA_INT, fd));
            }
            at += SocketLayout.align(length);
        }
        return fits;
    }

    private int call(MethodHandle handle, int socket, int flags, MemorySegment buffer) {
        try {
            long result = (long) handle.invokeExact(state, (long) socket, header.address(), (long) flags);
            Reference.reachabilityFence(buffer);
            return (int) Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
