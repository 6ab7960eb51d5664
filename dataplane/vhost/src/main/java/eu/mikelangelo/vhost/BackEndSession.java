package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.vhost.inflight.InflightRegion;
import java.nio.ByteBuffer;

/**
 * The state machine of one vhost-user connection, the back-end's side: whole messages in, replies and calls of a
 * {@link BackendHandler} out; no sockets. Not thread-safe: one control thread owns it.
 *
 * <pre>{@code
 * int length = session.handle(message, fds, reply);   // message: header and payload, index 0 to limit
 * int fd = session.takeReplyFd();                     // -1, or goes with the reply and is closed then
 * if (length == BackEndSession.CLOSE) { log(session.error()); session.close(); }
 * else if (length > 0) send(reply, fd);
 * }</pre>
 *
 * <p>A ring runs while it has memory, a size, addresses, a kick descriptor and is enabled (specification, "Ring
 * states": we do not process a ring that is started but disabled). Any message that changes what a running ring depends
 * on stops it first and starts it afterwards, so the handler never sees a change in flight.
 *
 * <p>A message that breaks a rule ends the session: the peer may connect again and starts from nothing. A request that
 * we do not serve is answered by a failure, and the session goes on, if the front-end waits for an acknowledgement
 * ("VHOST_USER_PROTOCOL_F_REPLY_ACK": non-zero on failure): it knows that nothing has changed. If it does not wait, or
 * waits for an answer whose shape we cannot know, it would go on with a wrong belief or hang, so we hang up; the
 * specification keeps that for exceptional circumstances, and this is one: every such request belongs to a feature
 * that was not offered.
 */
public final class BackEndSession {
    /** The answer of {@link #handle} when the connection must be closed; {@link #error} says why. */
    public static final int CLOSE = -1;

    /** VIRTIO 1.3 section 5.1.4.1: 68 bytes is what IPv4 asks for. */
    private static final int MIN_MTU = 68;
    private static final int MAX_MTU = 65_535;
    private static final int MAX_STATUS = 255;
    private static final long FAILURE = 1;

    private final BackEndConfig config;
    private final BackendHandler handler;
    private final PeerFiles files;
    private final Rings rings;
    private InflightArea inflight = InflightArea.NONE;
    private long protocolFeatures;
    private int status;
    private int replyFd = -1;
    private boolean closed;
    private String error = "";
    private String declined = "";

    public BackEndSession(BackEndConfig config, BackendHandler handler, PeerFiles files) {
        this.config = config;
        this.handler = handler;
        this.files = files;
        rings = new Rings(2 * config.queuePairs(), handler, files);
    }

    /** Why the session ended; empty while it has not. */
    public String error() {
        return error;
    }

    /** Which request was declined last, and why; empty when none was. The session goes on nevertheless. */
    public String declined() {
        return declined;
    }

    /** How many rings run. */
    public int runningRings() {
        return rings.running();
    }

    /** The device status as the front-end last said it (VIRTIO 1.3 section 2.1), 0 when it says none. */
    public int status() {
        return status;
    }

    /** The descriptor that goes with the reply just prepared, now the caller's to close; -1 when none does. */
    public int takeReplyFd() {
        int fd = replyFd;
        replyFd = -1;
        return fd;
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
        boolean acknowledge = VhostCodec.needsReply(message) && negotiated(BackEndConfig.REPLY_ACK);
        Verdict verdict;
        try {
            verdict = apply(message, fds, acknowledge, reply);
        } catch (LinuxException | IllegalArgumentException failed) {
            verdict = Verdict.broken(failed.getMessage());
        } finally {
            closeLeft(fds);
        }
        if (acknowledge && reply.limit() == 0) {
            VhostCodec.replyNumber(number, verdict == Verdict.DONE ? 0 : FAILURE, reply);
        }
        switch (verdict.kind()) {
            case DONE -> { }
            case DECLINED -> declined = verdict.why();
            case BROKEN -> {
                error = verdict.why();
                return CLOSE;
            }
        }
        return reply.limit();
    }

    private void closeLeft(FdList fds) {
        for (int i = 0; i < fds.count(); i++) {
            files.close(fds.take(i));
        }
        fds.closeAll();
    }

