package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.EpollEventLayout;
import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.UnixSockets;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** The socket work of the control thread: makes, feeds and ends connections of {@link VhostPort}s. */
final class Connector {
    /** Messages handled of one port before the others get their turn. */
    private static final int MESSAGES_PER_TURN = 32;
    /**
     * Messages of one port in a second. A start of a device takes about 40; each may stop and start rings and map
     * memory, on the thread that serves every other machine's socket, and takes some 50 us of the I/O core.
     */
    static final int MAX_MESSAGES_PER_SECOND = 1_000;
    private static final long SECOND_NS = 1_000_000_000L;

    /**
     * Attempts begin at once and follow each other quickly: QEMU, its start and a guest's TCP wait for us. An attempt
     * that fails costs some 10 µs.
     */
    static final long MIN_BACK_OFF_MS = 1;
    /** The longest pause for {@link #EAGER_NS} after a loss. */
    static final long EAGER_BACK_OFF_MS = 10;
    static final long MAX_BACK_OFF_MS = 500;
    static final long EAGER_NS = 3_000_000_000L;
    /** A connection that ended sooner was no success: the next attempt waits longer. */
    private static final long SHORT_NS = 1_000_000_000L;

    private final int epoll;
    private final VhostRuntime.Log log;
    private final FdSocket io = new FdSocket();
    private final PeerFiles files = PeerFiles.ofKernel();
    private final MemorySegment replyBytes = Arena.ofAuto().allocate(VhostCodec.MAX_MESSAGE, 8);
    private final ByteBuffer reply = replyBytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    private final int[] replyFd = new int[1];

    Connector(int epoll, VhostRuntime.Log log) {
        this.epoll = epoll;
        this.log = log;
    }

    /** First attempt for a new port. */
    void begin(VhostPort port) {
        port.lostNs = Clock.nowNs();
        port.backOffMs = MIN_BACK_OFF_MS;
        attempt(port);
    }

    /** True when the port waits for a time rather than for a descriptor. */
    boolean wants(VhostPort port) {
        return port.socket < 0 && port.listener < 0;
    }

    /** Tries to connect or to listen, once. */
    void attempt(VhostPort port) {
        if (port.server) {
            listen(port);
            return;
        }
        int socket = UnixSockets.connect(port.path);
        if (socket >= 0) {
            serve(port, socket);
        } else {
            later(port, "connect: " + Errno.name(-socket), socket != -Errno.ENOENT && socket != -Errno.ECONNREFUSED);
        }
    }

    private void listen(VhostPort port) {
        try {
            removeStale(port.path);
            port.listener = UnixSockets.listen(port.path, 1);
            Fds.epollAdd(epoll, port.listener, EpollEventLayout.EPOLLIN, port.slot);
            port.isListening(true);
        } catch (LinuxException | IOException failed) {
            later(port, failed.getMessage(), true);
        }
    }

    /** Removes the socket file of a server that is gone; one that still answers is left alone (bind then says so). */
    private static void removeStale(String path) throws IOException {
        int probe = UnixSockets.connect(path);
        if (probe >= 0) {
            Fds.close(probe);
        } else if (probe == -Errno.ECONNREFUSED) {
            Files.deleteIfExists(Path.of(path));
        }
    }

    private void later(VhostPort port, String why, boolean remarkable) {
        port.failed(why);
        if (remarkable) {
            log.problem(port.path, why);
        }
        long now = Clock.nowNs();
        port.retryNs = now + port.backOffMs * 1_000_000;
        port.backOffMs = longer(port.backOffMs, now - port.lostNs);
    }

    /** The pause after one of {@code backOffMs} when there has been no connection for {@code lostForNs}. */
    static long longer(long backOffMs, long lostForNs) {
        long most = lostForNs > EAGER_NS ? MAX_BACK_OFF_MS : EAGER_BACK_OFF_MS;
        return Math.max(backOffMs, Math.min(2 * backOffMs, most));
    }

    /** A front-end waits at our listener; one is served at a time, the others wait in the backlog. */
    void accept(VhostPort port) {
        int socket = UnixSockets.accept(port.listener);
        if (socket >= 0) {
            Fds.epollRemove(epoll, port.listener);
            serve(port, socket);
        } else if (socket != -Errno.EAGAIN && socket != -Errno.EINTR) {
            // Out of descriptors, most likely. The listener would wake us for ever: listen again later.
            Fds.close(port.listener);
            port.listener = -1;
            port.isListening(false);
            later(port, "accept: " + Errno.name(-socket), true);
        }
    }

