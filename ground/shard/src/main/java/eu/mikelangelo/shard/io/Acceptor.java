package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.limits.Gate;
import java.net.InetSocketAddress;
import java.util.List;

/**
 * One listener on one shard for the whole host: it hands each connection to the shard that a {@link Choice} names,
 * where a fiber serves it. The other way is a listener per shard among which the kernel chooses ({@link Listener#tcp},
 * {@link Server}): that one costs no hand-over, this one knows how much each shard has, and works for Unix sockets.
 * {@snippet :
 * Acceptor.tcp(host, address, host.lane("serving", 1000), Acceptor.leastConnections(), stream -> {
 *     int got = stream.read(buffer, 0, 100);
 *     stream.write(buffer, 0, got);
 * });
 * }
 *
 * <p>Closing it, or the host, takes no more connections; those there are go on, at the host's end for as long as its
 * patience lasts.
 *
 * <p>Threading: {@link #tcp}, {@link #unix} and {@link #close} on a thread that is no shard's; the choice on the
 * listener's shard, the handler as a fiber on the shard chosen.
 */
public final class Acceptor implements AutoCloseable {
    /** The shard that listens. */
    private static final int HOME = 0;
    private static final long AGAIN_NS = 1_000_000;
    /** For a shard that is closed when patience is over: it must look whether any connection is left. */
    static final long LEAST_PATIENCE_NS = 1_000_000;

    /** Who is to serve a connection. Short, without waiting. */
    @FunctionalInterface
    public interface Choice {
        /** @return the index of a shard; what it throws, or no shard's index, closes the connection, and is recorded */
        int shard(Incoming connection);
    }

    /** Serves a connection, as a fiber. */
    @FunctionalInterface
    public interface Handler {
        /** @param stream is closed when this returns or throws; a broken connection's LinuxException may be thrown */
        void serve(Stream stream) throws Exception;
    }

    /** What a choice can go by. Valid during the choice. */
    public static final class Incoming {
        private final int[] open;
        private int fd;
        private long number;

        private Incoming(int shards) {
            open = new int[shards];
        }

        /** The number of shards. */
        public int shards() {
            return open.length;
        }

        /** Connections of this acceptor that a shard has, as far as has been heard. */
        public int connections(int shard) {
            return open[shard];
        }

        /** 0 for the first connection, and so on. */
        public long number() {
            return number;
        }

        /** The other end; null for a Unix socket, or when it is gone already. A system call. */
        public InetSocketAddress peer() {
            try {
                return InetSockets.peer(fd);
            } catch (LinuxException gone) {
                return null;
            }
        }
    }

    /** Takes over a connection on its shard; {@code gone} is to be run there, once, when the descriptor is closed. */
    interface Taker {
        void take(int fd, Runnable gone);

        /** As a fiber: ends what it has, with so much patience. */
        void end(long patienceNs);
    }

    /** Makes the taker of a shard. */
    interface Takers {
        Taker on(Shard shard);
    }

    private final Host host;
    private final int listener;
    private final boolean tcp;
    private final Choice choice;
    private Sharded<Part> parts;
    /** Until when the host waits for connections; 0 while it is not closing. Of all shards, one after the other. */
    private volatile long patientNs;

    private Acceptor(Host host, int listener, boolean tcp, Choice choice) {
        this.host = host;
        this.listener = listener;
        this.tcp = tcp;
        this.choice = choice;
    }

    /** The shard that has the fewest connections of this acceptor; of several the first. */
    public static Choice leastConnections() {
        return incoming -> {
            int least = 0;
            for (int i = 1; i < incoming.shards(); i++) {
                least = incoming.connections(i) < incoming.connections(least) ? i : least;
            }
            return least;
        };
    }

    /** Listens at a TCP address. @throws LinuxException when the address is in use, say */
    public static Acceptor tcp(Host host, InetSocketAddress address, Lane lane, Choice choice, Handler handler) {
        return start(host, InetSockets.listenTcp(address, Accepts.BACKLOG, false), true, choice,
                shard -> new Serving(shard, lane, handler));
    }