    private boolean negotiated(long protocolFeature) {
        return (protocolFeatures & protocolFeature) == protocolFeature;
    }

    private Verdict apply(ByteBuffer message, FdList fds, boolean acknowledge, ByteBuffer reply) {
        if (closed || !error.isEmpty()) {
            return Verdict.broken("a message after the end");
        }
        return switch (VhostCodec.decode(message, fds.count())) {
            case Request.Malformed bad -> Verdict.broken(bad.why());
            case Request.Unserved other -> unserved(other.number(), acknowledge, reply);
            case Request.Plain plain -> allowed(plain.type())
                    ? plain(plain.type(), reply) : unserved(plain.type().number(), acknowledge, reply);
            case Request.Number value -> allowed(value.type())
                    ? number(value.type(), value.value()) : unserved(value.type().number(), acknowledge, reply);
            case Request.MemoryTable memory -> setMemory(memory, fds);
            case Request.MemorySlot slot -> allowed(slot.type())
                    ? changeMemory(slot, fds) : unserved(slot.type().number(), acknowledge, reply);
            case Request.Inflight region -> allowed(region.type())
                    ? inflight(region, fds, message, reply) : unserved(region.type().number(), acknowledge, reply);
            case Request.VringState state -> missing(state.index())
                    ? noSuchRing(state.index()) : vringState(state, reply);
            case Request.VringAddress address -> missing(address.index())
                    ? noSuchRing(address.index()) : rings.address(address);
            case Request.VringFd fd -> missing(fd.index()) ? noSuchRing(fd.index()) : rings.descriptor(fd, fds);
        };
    }

    /** "When the protocol feature has been successfully negotiated"; of RARP and MTU only that it was offered. */
    private boolean allowed(RequestType type) {
        long needed = type.protocolFeature();
        boolean offer = type == RequestType.SEND_RARP || type == RequestType.NET_SET_MTU;
        return ((offer ? config.protocolFeatures() : protocolFeatures) & needed) == needed;
    }

    private static Verdict unserved(int number, boolean acknowledge, ByteBuffer reply) {
        String why = "request " + Integer.toUnsignedString(number) + " is unknown or was not negotiated";
        if (number == MessageLayout.GET_CONFIG) {
            // "Uses zero length of payload to indicate an error": the one answer of another shape that we know.
            VhostCodec.replyEmpty(number, reply);
            return Verdict.declined(why);
        }
        RequestType known = RequestType.of(number);
        boolean ownAnswer = known != null && known.answers();
        return acknowledge && !ownAnswer ? Verdict.declined(why) : Verdict.broken(why);
    }

    private boolean missing(int index) {
        return Integer.compareUnsigned(index, rings.count()) >= 0;
    }

    private Verdict noSuchRing(int index) {
        return Verdict.broken("ring " + Integer.toUnsignedString(index) + " does not exist, there are "
                + rings.count());
    }

    private Verdict plain(RequestType type, ByteBuffer reply) {
        switch (type) {
            case GET_FEATURES -> VhostCodec.replyNumber(type.number(),
                    config.features() | BackEndConfig.PROTOCOL_FEATURES, reply);
            case GET_PROTOCOL_FEATURES -> VhostCodec.replyNumber(type.number(), config.protocolFeatures(), reply);
            case GET_QUEUE_NUM -> VhostCodec.replyNumber(type.number(), config.queuePairs(), reply);
            case GET_MAX_MEM_SLOTS -> VhostCodec.replyNumber(type.number(), BackEndConfig.MEM_SLOTS, reply);
            case GET_STATUS -> VhostCodec.replyNumber(type.number(), status, reply);
            // A connection has one front-end anyway.
            case SET_OWNER -> { }
            // Deprecated; once a disable of all rings, and that is what we do.
            case RESET_OWNER -> rings.disableAll();
            case RESET_DEVICE -> {
                rings.reset();
                status = 0;
            }
            default -> throw new AssertionError(type);
        }
        return Verdict.DONE;
    }

