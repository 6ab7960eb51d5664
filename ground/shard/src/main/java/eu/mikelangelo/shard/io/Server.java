package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Again;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Watcher;
import eu.mikelangelo.shard.limits.Gate;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Function;

/**
 * A TCP server made of {@link Conversation}s, one listening socket per shard; the kernel spreads the connections among
 * them (SO_REUSEPORT). Each shard has one input buffer for all its clients: only what one of them has said in part is
 * kept for it. A client that does not read what it asked for is not read from until it does.
 *
 * <p>Closing: no more clients are taken, what has been received is answered, and the connections are closed when their
 * answers have left, or at the end of the host's patience.
 *
 * <p>Threading: {@link #start} on a thread that is no shard's; everything else on the shards.
 */
public final class Server {
    /** Bytes taken from a client before another has its turn; a conversation is never given more at once. */
    public static final int INPUT_BYTES = 256 << 10;
    private static final int BACKLOG = 4096;
    private static final int ACCEPTS_PER_TURN = 64;
    /** How long to take no clients when there are no descriptors for them. */
    private static final long NO_DESCRIPTORS_NS = 50_000_000;

    private final Sharded<Part> parts;
    private final int port;

    private Server(Sharded<Part> parts, int port) {
        this.parts = parts;
        this.port = port;
    }

    /**
     * Listens on every shard.
     *
     * @param port at which address; port 0 takes a free one
     * @param lane in which the clients are served
     * @param newConversation makes the conversation of a new client, on its shard
     * @throws eu.mikelangelo.linux.LinuxException when the address is in use, say
     */
    public static Server start(Host host, InetSocketAddress port, Lane lane,
                               Function<Client, ? extends Conversation> newConversation) {
        List<Integer> listeners = new ArrayList<>();
        InetSocketAddress at = port;
        try {
            for (int i = 0; i < host.size(); i++) {
                listeners.add(InetSockets.listenTcp(at, BACKLOG, true));
                at = InetSockets.local(listeners.getFirst());
            }
        } catch (RuntimeException refused) {
            listeners.forEach(Fds::close);
            throw refused;
        }
        Sharded<Part> parts = host.spread(
                shard -> new Part(shard, listeners.get(shard.index()), lane, newConversation));
        return new Server(parts, at.getPort());
    }

    /** Where it listens. */
    public int port() {
        return port;
    }

    /** Clients on each shard; on any shard. */
    public Future<List<Integer>> clients() {
        return parts.gather(part -> part.clients.size());
    }

    /** How many each shard has accepted so far; on any shard. */
    public Future<List<Long>> accepted() {
        return parts.gather(part -> part.accepted);
    }

    /** The server on one shard. */
    private static final class Part implements AutoCloseable {
        private final Shard shard;
        private final Lane lane;
        private final HotCalls calls;
        private final Function<Client, ? extends Conversation> newConversation;
        private final Region input = new Region(Arena.ofAuto().allocate(INPUT_BYTES, 64));
        private final LinkedHashSet<Client> clients = new LinkedHashSet<>();
        private final Gate gate = new Gate();
        private int listener;
        private long token;
        private Again accepting;
        private long accepted;

        Part(Shard shard, int listener, Lane lane, Function<Client, ? extends Conversation> newConversation) {
            this.shard = shard;
            this.listener = listener;
            this.lane = lane;
            this.newConversation = newConversation;
            calls = shard.calls();
            shard.execute(lane, this::begin);
        }

        private void begin() {
            if (listener >= 0) {
                accepting = shard.again(this::accept);
                token = shard.watch(listener, what -> accepting.soon());
            }
        }

        private void accept() {
            for (int i = 0; i < ACCEPTS_PER_TURN && listener >= 0; i++) {
                int fd = calls.accept(listener);
                if (fd >= 0) {
                    accepted++;
                    InetSockets.noDelay(fd, true);
                    clients.add(new Client(this, fd));
                } else if (fd == -Errno.EAGAIN) {
                    return;
                } else if (fd == -Errno.EMFILE || fd == -Errno.ENFILE || fd == -Errno.ENOMEM || fd == -Errno.ENOBUFS) {
                    shard.host().errors().record("no descriptor for a new client", "errno " + -fd);
                    shard.after(NO_DESCRIPTORS_NS, accepting::soon);
                    return;
                }
            }
            accepting.soon();
        }

