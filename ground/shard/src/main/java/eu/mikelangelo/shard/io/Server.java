package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.InetSockets;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Again;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.Lane;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Timer;
import eu.mikelangelo.shard.Watcher;
import eu.mikelangelo.shard.limits.Gate;
import java.lang.foreign.Arena;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.function.Function;

/**
 * A server made of {@link Conversation}s, at a TCP address or a Unix socket. Either each shard has a listening socket
 * and the kernel spreads the connections among them (SO_REUSEPORT), or one shard listens and an
 * {@link Acceptor.Choice} spreads them. Each shard has one input buffer for all its clients: only what one of them has
 * said in part is kept for it, and that is bounded. A client that does not read what it asked for is not read from
 * until it does. A conversation that throws is closed; the others go on.
 *
 * <p>Closing: no more clients are taken, what has been received is answered, and the connections are closed when their
 * answers have arrived, or at the end of the host's patience.
 *
 * <p>Threading: {@link #start} and {@link #unix} on a thread that is no shard's; everything else on the shards.
 */
public final class Server {
    /** Bytes taken from a client before another has its turn; a conversation is never given more at once. */
    public static final int INPUT_BYTES = 256 << 10;
    /** A client that goes on sending while the server ends is listened to for so many bytes. */
    private static final int DRAIN_BYTES = INPUT_BYTES;
    /** Inputs thrown away at a time when all is said. */
    private static final int DISCARDS = 4;
    /** Read from a client before it is others' turn: thousands of small requests are in it. */
    private static final int TURN_BYTES = 64 << 10;
    /** Answers that are sent together, at most: what waits so stays in the core's caches. */
    private static final int SENDS = 32;
    /** So much said in part is added to where it is kept; less is copied in front of what comes. */
    private static final int IN_PLACE = 4096;
    /** Room of a size that is kept even when much less would do. */
    private static final int SMALL = 1024;
    private static final String NO_ROOM = "no room for what clients say in part";
    /** How often to look whether the last answers have arrived, and for how long. */
    private static final long LINGER_TICK_NS = 5_000_000;
    private static final int LINGER_TICKS = 400;

    private final Sharded<Part> parts;
    private final int port;

    private Server(Host host, Sharded<Part> parts, int port) {
        this.parts = parts;
        this.port = port;
        // All shards begin to end at the same time, so that each has the whole of the host's patience.
        host.onClose(() -> host.run(() -> parts.onEach(part -> {
            part.drain();
            return null;
        }).await()));
    }

    /**
     * Listens on every shard; the kernel spreads the connections.
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
                listeners.add(InetSockets.listenTcp(at, Accepts.BACKLOG, true));
                at = InetSockets.local(listeners.getFirst());
            }
        } catch (RuntimeException refused) {
            listeners.forEach(Fds::close);
            throw refused;
        }
        Sharded<Part> parts = host.spread(shard -> new Part(shard, lane, newConversation));
        host.run(() -> parts.onEach(part -> {
            part.listen(listeners.get(part.shard.index()));
            return null;
        }).await());
        return new Server(host, parts, at.getPort());
    }

    /** As {@link #start}, but one shard listens, and {@code choice} spreads the connections. */
    public static Server start(Host host, InetSocketAddress port, Lane lane, Acceptor.Choice choice,
                               Function<Client, ? extends Conversation> newConversation) {
        int listener = InetSockets.listenTcp(port, Accepts.BACKLOG, false);
        int at = InetSockets.local(listener).getPort();
        return accepting(host, listener, true, at, lane, choice, newConversation);
    }

    /**
     * Listens at a Unix socket.
     *
     * @param path up to {@link UnixSockets#MAX_PATH} bytes; it is the caller's to remove when the host has closed
     * @throws eu.mikelangelo.linux.LinuxException when there is a file
     */
    public static Server unix(Host host, String path, Lane lane, Acceptor.Choice choice,
                              Function<Client, ? extends Conversation> newConversation) {
        return accepting(host, UnixSockets.listen(path, Accepts.BACKLOG), false, -1, lane, choice, newConversation);
    }

    private static Server accepting(Host host, int listener, boolean tcp, int port, Lane lane, Acceptor.Choice choice,
                                    Function<Client, ? extends Conversation> newConversation) {
        Sharded<Part> parts = host.spread(shard -> new Part(shard, lane, newConversation));
        Acceptor.start(host, listener, tcp, choice, shard -> parts.here());
        return new Server(host, parts, port);
    }

    /** The TCP port; -1 at a Unix socket. */
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

    /** Bytes that each shard keeps of what its clients have said in part; on any shard. */
    public Future<List<Long>> kept() {
        return parts.gather(part -> part.leftovers.lent());
    }

