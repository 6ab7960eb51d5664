package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Signal;
import java.net.InetSocketAddress;

/**
 * Waits for streams in direct style. Several shards may listen at one TCP address: the kernel spreads what comes.
 *
 * <p>Threading: one shard's alone; one fiber accepts at a time.
 */
public final class Listener implements AutoCloseable {
    private final Shard shard = Shard.current();
    private final Signal news = new Signal();
    private final int fd;
    private final boolean tcp;
    private final long token;
    private boolean closed;
    private boolean reported;

    private Listener(int fd, boolean tcp) {
        this.fd = fd;
        this.tcp = tcp;
        token = shard.watch(fd, what -> news.raise());
    }

    /** @throws LinuxException when the address is in use by others */
    public static Listener tcp(InetSocketAddress address) {
        return new Listener(InetSockets.listenTcp(address, Accepts.BACKLOG, true), true);
    }

    /** @throws LinuxException when there is a file at {@code path} */
    public static Listener unix(String path) {
        return new Listener(UnixSockets.listen(path, Accepts.BACKLOG), false);
    }

    /** The TCP port. */
    public int port() {
        return InetSockets.local(fd).getPort();
    }

    /** On a fiber: waits for the next. @return null when the listener was closed */
    public Stream accept() {
        while (!closed) {
            int got = shard.calls().accept(fd);
            if (got >= 0) {
                reported = false;
                if (tcp) {
                    InetSockets.noDelay(got, true);
                }
                return new Stream(shard, got);
            }
            if (got == -Errno.EAGAIN) {
                news.await();
            } else if (Accepts.isShortage(-got)) {
                pause(-got);
            } else if (got != -Errno.EINTR && got != -Errno.ECONNABORTED) {
                throw new LinuxException("accept", "a listener", -got);
            }
        }
        return null;
    }

    /** Without descriptors connections wait in the kernel's queue; said once, however long it lasts. */
    private void pause(int errno) {
        if (!reported) {
            reported = true;
            shard.host().errors().record("no descriptor for a new connection", Errno.name(errno));
        }
        Fiber.sleepNs(Accepts.PAUSE_NS);
    }

    /** Twice is no error. */
    @Override
    public void close() {
        if (!closed) {
            closed = true;
            shard.unwatch(fd, token);
            Fds.close(fd);
            news.raise();
        }
    }
}
