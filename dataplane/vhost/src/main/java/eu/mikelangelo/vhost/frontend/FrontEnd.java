package eu.mikelangelo.vhost.frontend;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.BackEndConfig;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.VhostCodec;
import eu.mikelangelo.virtio.QueueConfig;
import java.io.IOException;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A vhost-user front-end: connects to a back-end (or waits for one), tells it of memory and rings, tells a new one the
 * same again. What flows through the rings is somebody else's business (a mock driver's).
 *
 * <pre>{@code
 * try (GuestRam ram = new GuestRam(0, 0x7f00_0000_0000L, 1 << 20);
 *         FrontEnd front = FrontEnd.connect(path)) {
 *     front.negotiate(wantedFeatures);
 *     front.memory(ram);
 *     FrontEndRing ring = front.start(0, new QueueConfig(256, descriptors, available, used, 0, front.features()));
 *     ring.kick();
 *     int next = front.stop(0);
 * }
 * }</pre>
 *
 * <p>A back-end that refuses, hangs up or says nothing for as long as {@link #patience} allows becomes an
 * {@link IllegalStateException} that names the request. Where acknowledgements are negotiated each request is
 * acknowledged. Not thread-safe; rings are used by whom they are given to.
 */
public final class FrontEnd implements AutoCloseable {
    private static final long DEFAULT_PATIENCE_NS = 10_000_000_000L;
    /** {@code used.idx} behind the flags (VIRTIO 1.3 section 2.7.8). */
    private static final int USED_INDEX = 2;
    private static final long PACKED = 1L << 34;

    private final Wire wire;
    private final String name;
    private final boolean server;
    private final List<GuestRam> memory = new ArrayList<>();
    private final FrontEndRing[] rings = new FrontEndRing[2 * BackEndConfig.MAX_QUEUE_PAIRS];
    private long patienceNs = DEFAULT_PATIENCE_NS;
    private long wantedFeatures;
    private long wantedProtocol = BackEndConfig.PROTOCOL_SERVED;
    private long features;
    private long protocolFeatures;
    private long protocolOffered;

    private FrontEnd(Wire wire, String name, boolean server) {
        this.wire = wire;
        this.name = name;
        this.server = server;
    }

    /**
     * Connects to a back-end that listens, waiting for it to come.
     *
     * @throws IllegalStateException when none has come after 10 s
     */
    public static FrontEnd connect(String path) {
        FrontEnd front = new FrontEnd(Wire.toPath(path), path, false);
        front.await();
        return front;
    }

    /** Listens for a back-end; {@link #await} waits for it. Fails when there is a file at {@code path}. */
    public static FrontEnd listen(String path) {
        return new FrontEnd(Wire.atPath(path), path, true);
    }

    /** On a socket that is connected, taken over; it cannot {@link #reconnect}. */
    public static FrontEnd on(int socket) {
        return new FrontEnd(Wire.on(socket), "socket " + socket, false);
    }

    /** How long anything may take, in nanoseconds; 10 s unless this is called. */
    public FrontEnd patience(long ns) {
        patienceNs = ns;
        return this;
    }

    /** Protocol features to accept of those offered; all that {@link BackEndConfig} knows unless this is called. */
    public FrontEnd protocol(long wanted) {
        wantedProtocol = wanted;
        return this;
    }

    /** Waits until a back-end is connected. */
    public void await() {
        if (!wire.open(patienceNs)) {
            throw new IllegalStateException("no vhost-user back-end at " + name);
        }
    }

    /** Device features that were accepted, without the protocol's own bit. */
    public long features() {
        return features;
    }

    /** Protocol features that were accepted. */
    public long protocolFeatures() {
        return protocolFeatures;
    }

    /** Protocol features that the back-end offered. */
    public long protocolOffered() {
        return protocolOffered;
    }

    /**
     * Everything before memory: features, protocol features, ownership.
     *
     * @param wanted device features; those that are not offered are left out
     * @return what was accepted
     */
    public long negotiate(long wanted) {
        wantedFeatures = wanted;
        protocolFeatures = 0;
        long offered = ask(new Request.Plain(RequestType.GET_FEATURES));
        features = offered & wanted & ~BackEndConfig.PROTOCOL_FEATURES;
        long acked = features;
        if ((offered & BackEndConfig.PROTOCOL_FEATURES) != 0) {
            protocolOffered = ask(new Request.Plain(RequestType.GET_PROTOCOL_FEATURES));
            protocolFeatures = protocolOffered & wantedProtocol;
            send(new Request.Number(RequestType.SET_PROTOCOL_FEATURES, protocolFeatures), false);
            acked |= BackEndConfig.PROTOCOL_FEATURES;
        }
        tell(new Request.Plain(RequestType.SET_OWNER));
        tell(new Request.Number(RequestType.SET_FEATURES, acked));
        return features;
    }

    /** All of the guest's memory as a table; what was announced before is replaced. It stays the caller's. */
    public void memory(GuestRam... all) {
        List<Request.MemoryRegion> regions = new ArrayList<>();
        int[] fds = new int[all.length];
        for (int i = 0; i < all.length; i++) {
            regions.add(all[i].region());
            fds[i] = all[i].fd();
        }
        tell(new Request.MemoryTable(regions), fds);
        memory.clear();
        memory.addAll(List.of(all));
    }

    /** One region more. */
    public void add(GuestRam ram) {
        tell(new Request.MemorySlot(RequestType.ADD_MEM_REG, ram.region()), ram.fd());
        memory.add(ram);
    }

    /** One region less; the caller closes it. */
    public void remove(GuestRam ram) {
        tell(new Request.MemorySlot(RequestType.REM_MEM_REG, ram.region()));
        memory.remove(ram);
    }

    /** Announces a ring with eventfds of its own and enables it; it runs when this returns. */
    public FrontEndRing start(int index, QueueConfig config) {
        FrontEndRing ring = rings[index] == null ? new FrontEndRing(index) : rings[index];
        rings[index] = ring;
        ring.config = config;
        ring.enabled = true;
        tell(ring);
        return ring;
    }

    private void tell(FrontEndRing ring) {
        int index = ring.index;
        QueueConfig config = ring.config;
        tell(new Request.VringState(RequestType.SET_VRING_NUM, index, config.size()));
        tell(new Request.VringState(RequestType.SET_VRING_BASE, index, config.nextAvail()));
        tell(new Request.VringAddress(index, 0, config.descriptorUser(), config.usedUser(), config.availUser(), 0));
        tell(new Request.VringFd(RequestType.SET_VRING_KICK, index, true), ring.kickFd);
        tell(new Request.VringFd(RequestType.SET_VRING_CALL, index, true), ring.callFd);
        tell(new Request.VringState(RequestType.SET_VRING_ENABLE, index, ring.enabled ? 1 : 0));
        ring.started = true;
        // "For compatibility with back-ends that implemented the start on kick behavior".
        ring.kick();
    }

    /** Enables or disables a ring that was started. */
    public void enable(int index, boolean enabled) {
        tell(new Request.VringState(RequestType.SET_VRING_ENABLE, index, enabled ? 1 : 0));
        rings[index].enabled = enabled;
    }

    /** Stops a ring. @return its position, to go on with: an index, or the 32-bit word of a packed ring */
    public int stop(int index) {
        long state = ask(new Request.VringState(RequestType.GET_VRING_BASE, index, 0));
        int position = (int) (state >>> Integer.SIZE);
        FrontEndRing ring = rings[index];
        if (ring != null) {
            ring.config = at(ring.config, position);
            ring.started = false;
        }
        return position;
    }

    /** The ring that was started with this index, or null. */
    public FrontEndRing ring(int index) {
        return rings[index];
    }

    /** SET_STATUS; only where it was negotiated. */
    public void status(int status) {
        tell(new Request.Number(RequestType.SET_STATUS, status));
    }

    /**
     * Hangs up, waits for the next back-end and tells it all that the last one knew. Split rings go on where the used
     * index stands, as QEMU has them; packed rings where they were started.
     */
    public void reconnect() {
        int[] positions = new int[rings.length];
        for (FrontEndRing ring : rings) {
            if (ring != null && ring.started) {
                boolean packed = (ring.config.features() & PACKED) != 0;
                positions[ring.index] = packed ? ring.config.nextAvail() : usedIndex(ring.config.usedUser());
            }
        }
        reconnect(positions);
    }

    /** As {@link #reconnect()}, with the position of each ring that runs. */
    public void reconnect(int[] positions) {
        wire.hangUp();
        await();
        negotiate(wantedFeatures);
        if (!memory.isEmpty()) {
            memory(memory.toArray(new GuestRam[0]));
        }
        for (FrontEndRing ring : rings) {
            if (ring != null && ring.started) {
                ring.config = at(ring.config, positions[ring.index]);
                tell(ring);
            }
        }
    }

    private static QueueConfig at(QueueConfig config, int position) {
        return new QueueConfig(config.size(), config.descriptorUser(), config.availUser(), config.usedUser(), position,
                config.features());
    }

    private int usedIndex(long usedUser) {
        List<GuestMemory.Mapping> mappings = new ArrayList<>();
        for (GuestRam ram : memory) {
            mappings.add(ram.mapping());
        }
        GuestMemory guest = new GuestMemory(mappings);
        int region = guest.findUser(usedUser, USED_INDEX + Short.BYTES);
        return guest.region(region).u16Acquire(usedUser - guest.userStart(region) + USED_INDEX);
    }

    /**
     * Sends a request that has an answer of its own.
     *
     * @return the first 8 bytes of the answer's payload, 0 when it has none; {@link #replyFd} has what came along
     */
    public long ask(Request request, int... fds) {
        send(request, false, fds);
        return answer(request);
    }

    /** Sends a request and, where that is negotiated, waits for the acknowledgement. */
    public void tell(Request request, int... fds) {
        boolean acknowledged = (protocolFeatures & BackEndConfig.REPLY_ACK) != 0;
        send(request, acknowledged, fds);
        if (acknowledged) {
            long failure = answer(request);
            if (failure != 0) {
                throw new IllegalStateException(name + " refuses " + request + ": " + failure);
            }
        }
    }

    /** Sends a request without waiting for anything. */
    public void send(Request request, boolean needReply, int... fds) {
        VhostCodec.encode(request, needReply, wire.message);
        if (!wire.send(patienceNs, fds)) {
            throw new IllegalStateException(name + " hung up before " + request);
        }
    }

    /** Sends any bytes, to misbehave: at most {@link VhostCodec#MAX_MESSAGE} of them. */
    public void sendBytes(byte[] bytes, int... fds) {
        wire.message.clear().put(bytes).flip();
        if (!wire.send(patienceNs, fds)) {
            throw new IllegalStateException(name + " hung up");
        }
    }

    /** Waits for an answer. @return the first 8 bytes of its payload, 0 when it is shorter */
    public long answer(Request request) {
        if (!wire.receive(patienceNs)) {
            throw new IllegalStateException(name + " did not answer " + request);
        }
        if (!VhostCodec.isReply(wire.message)) {
            throw new IllegalStateException(name + " answered " + request + " by something that is not a reply");
        }
        return replySize() < Long.BYTES ? 0 : wire.message.order(ByteOrder.LITTLE_ENDIAN).getLong(VhostCodec.HEADER);
    }

    /** Bytes of the last answer's payload. */
    public int replySize() {
        return wire.message.limit() - VhostCodec.HEADER;
    }

    /** A descriptor that came with the last answer, now the caller's; -1 when none did. */
    public int replyFd() {
        return wire.fds.count() == 0 ? -1 : wire.fds.take(0);
    }

    /** Whether the back-end hangs up within {@link #patience}. */
    public boolean hungUp() {
        return wire.hungUp(patienceNs);
    }

    /** Hangs up; memory and rings remain for {@link #reconnect}. */
    public void hangUp() {
        wire.hangUp();
    }

    /** Hangs up and closes the rings' eventfds; memory stays, it is the caller's. */
    @Override
    public void close() {
        wire.close();
        for (FrontEndRing ring : rings) {
            if (ring != null) {
                ring.close();
            }
        }
        if (server) {
            try {
                Files.deleteIfExists(Path.of(name));
            } catch (IOException left) {
                throw new IllegalStateException("socket file not removed: " + left.getMessage(), left);
            }
        }
    }
}