    private void serve(VhostPort port, int socket) {
        port.socket = socket;
        port.session = new BackEndSession(port.config, port.handler, files);
        port.received = 0;
        port.declineTold = false;
        port.connectedNs = Clock.nowNs();
        port.isConnected(true);
        Fds.epollAdd(epoll, socket, EpollEventLayout.EPOLLIN, port.slot);
    }

    /** Takes what has arrived and answers it. */
    void receive(VhostPort port) {
        for (int i = 0; i < MESSAGES_PER_TURN && port.socket >= 0; i++) {
            int wanted = VhostCodec.HEADER;
            if (port.received >= VhostCodec.HEADER) {
                wanted += VhostCodec.payloadSize(port.message);
            }
            int got = io.receive(port.socket, port.bytes, port.received, wanted - port.received, port.fds);
            if (got == -Errno.EAGAIN || got == -Errno.EINTR) {
                return;
            }
            if (got <= 0) {
                disconnect(port, got == 0 ? "" : "receive: " + Errno.name(-got));
                return;
            }
            port.received += got;
            if (port.received == wanted) {
                advance(port);
            }
        }
    }

    /** A header or a whole message is there. */
    private void advance(VhostPort port) {
        if (port.received == VhostCodec.HEADER) {
            int size = VhostCodec.payloadSize(port.message.clear());
            if (size == VhostCodec.BAD_HEADER) {
                disconnect(port, "request " + VhostCodec.number(port.message) + " with a payload that is too long");
                return;
            }
            if (size > 0) {
                return;
            }
        }
        if (floods(port)) {
            disconnect(port, "more than " + MAX_MESSAGES_PER_SECOND + " messages in a second");
            return;
        }
        port.message.limit(port.received);
        port.received = 0;
        int length;
        try {
            length = port.session.handle(port.message, port.fds, reply);
        } catch (RuntimeException bug) {
            disconnect(port, "handler failed: " + bug);
            return;
        } finally {
            port.message.clear();
        }
        port.state(port.session.runningRings(), port.session.status());
        if (reply.limit() > 0 && !sendReply(port) && length != BackEndSession.CLOSE) {
            disconnect(port, "the front-end does not take replies");
        } else if (length == BackEndSession.CLOSE) {
            disconnect(port, port.session.error());
        } else if (!port.declineTold && !port.session.declined().isEmpty()) {
            port.declineTold = true;
            log.problem(port.path, "declined: " + port.session.declined());
        }
    }

    /** Replies are tiny; a peer that lets them pile up until the socket is full is not reading at all. */
    private boolean sendReply(VhostPort port) {
        replyFd[0] = port.session.takeReplyFd();
        int sent = io.send(port.socket, replyBytes, 0, reply.limit(), replyFd, replyFd[0] < 0 ? 0 : 1);
        files.close(replyFd[0]);
        return sent == reply.limit();
    }

    private static boolean floods(VhostPort port) {
        long now = Clock.nowNs();
        if (now - port.windowNs > SECOND_NS) {
            port.windowNs = now;
            port.windowMessages = 0;
        }
        return ++port.windowMessages > MAX_MESSAGES_PER_SECOND;
    }

    /** Ends a connection; the port lives on. */
    private void disconnect(VhostPort port, String why) {
        if (!why.isEmpty()) {
            port.failed(why);
            log.problem(port.path, why);
        }
        port.fds.closeAll();
        try {
            port.session.close();
        } catch (RuntimeException bug) {
            log.problem(port.path, "handler failed while disconnecting: " + bug);
        }
        port.session = null;
        port.state(0, 0);
        port.isConnected(false);
        Fds.close(port.socket);
        port.socket = -1;
        if (port.listener >= 0) {
            Fds.epollAdd(epoll, port.listener, EpollEventLayout.EPOLLIN, port.slot);
            return;
        }
        long now = Clock.nowNs();
        port.lostNs = now;
        port.backOffMs = now - port.connectedNs < SHORT_NS
                ? Math.min(2 * port.backOffMs, MAX_BACK_OFF_MS) : MIN_BACK_OFF_MS;
        port.retryNs = now + port.backOffMs * 1_000_000;
    }

    /** The port is removed. */
    void end(VhostPort port) {
        if (port.socket >= 0) {
            disconnect(port, "");
        }
        if (port.listener >= 0) {
            Fds.close(port.listener);
            port.listener = -1;
            port.isListening(false);
            try {
                Files.deleteIfExists(Path.of(port.path));
            } catch (IOException left) {
                log.problem(port.path, "socket file not removed: " + left.getMessage());
            }
        }
    }
}
