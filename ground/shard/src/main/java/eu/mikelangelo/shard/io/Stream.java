package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Signal;
import eu.mikelangelo.shard.Watcher;
import java.net.InetSocketAddress;

/**
 * A stream socket, TCP or Unix, in direct style: on a fiber, reading waits for bytes and writing for room, and the
 * shard does other work meanwhile. Nothing is allocated per call.
 *
 * <p>Threading: one shard's alone; one fiber reads and one writes at a time. Closing it, by whom ever on the shard,
 * ends what they wait for.
 */
public final class Stream implements AutoCloseable {
    private final Shard shard;
    private final HotCalls calls;
    private final int fd;
    private final long token;
    private final Signal readable = new Signal();
    private final Signal writable = new Signal();
    private boolean closed;

    /** @param fd a connected or connecting stream socket that does not block; it is the stream's from now on */
    Stream(Shard shard, int fd) {
        this.shard = shard;
        this.fd = fd;
        calls = shard.calls();
        token = shard.watch(fd, what -> {
            if ((what & Watcher.READABLE) != 0) {
                readable.raise();
            }
            if ((what & Watcher.WRITABLE) != 0) {
                writable.raise();
            }
        });
    }

    /** On a fiber: connects. @throws LinuxException when nobody listens, say */
    public static Stream connect(InetSocketAddress to) {
        Stream stream = new Stream(Shard.current(), LinuxException.check("connect", to, InetSockets.connectTcp(to)));
        try {
            stream.writable.await();
            LinuxException.check("connect", to, -InetSockets.error(stream.fd));
            InetSockets.noDelay(stream.fd, true);
        } catch (RuntimeException failed) {
            stream.close();
            throw failed;
        }
        return stream;
    }

    /** Connects to a Unix socket. @throws LinuxException when nobody listens, or the backlog is full */
    public static Stream connect(String path) {
        return new Stream(Shard.current(), LinuxException.check("connect", path, UnixSockets.connect(path)));
    }

    /**
     * On a fiber: waits for bytes and reads at most {@code length}.
     *
     * @return how many came, -1 at the end of the stream
     * @throws LinuxException when the connection broke, or was closed here
     */
    public int read(Region to, int at, int length) {
        while (true) {
            int got = closed ? -Errno.EBADF : calls.recv(fd, to.segment(), at, length);
            if (got > 0 || got == 0 && length == 0) {
                return got;
            }
            if (got == 0) {
                return -1;
            }
            await(got, readable, "read");
        }
    }

    /** On a fiber: writes all. @throws LinuxException when the connection broke, or was closed here */
    public void write(Region from, int at, int length) {
        int sent = 0;
        while (sent < length) {
            int now = closed ? -Errno.EBADF : calls.send(fd, from.segment(), at + sent, length - sent);
            if (now >= 0) {
                sent += now;
            } else {
                await(now, writable, "write");
            }
        }
    }

    private void await(int error, Signal signal, String what) {
        if (error == -Errno.EAGAIN) {
            signal.await();
        } else if (error != -Errno.EINTR) {
            throw new LinuxException(what, "a stream", -error);
        }
    }

    /** Tells the other side that nothing more comes; what it says can still be read. */
    public void finish() {
        if (!closed) {
            InetSockets.shutdown(fd, InetSockets.SHUT_WR);
        }
    }

    /** Twice is no error. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            shard.unwatch(fd, token);
            Fds.close(fd);
            readable.raise();
            writable.raise();
        }
    }
}