    /** The server on one shard. */
    private static final class Part implements Acceptor.Taker, AutoCloseable {
        private static final Runnable NOTHING = () -> { };
        private final Shard shard;
        private final Lane lane;
        private final HotCalls calls;
        private final Function<Client, ? extends Conversation> newConversation;
        private final Region input = new Region(Arena.ofAuto().allocate(INPUT_BYTES, 64));
        private final Leftovers leftovers = new Leftovers();
        private final LinkedHashSet<Client> clients = new LinkedHashSet<>();
        private final Gate gate = new Gate();
        private Accepts accepts;
        private final Client[] sending = new Client[SENDS];
        private int senders;
        private Again send;
        private long accepted;
        private boolean draining;
        /** Until when what drains is waited for. */
        private long patientNs;

        Part(Shard shard, Lane lane, Function<Client, ? extends Conversation> newConversation) {
            this.shard = shard;
            this.lane = lane;
            this.newConversation = newConversation;
            calls = shard.calls();
        }

        /**
         * Sends an answer together with those of others who asked at the same time: what receives them is then woken
         * once, not for each, and the kernel's code for sending stays in the caches.
         */
        private void sendLater(Client client) {
            if (send == null) {
                send = shard.again(this::sendAll);
            }
            if (senders == 0) {
                send.soon();
            }
            sending[senders++] = client;
            if (senders == SENDS) {
                sendAll();
            }
        }

        private void sendAll() {
            int count = senders;
            senders = 0;
            for (int i = 0; i < count; i++) {
                Client client = sending[i];
                sending[i] = null;
                client.sendNow();
            }
        }

        void listen(int listener) {
            shard.execute(lane, () -> accepts = new Accepts(shard, listener, fd -> {
                InetSockets.noDelay(fd, true);
                add(fd, NOTHING);
            }));
        }

        @Override
        public void take(int fd, Runnable gone) {
            shard.execute(lane, () -> add(fd, gone));
        }

        private void add(int fd, Runnable gone) {
            Client client = null;
            try {
                client = new Client(this, fd, gone);
                clients.add(client);
                accepted++;
                client.begin();
                if (draining) {
                    client.drain();
                }
            } catch (RuntimeException | Error refused) {
                shard.host().errors().record("a client was not taken", refused.toString());
                if (client != null) {
                    client.end();
                } else {
                    Fds.close(fd);
                    gone.run();
                }
            }
        }

        void drain() {
            if (!draining) {
                draining = true;
                patientNs = shard.clockNs() + shard.host().options().closeNs();
                shard.execute(lane, () -> {
                    if (accepts != null) {
                        accepts.close();
                    }
                    for (Client client : List.copyOf(clients)) {
                        client.drain();
                    }
                });
            }
        }

        @Override
        public void end(long patienceNs) {
            close();   // patience began when it was told to drain
        }

