package eu.mikelangelo.vhost.frontend;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.vhost.VhostCodec;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * A socket to a back-end and how to get it again: connects to a path, or listens there. Whole messages out and in, with
 * a limit on every wait. Not thread-safe.
 */
final class Wire implements AutoCloseable {
    private static final long MILLISECOND_NS = 1_000_000;
    private static final int BACKLOG = 1;

    private final String path;
    private final int listener;
    private final HotCalls calls = new HotCalls();
    private final FdSocket io = new FdSocket();
    private final MemorySegment event = Arena.ofAuto().allocate(EpollEventLayout.SIZE, 8);
    private final MemorySegment bytes = Arena.ofAuto().allocate(VhostCodec.MAX_MESSAGE, 8);
    /** The message to send, or the answer received: from index 0 to the limit. */
    final ByteBuffer message = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    /** Descriptors that came with the answer. */
    final FdList fds = new FdList(FdSocket.MAX_FDS);
    private int socket = -1;

    /** @param path null: only the given socket, never another one */
    private Wire(String path, int listener, int socket) {
        this.path = path;
        this.listener = listener;
        this.socket = socket;
    }

    static Wire toPath(String path) {
        return new Wire(path, -1, -1);
    }

    static Wire atPath(String path) {
        return new Wire(path, UnixSockets.listen(path, BACKLOG), -1);
    }

    static Wire on(int socket) {
        return new Wire(null, -1, socket);
    }

    int socket() {
        return socket;
    }

    /** Gets a socket, trying for so long. @return false when there was none in that time */
    boolean open(long patienceNs) {
        long deadlineNs = Clock.nowNs() + patienceNs;
        while (socket < 0 && path != null) {
            socket = listener >= 0 ? UnixSockets.accept(listener) : UnixSockets.connect(path);
            if (socket >= 0) {
                return true;
            }
            long leftNs = deadlineNs - Clock.nowNs();
            if (leftNs <= 0) {
                return false;
            }
            // Nobody tells us when a path comes into being; who comes to a listener is waited for.
            await(listener, Math.min(leftNs, MILLISECOND_NS));
        }
        return socket >= 0;
    }

    /** Sends what is in {@link #message}. @return false when the back-end has hung up or takes nothing for so long */
    boolean send(long patienceNs, int... descriptors) {
        long deadlineNs = Clock.nowNs() + patienceNs;
        int length = message.limit();
        int sent = 0;
        while (sent < length) {
            // Descriptors go with the first byte.
            int count = sent == 0 ? descriptors.length : 0;
            int result = io.send(socket, bytes, sent, length - sent, descriptors, count);
            if (result > 0) {
                sent += result;
            } else if (result != -Errno.EAGAIN && result != -Errno.EINTR || Clock.nowNs() - deadlineNs > 0) {
                return false;
            } else {
                await(-1, MILLISECOND_NS);
            }
        }
        return true;
    }

    /** Receives a whole message into {@link #message}. @return false when the back-end hung up or said nothing */
    boolean receive(long patienceNs) {
        fds.closeAll();
        return fill(0, VhostCodec.HEADER, patienceNs)
                && fill(VhostCodec.HEADER, VhostCodec.payloadSize(message), patienceNs);
    }

    private boolean fill(int from, int length, long patienceNs) {
        message.clear();
        if (length < 0) {
            return false;
        }
        long deadlineNs = Clock.nowNs() + patienceNs;
        int got = 0;
        while (got < length) {
            int result = io.receive(socket, bytes, from + got, length - got, fds);
            if (result > 0) {
                got += result;
                continue;
            }
            long leftNs = deadlineNs - Clock.nowNs();
            if (result != -Errno.EAGAIN && result != -Errno.EINTR || leftNs <= 0) {
                return false;
            }
            await(socket, leftNs);
        }
        message.limit(from + length);
        return true;
    }

    /** True when the back-end hangs up within that time; what it says before is passed over. */
    boolean hungUp(long patienceNs) {
        long deadlineNs = Clock.nowNs() + patienceNs;
        while (true) {
            int result = io.receive(socket, bytes, 0, VhostCodec.HEADER, fds);
            fds.closeAll();
            if (result == 0 || result < 0 && result != -Errno.EAGAIN && result != -Errno.EINTR) {
                return true;
            }
            long leftNs = deadlineNs - Clock.nowNs();
            if (leftNs <= 0) {
                return false;
            }
            if (result < 0) {
                await(socket, leftNs);
            }
        }
    }

    /** Waits until {@code fd} is readable, or just so long when it is negative. */
    private void await(int fd, long forNs) {
        int epoll = Fds.epoll();
        try {
            if (fd >= 0) {
                Fds.epollAdd(epoll, fd, EpollEventLayout.EPOLLIN, 0);
            }
            calls.epollWait(epoll, event, (int) Math.max(1, forNs / MILLISECOND_NS));
        } finally {
            Fds.close(epoll);
        }
    }

    /** Hangs up; {@link #open} may get another socket. */
    void hangUp() {
        fds.closeAll();
        Fds.close(socket);
        socket = -1;
    }

    @Override
    public void close() {
        hangUp();
        Fds.close(listener);
    }
}