    private Verdict number(RequestType type, long value) {
        return switch (type) {
            case SET_FEATURES -> setFeatures(value);
            case SET_PROTOCOL_FEATURES -> setProtocolFeatures(value);
            case SET_STATUS -> setStatus(value);
            case SEND_RARP -> {
                // "The first 6 bytes of the payload contain the mac address": the low ones of a little-endian number.
                handler.announce(Long.reverseBytes(value) >>> Short.SIZE);
                yield Verdict.DONE;
            }
            case NET_SET_MTU -> {
                if (value < MIN_MTU || value > MAX_MTU) {
                    yield Verdict.declined("an MTU of " + Long.toUnsignedString(value) + " bytes");
                }
                handler.mtu((int) value);
                yield Verdict.DONE;
            }
            default -> throw new AssertionError(type);
        };
    }

    private Verdict setFeatures(long acked) {
        long unknown = acked & ~(config.features() | BackEndConfig.PROTOCOL_FEATURES);
        if (unknown != 0) {
            return Verdict.broken("SET_FEATURES with 0x" + Long.toHexString(unknown) + ", which was not offered");
        }
        boolean withoutEnable = (acked & BackEndConfig.PROTOCOL_FEATURES) == 0;
        return rings.features(acked & ~BackEndConfig.PROTOCOL_FEATURES, withoutEnable);
    }

    private Verdict setProtocolFeatures(long acked) {
        long unknown = acked & ~config.protocolFeatures();
        if (unknown != 0) {
            return Verdict.broken("SET_PROTOCOL_FEATURES with 0x" + Long.toHexString(unknown)
                    + ", which was not offered");
        }
        protocolFeatures = acked;
        return Verdict.DONE;
    }

    /**
     * Zero is a reset: rings rest until they get a kick descriptor again. Their positions stay, for QEMU 7.2 asks for
     * them by GET_VRING_BASE after that, and so does their being enabled.
     */
    private Verdict setStatus(long value) {
        if (value < 0 || value > MAX_STATUS) {
            return Verdict.broken("SET_STATUS 0x" + Long.toHexString(value));
        }
        status = (int) value;
        if (status == 0) {
            rings.haltAll();
        }
        return Verdict.DONE;
    }

    private Verdict setMemory(Request.MemoryTable memory, FdList fds) {
        int[] descriptors = new int[memory.regions().size()];
        for (int i = 0; i < descriptors.length; i++) {
            descriptors[i] = fds.get(i);
        }
        return rings.memory(MappedTable.map(memory.regions(), descriptors, config.acceptShrinkable(), files), false);
    }

    /** QEMU 7.2 says each change once for each queue pair; what was done already is done. */
    private Verdict changeMemory(Request.MemorySlot slot, FdList fds) {
        MappedTable now = rings.table();
        boolean add = slot.type() == RequestType.ADD_MEM_REG;
        boolean there = now.has(slot.region());
        if (add ? there : !there && now.had(slot.region())) {
            return Verdict.DONE;
        }
        return rings.memory(add
                ? now.with(slot.region(), fds.get(0), config.acceptShrinkable(), files)
                : now.without(slot.region()), true);
    }

    private Verdict inflight(Request.Inflight request, FdList fds, ByteBuffer message, ByteBuffer reply) {
        boolean get = request.type() == RequestType.GET_INFLIGHT_FD;
        InflightArea next = get ? InflightArea.create(request, rings.count(), rings.packed(), files)
                : InflightArea.map(request, fds.get(0), rings.count(), rings.packed(), files);
        InflightArea old = inflight;
        inflight = next;
        replyFd = next.takeFd();
        Verdict verdict = rings.inflight(old, next);
        if (get) {
            VhostCodec.replyInflight(next.description(request.type()), message.limit() - VhostCodec.HEADER, reply);
        }
        return verdict;
    }

    private Verdict vringState(Request.VringState state, ByteBuffer reply) {
        if (state.type() != RequestType.GET_VRING_BASE) {
            return rings.change(state.type(), state.index(), state.value());
        }
        VhostCodec.replyState(state.type().number(), state.index(), rings.halt(state.index()), reply);
        return Verdict.DONE;
    }

    /** Ends the session: stops the rings, gives memory and descriptors back, tells the handler. Idempotent. */
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        files.close(takeReplyFd());
        rings.close();
        if (inflight != InflightArea.NONE) {
            handler.inflight(InflightRegion.NONE);
            inflight.close();
        }
        handler.disconnected();
    }
}