        @Override
        public void close() {
            drain();
            try {
                // From when all shards began: they are closed one after the other.
                Context.within(Math.max(Acceptor.LEAST_PATIENCE_NS, patientNs - shard.clockNs()), () -> {
                    // Behind what drain said.
                    shard.fiber(lane, () -> null).await();
                    return gate.close().await();
                });
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
        private final Runnable gone;
        private final Conversation conversation;
        private final Again turn;
        private final Gate.Pass pass;
        private long token;
        private boolean watched;
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
        /** How much is still listened to while the server ends. */
        private int drainBytes = DRAIN_BYTES;
        /** All is said; what looks again and again whether it has arrived. */
        private Timer lingering;
        private int ticks;
        private boolean ended;
        /** The last read filled what there was room for. */
        private boolean full;

        private Client(Part part, int fd, Runnable gone) {
            this.part = part;
            this.fd = fd;
            this.gone = gone;
            turn = part.shard.again(this::serve);
            conversation = part.newConversation.apply(this);
            pass = part.gate.enter();
        }

        private void begin() {
            token = part.shard.watch(fd, this::event);
            watched = true;
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
            if (ended) {
                return;
            }
            if (lingering != null) {
                discard();
                return;
            }
            try {
                converse();
            } catch (Throwable thrown) {
                end();
                throw thrown;
            }
        }

        /** What it throws is its own: the answers of others wait behind it. */
        private void sendNow() {
            try {
                if (!ended && lingering == null) {
                    flush();
                }
            } catch (Throwable thrown) {
                end();
                failed(thrown);
            }
        }

        private void failed(Throwable thrown) {
            part.shard.host().errors().record("a conversation failed", thrown.toString());
        }

        private void converse() {
            if (!flush()) {
                return;
            }
            int status = conversation.status();
            while (status != Conversation.LATER && status != Conversation.CLOSE && (listens() || again)) {
                full = false;
                Region from = source();
                int got = ended || again ? 0 : receive(from);
                if (ended || got == 0 && !again) {
                    break;
                }
                if (!use(from, keptBytes + got)) {
                    return;
                }
                status = conversation.status();
                again = status != Conversation.INPUT;
                if (!again && !readable && !draining) {
                    part.sendLater(this);
                    return;
                }
                if (!flush()) {
                    return;
                }
                if (full) {
                    turn.soon();   // there may be more, but others wait
                    return;
                }
            }
            if (!ended && (status == Conversation.CLOSE || draining && status == Conversation.INPUT && !listens())) {
                finish();
            }
        }

        /** Whether there may be something to read that is to be read. */
        private boolean listens() {
            return readable && (!draining || drainBytes > 0);
        }

        /** Where the next bytes are fed from: what is kept comes first. A long piece stays where it is kept. */
        private Region source() {
            if (keptBytes >= IN_PLACE) {
                if (keptBytes == kept.size() && keptBytes < INPUT_BYTES) {
                    grow();
                }
                return kept;
            }
            if (keptBytes > 0) {
                Region.copy(kept, 0, part.input, 0, keptBytes);
            }
            return part.input;
        }

        /** Reads behind what is kept. @return bytes, 0 when there are none now */
        private int receive(Region to) {
            int room = Math.min((int) to.size() - keptBytes, TURN_BYTES);
            if (room == 0) {
                sendAway("a conversation took nothing of a full input");
                return 0;
            }
            int got = part.calls.recv(fd, to.segment(), keptBytes, room);
            if (got > 0) {
                // A short read has emptied the socket: the next bytes make a new edge.
                full = got == room;
                readable = full || finished;
                if (draining) {
                    drainBytes -= got;
                }
                return got;
            }
            if (got == -Errno.EAGAIN) {
                readable = false;
            } else if (got == -Errno.EINTR) {
                turn.soon();
            } else {
                end();
            }
            return 0;
        }

        /** @return false when there is no room to keep what is left: the client has been sent away */
        private boolean use(Region from, int total) {
            int used = conversation.feed(from, 0, total);
            int left = total - used;
            if (left == 0) {
                forget();
                return true;
            }
            if (from == kept && used == 0) {
                keptBytes = left;
                return true;
            }
            if (from == kept) {
                Region.copy(kept, used, part.input, 0, left);
                return keep(0, left);
            }
            return keep(used, left);
        }

        private void forget() {
            if (kept != null) {
                part.leftovers.giveBack(kept);
                kept = null;
            }
            keptBytes = 0;
        }

        private boolean keep(int at, int bytes) {
            if (kept == null || kept.size() < bytes || kept.size() > Math.max(SMALL, 4L * bytes)) {
                forget();
                kept = part.leftovers.lend(bytes);
                if (kept == null) {
                    sendAway(NO_ROOM);
                    return false;
                }
            }
            Region.copy(part.input, at, kept, 0, bytes);
            keptBytes = bytes;
            return true;
        }

        /** Twice the room: who says more and more is not copied each time. */
        private void grow() {
            Region larger = part.leftovers.lend(2 * keptBytes);
            if (larger == null) {
                sendAway(NO_ROOM);
                return;
            }
            Region.copy(kept, 0, larger, 0, keptBytes);
            part.leftovers.giveBack(kept);
            kept = larger;
        }

        private void sendAway(String why) {
            part.shard.host().errors().record(why, "its client is sent away");
            end();
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

        /**
         * All is said. Closing a socket with something unread, or to which more is sent, takes back what is on its way
         * to the client (RFC 1122, 4.2.2.13): so we wait until it has arrived, and read what comes meanwhile.
         */
        private void finish() {
            forget();
            InetSockets.shutdown(fd, InetSockets.SHUT_WR);
            lingering = part.shard.every(LINGER_TICK_NS, this::linger);
            discard();
        }

        private void linger() {
            if (++ticks > LINGER_TICKS) {
                end();
            } else {
                discard();
            }
        }

        private void discard() {
            int got = 1;
            for (int i = 0; i < DISCARDS && got > 0; i++) {
                got = part.calls.recv(fd, part.input.segment(), 0, INPUT_BYTES);
            }
            boolean more = got > 0 || got == -Errno.EINTR;
            if (!more && (got != -Errno.EAGAIN || part.calls.unread(fd) <= 0)) {
                end();
            }
        }

        private void end() {
            if (!ended) {
                ended = true;
                forget();
                if (lingering != null) {
                    lingering.close();
                }
                if (watched) {
                    part.shard.unwatch(fd, token);
                }
                Fds.close(fd);
                part.clients.remove(this);
                pass.close();
                try {
                    conversation.close();
                } catch (Throwable thrown) {
                    failed(thrown);   // others may have to end, too
                } finally {
                    gone.run();
                }
            }
        }
    }
}
