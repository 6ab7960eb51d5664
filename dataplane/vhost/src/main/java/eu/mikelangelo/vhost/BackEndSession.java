package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.LinuxException;
import java.nio.ByteBuffer;

/**
 * The state machine of one vhost-user connection, the back-end's side: whole messages in, replies and calls of a
 * {@link BackendHandler} out; no sockets. Not thread-safe: one control thread owns it.
 *
 * <pre>{@code
 * int length = session.handle(message, fds, reply);   // message: header and payload, index 0 to limit
 * if (length == BackEndSession.CLOSE) { log(session.error()); session.close(); }
 * else if (length > 0) send(reply);
 * }</pre>
 *
 * <p>A ring runs while it has memory, a size, addresses, a kick descriptor and is enabled (specification, "Ring
 * states": we do not process a ring that is started but disabled). Any message that changes what a running ring depends
 * on stops it first and starts it afterwards, so the handler never sees a change in flight. Any message that breaks a
 * rule ends the session: the peer may connect again and starts from nothing.
 */
public final class BackEndSession {
    /** The answer of {@link #handle} when the connection must be closed; {@link #error} says why. */
    public static final int CLOSE = -1;

    private static final long PROTOCOL_OFFERED = BackEndConfig.MQ | BackEndConfig.REPLY_ACK;
    private static final int VRING_LOG = 1;

    private final BackEndConfig config;
    private final BackendHandler handler;
    private final PeerFiles files;
    private final Ring[] rings;
    private MappedTable table = MappedTable.EMPTY;
    private long features;
    private long protocolFeatures;
    private boolean closed;
    private String error = "";

    public BackEndSession(BackEndConfig config, BackendHandler handler, PeerFiles files) {
        this.config = config;
        this.handler = handler;
        this.files = files;
        rings = new Ring[2 * config.queuePairs()];
        for (int i = 0; i < rings.length; i++) {
            rings[i] = new Ring();
        }
    }

    /** Why the session ended; empty while it has not. */
    public String error() {
        return error;
    }

    /** How many rings run. */
    public int runningRings() {
        int running = 0;
        for (Ring ring : rings) {
            running += ring.running ? 1 : 0;
        }
        return running;
    }

    /**
     * Handles one message.
     *
     * @param message header and payload from index 0 to the limit, at least {@link VhostCodec#HEADER} bytes,
     *         little-endian
     * @param fds descriptors that came with it; empty afterwards: each was taken over or closed
     * @param reply room for {@link VhostCodec#MAX_MESSAGE} bytes; holds the answer from index 0 to its limit
     * @return length of the reply, 0 for none, or {@link #CLOSE} (a reply may still have been prepared, and is then
     *         worth sending: its limit is not 0)
     */
    public int handle(ByteBuffer message, FdList fds, ByteBuffer reply) {
        reply.clear().limit(0);
        int number = VhostCodec.number(message);
        boolean acknowledge = VhostCodec.needsReply(message) && (protocolFeatures & BackEndConfig.REPLY_ACK) != 0;
        String refused;
        try {
            refused = apply(VhostCodec.decode(message, fds.count()), fds, reply);
        } catch (LinuxException | IllegalArgumentException failed) {
            refused = failed.getMessage();
        } finally {
            fds.closeAll();
        }
        boolean answered = reply.limit() > 0;
        if (acknowledge && !answered) {
            VhostCodec.replyNumber(number, refused == null ? 0 : 1, reply);
        }
        if (refused != null) {
            error = refused;
            return CLOSE;
        }
        return reply.limit();
    }

    /** @return why the request is refused, or null */
    private String apply(Request request, FdList fds, ByteBuffer reply) {
        if (closed) {
            return "a message after the end";
        }
        return switch (request) {
            case Request.Malformed bad -> bad.why();
            case Request.Plain plain -> plain(plain.type(), reply);
            case Request.Number value -> value.type() == RequestType.SET_FEATURES
                    ? setFeatures(value.value()) : setProtocolFeatures(value.value());
            case Request.MemoryTable memory -> setMemory(memory, fds);
            case Request.VringState state -> Integer.compareUnsigned(state.index(), rings.length) >= 0
                    ? noSuchRing(state.index()) : vringState(state, reply);
            case Request.VringAddress address -> Integer.compareUnsigned(address.index(), rings.length) >= 0
                    ? noSuchRing(address.index()) : setAddress(address);
            case Request.VringFd fd -> fd.index() >= rings.length ? noSuchRing(fd.index()) : setFd(fd, fds);
        };
    }

    private String noSuchRing(int index) {
        return "ring " + Integer.toUnsignedString(index) + " does not exist, there are " + rings.length;
    }

    private String plain(RequestType type, ByteBuffer reply) {
        switch (type) {
            case GET_FEATURES -> VhostCodec.replyNumber(type.number(),
                    config.features() | BackEndConfig.PROTOCOL_FEATURES, reply);
            case GET_PROTOCOL_FEATURES -> VhostCodec.replyNumber(type.number(), PROTOCOL_OFFERED, reply);
            case GET_QUEUE_NUM -> VhostCodec.replyNumber(type.number(), config.queuePairs(), reply);
            // A connection has one front-end anyway.
            case SET_OWNER -> { }
            // Deprecated; once a disable of all rings, and that is what we do.
            case RESET_OWNER -> {
                for (int i = 0; i < rings.length; i++) {
                    stop(i);
                    rings[i].enabled = false;
                }
            }
            default -> throw new AssertionError(type);
        }
        return null;
    }