    /** Listens at a path. @throws LinuxException when there is a file */
    public static Acceptor unix(Host host, String path, Lane lane, Choice choice, Handler handler) {
        return start(host, UnixSockets.listen(path, Accepts.BACKLOG), false, choice,
                shard -> new Serving(shard, lane, handler));
    }

    /** @param listener the acceptor's from now on */
    static Acceptor start(Host host, int listener, boolean tcp, Choice choice, Takers takers) {
        Acceptor acceptor = new Acceptor(host, listener, tcp, choice);
        acceptor.parts = host.spread(shard -> acceptor.new Part(shard, takers.on(shard)));
        host.onClose(() -> {
            acceptor.close();
            return null;
        });
        host.run(() -> {
            acceptor.parts.here().listen();
            return null;
        });
        return acceptor;
    }

    /** The TCP port. */
    public int port() {
        return InetSockets.local(listener).getPort();
    }

    /** Connections each shard has been given so far and connections it has, in that order; on any shard. */
    public Future<List<long[]>> counts() {
        return parts.gather(part -> new long[] {part.taken, part.taken - part.gone});
    }

    /** Stops listening; returns when all that was accepted is with its shard. Twice is no error. */
    @Override
    public void close() {
        if (!host.isClosed()) {
            host.run(() -> {
                parts.here().stop();
                // Mail arrives in the order of sending: behind this nothing is on its way.
                return parts.gather(part -> null).await();
            });
        }
    }

    /** The acceptor on one shard. */
    private final class Part implements AutoCloseable {
        private final Shard shard;
        private final Taker taker;
        private final Gate gate = new Gate();
        private final Incoming incoming = new Incoming(host.size());
        private Accepts accepts;
        private long taken;
        private long gone;
        /** Of those gone, how many the listener's shard has been told. */
        private long told;
        private boolean telling;

        Part(Shard shard, Taker taker) {
            this.shard = shard;
            this.taker = taker;
        }

        void listen() {
            accepts = new Accepts(shard, listener, this::handOver);
        }

        void stop() {
            if (accepts != null) {
                accepts.close();
            }
        }

        private void handOver(int fd) {
            int to;
            try {
                incoming.fd = fd;
                to = choice.shard(incoming);
                incoming.number++;
                incoming.open[to]++;
            } catch (RuntimeException wrong) {
                shard.host().errors().record("the choice of a shard failed", wrong.toString());
                Fds.close(fd);
                return;
            }
            parts.on(to).call(part -> {
                part.take(fd);
                return null;
            }).whenDone((nothing, failure) -> {
                if (failure != null) {
                    shard.host().errors().record("a connection was not taken", failure.toString());
                    Fds.close(fd);
                    incoming.open[to]--;
                }
            });
        }

        private void take(int fd) {
            if (tcp) {
                InetSockets.noDelay(fd, true);
            }
            Gate.Pass pass = gate.enter();   // throws when it is closed: the descriptor is closed at home then
            taken++;
            taker.take(fd, () -> {
                gone++;
                pass.close();
                tell();
            });
        }

        /** Tells the listener's shard who has gone: one message at a time, however many go. */
        private void tell() {
            long news = gone - told;
            if (telling || news == 0 || gate.isClosed()) {
                return;
            }
            telling = true;
            parts.on(HOME).call(home -> home.incoming.open[shard.index()] -= (int) news).whenDone((left, failure) -> {
                telling = false;
                if (failure == null) {
                    told += news;
                    tell();
                } else {
                    shard.after(AGAIN_NS, this::tell);
                }
            });
        }

        @Override
        public void close() {
            stop();
            gate.close();
            patientNs = patientNs == 0 ? shard.clockNs() + host.options().closeNs() : patientNs;
            taker.end(Math.max(LEAST_PATIENCE_NS, patientNs - shard.clockNs()));
            try {
                Context.within(host.options().closeNs(), () -> gate.close().await());
            } catch (Exception late) {
                shard.host().errors().record("connections that did not end", gate.inside() + " on " + shard);
            }
        }
    }
}