        @Override
        public void close() {
            if (accepting != null) {
                shard.unwatch(listener, token);
            }
            Fds.close(listener);
            listener = -1;
            for (Client client : List.copyOf(clients)) {
                client.drain();
            }
            try {
                Context.within(shard.host().options().closeNs(), () -> gate.close().await());
            } catch (Exception late) {
                for (Client client : List.copyOf(clients)) {
                    client.end();
                }
            }
        }
    }

    /** One connection. Its shard's alone. */
    public static final class Client {
        private final Part part;
        private final int fd;
        private final long token;
        private final Conversation conversation;
        private final Again turn;
        private final Gate.Pass pass;
        /** What was said in part. */
        private Region kept;
        private int keptBytes;
        private boolean readable = true;
        private boolean writable = true;
        /** No edge will tell of the end: it has been told. */
        private boolean finished;
        /** The conversation stopped for another reason than want of input. */
        private boolean again;
        private boolean draining;
        private boolean ended;

        private Client(Part part, int fd) {
            this.part = part;
            this.fd = fd;
            pass = part.gate.enter();
            turn = part.shard.again(this::serve);
            conversation = part.newConversation.apply(this);
            token = part.shard.watch(fd, this::event);
            turn.soon();
        }

        private void event(int what) {
            readable |= (what & Watcher.READABLE) != 0;
            writable |= (what & Watcher.WRITABLE) != 0;
            finished |= (what & Watcher.ENDED) != 0;
            turn.soon();
        }

        /** A conversation that said {@link Conversation#LATER} can go on. */
        public void resume() {
            turn.soon();
        }

        /** Answers what has come, sends it, and ends. */
        private void drain() {
            draining = true;
            readable = true;
            turn.soon();
        }

        private void serve() {
            if (ended || !flush()) {
                return;
            }
            int status = conversation.status();
            while (status != Conversation.LATER && status != Conversation.CLOSE) {
                int had = keptBytes;
                int got = readable && !again ? receive() : 0;
                if (ended || got == 0 && !again) {
                    break;
                }
                use(had, had + got);
                status = conversation.status();
                again = status != Conversation.INPUT;
                if (!flush()) {
                    return;
                }
                if (got == INPUT_BYTES - had) {
                    turn.soon();   // there may be more, but others wait
                    return;
                }
            }
            if (status == Conversation.CLOSE || draining && status == Conversation.INPUT && !readable) {
                end();
            }
        }

        /** Reads behind what is kept. @return bytes, 0 when there are none now */
        private int receive() {
            if (keptBytes > 0) {
                Region.copy(kept, 0, part.input, 0, keptBytes);
            }
            int room = INPUT_BYTES - keptBytes;
            int got = part.calls.recv(fd, part.input.segment(), keptBytes, room);
            if (got > 0) {
                // A short read has emptied the socket: the next bytes make a new edge.
                readable = got == room || finished;
                return got;
            }
            if (got == -Errno.EAGAIN) {
                readable = false;
            } else if (got != -Errno.EINTR) {
                end();
            }
            return 0;
        }

        private void use(int had, int total) {
            if (had > 0 && total == had) {
                Region.copy(kept, 0, part.input, 0, had);
            }
            int used = conversation.feed(part.input, 0, total);
            int left = total - used;
            if (left > 0) {
                keep(used, left);
            }
            keptBytes = left;
        }

        private void keep(int at, int bytes) {
            if (kept == null || kept.size() < bytes) {
                // Powers of two: a client that says more and more does not copy each time.
                long size = Math.max(256, Long.highestOneBit(bytes * 2L - 1));
                kept = new Region(Arena.ofAuto().allocate(size, 8));
            }
            Region.copy(part.input, at, kept, 0, bytes);
        }

        /** Sends what there is. @return false when the client must read first */
        private boolean flush() {
            while (conversation.outputLength() > 0) {
                if (!writable) {
                    return false;
                }
                int length = conversation.outputLength();
                int sent = part.calls.send(fd, conversation.output().segment(), conversation.outputFrom(), length);
                if (sent > 0) {
                    conversation.sent(sent);
                } else if (sent == -Errno.EAGAIN) {
                    writable = false;
                } else if (sent != -Errno.EINTR) {
                    end();
                    return false;
                }
            }
            return true;
        }

        private void end() {
            if (!ended) {
                ended = true;
                part.shard.unwatch(fd, token);
                Fds.close(fd);
                conversation.close();
                part.clients.remove(this);
                pass.close();
            }
        }
    }
}