    private String setFeatures(long acked) {
        long unknown = acked & ~(config.features() | BackEndConfig.PROTOCOL_FEATURES);
        if (unknown != 0) {
            return "SET_FEATURES with 0x" + Long.toHexString(unknown) + ", which was not offered";
        }
        stopAll();
        features = acked;
        handler.features(acked & ~BackEndConfig.PROTOCOL_FEATURES);
        // Without protocol features there is no SET_VRING_ENABLE: rings are enabled from the start ("Ring states").
        if ((acked & BackEndConfig.PROTOCOL_FEATURES) == 0) {
            for (Ring ring : rings) {
                ring.enabled = true;
            }
        }
        return startAll();
    }

    private String setProtocolFeatures(long acked) {
        if ((acked & ~PROTOCOL_OFFERED) != 0) {
            return "SET_PROTOCOL_FEATURES with 0x" + Long.toHexString(acked & ~PROTOCOL_OFFERED)
                    + ", which was not offered";
        }
        protocolFeatures = acked;
        return null;
    }

    /** Stop, swap, start. The old table is unmapped when nobody can touch it any more. */
    private String setMemory(Request.MemoryTable memory, FdList fds) {
        int[] descriptors = new int[memory.regions().size()];
        for (int i = 0; i < descriptors.length; i++) {
            descriptors[i] = fds.get(i);
        }
        MappedTable next = MappedTable.map(memory.regions(), descriptors, config.acceptShrinkable(), files);
        stopAll();
        swap(next);
        return startAll();
    }

    private void swap(MappedTable next) {
        MappedTable old = table;
        table = next;
        handler.memory(next.memory());
        old.close();
    }

    private String vringState(Request.VringState state, ByteBuffer reply) {
        int index = state.index();
        Ring ring = rings[index];
        int value = state.value();
        switch (state.type()) {
            case SET_VRING_NUM -> {
                if (value < 1 || value > Ring.MAX_SIZE || Integer.bitCount(value) != 1) {
                    return "ring " + index + " of " + Integer.toUnsignedString(value) + " entries";
                }
                stop(index);
                ring.size = value;
            }
            case SET_VRING_BASE -> {
                if (value < 0 || value > 0xffff) {
                    return "ring " + index + " with base index " + Integer.toUnsignedString(value);
                }
                stop(index);
                ring.base = value;
            }
            case SET_VRING_ENABLE -> {
                // QEMU says this before SET_FEATURES; what it asked before counts.
                if (value < 0 || value > 1) {
                    return "SET_VRING_ENABLE " + Integer.toUnsignedString(value);
                }
                if (value == 0) {
                    stop(index);
                }
                ring.enabled = value == 1;
            }
            // The front-end stops the ring; it comes back with a new kick descriptor.
            case GET_VRING_BASE -> {
                stop(index);
                files.close(ring.kickFd);
                ring.kickFd = -1;
                VhostCodec.replyState(state.type().number(), index, ring.base, reply);
                return null;
            }
            default -> throw new AssertionError(state);
        }
        return start(index);
    }

    private String setAddress(Request.VringAddress address) {
        if ((address.flags() & VRING_LOG) != 0) {
            return "SET_VRING_ADDR asks to log writes, which was not offered";
        }
        Ring ring = rings[address.index()];
        stop(address.index());
        ring.descriptorUser = address.descriptor();
        ring.availUser = address.available();
        ring.usedUser = address.used();
        ring.hasAddress = true;
        return start(address.index());
    }

    private String setFd(Request.VringFd request, FdList fds) {
        int index = request.index();
        int fd = request.hasFd() ? fds.get(0) : -1;
        if (fd >= 0 && !files.prepareEventFd(fd)) {
            return request.type() + " of ring " + index + " with something that is not an eventfd";
        }
        Ring ring = rings[index];
        switch (request.type()) {
            case SET_VRING_KICK -> {
                if (fd < 0) {
                    return "ring " + index + " without a kick descriptor: rings are not polled on request";
                }
                stop(index);
                files.close(ring.kickFd);
                ring.kickFd = fds.take(0);
            }
            case SET_VRING_CALL -> {
                stop(index);
                files.close(ring.callFd);
                ring.callFd = fd < 0 ? -1 : fds.take(0);
            }
            // We never signal errors this way: closing the session says more.
            case SET_VRING_ERR -> { }
            default -> throw new AssertionError(request);
        }
        return start(index);
    }

    private void stop(int index) {
        Ring ring = rings[index];
        if (ring.running) {
            ring.running = false;
            ring.base = handler.stopRing(index) & 0xffff;
        }
    }

    /** Starts a ring if it is ready. @return why it must not run, or null */
    private String start(int index) {
        Ring ring = rings[index];
        if (ring.running || !ring.isReady() || table.memory().regions() == 0) {
            return null;
        }
        String misplaced = ring.misplaced(table.memory());
        if (misplaced != null) {
            return "ring " + index + " of " + ring.size + " entries: its " + misplaced
                    + " does not lie aligned in the guest's memory";
        }
        handler.startRing(index, ring.config(features & ~BackEndConfig.PROTOCOL_FEATURES), ring.kickFd, ring.callFd);
        ring.running = true;
        return null;
    }

    private void stopAll() {
        for (int i = 0; i < rings.length; i++) {
            stop(i);
        }
    }

    private String startAll() {
        for (int i = 0; i < rings.length; i++) {
            String refused = start(i);
            if (refused != null) {
                return refused;
            }
        }
        return null;
    }

    /** Ends the session: stops the rings, gives memory and descriptors back, tells the handler. Idempotent. */
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        stopAll();
        swap(MappedTable.EMPTY);
        for (Ring ring : rings) {
            files.close(ring.kickFd);
            files.close(ring.callFd);
            ring.kickFd = -1;
            ring.callFd = -1;
        }
        handler.disconnected();
    }
}
