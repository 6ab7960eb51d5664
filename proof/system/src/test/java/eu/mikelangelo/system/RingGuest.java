package eu.mikelangelo.system;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.FdList;
import eu.mikelangelo.linux.FdSocket;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.linux.UnixSockets;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.vhost.RequestType;
import eu.mikelangelo.vhost.VhostCodec;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.SplitRingLayout;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.LockSupport;

/**
 * A guest's network card and driver without a guest: a vhost-user front-end that connects to a socket of the plane,
 * with a receive and a transmit ring in memory of its own. Honest as long as nobody reaches into its memory.
 *
 * <p>Frames carry the receiver's and sender's address, a type, a sequence number and their length's worth of nothing.
 * One thread.
 */
final class RingGuest implements AutoCloseable {
    static final int SIZE = 256;
    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;
    static final int BYTES = 2 << 20;
    /** Parts of a ring, from its beginning on; the second ring is in the second half of the memory. */
    static final int AVAIL = 0x2000;
    static final int USED = 0x3000;
    static final int BUFFERS = 0x8000;
    static final int BUFFER_BYTES = 2048;
    static final int RING_BYTES = BYTES / 2;
    static final int LEAST = 60;
    private static final int ETHER_TYPE = 0x88b5;
    private static final int SEQUENCE = NetHeaderLayout.SIZE + 14;
    private static final long USER = 0x7f00_0000_0000L;
    private static final long FEATURES = Features.VERSION_1 | Features.EVENT_IDX | Features.NET_MRG_RXBUF
            | Features.INDIRECT_DESC;
    private static final long PAUSE_NS = 20_000;
    private static final long PATIENCE_NS = 20_000_000_000L;

    Region ram;
    final long mac;
    private int memory;
    final int[] kicks = {Fds.eventFd(), Fds.eventFd()};
    private final int[] calls = {Fds.eventFd(), Fds.eventFd()};
    private final Path path;
    private final Arena arena = Arena.ofShared();
    private Arena mapping;
    private final FdSocket io = new FdSocket();
    private final HotCalls hot = new HotCalls();
    private final MemorySegment bytes = arena.allocate(VhostCodec.MAX_MESSAGE, 8);
    private final ByteBuffer message = bytes.asByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    private int socket = -1;
    private int sent;
    private int kicked;
    private int reclaimed;
    private int received;
    private int offered;
    private int shown;
    private long lastSequence;

    /**
     * @param path   where the plane listens
     * @param number of its address
     * @param sealed whether its memory cannot shrink
     */
    RingGuest(Path path, int number, boolean sealed) {
        this.path = path;
        mac = 0x024d_0000_0000L + number;
        map(sealed);
    }

    private void map(boolean sealed) {
        memory = Fds.memFd("guest", BYTES);
        if (sealed) {
            Fds.addSeals(memory, Fds.F_SEAL_SHRINK);
        }
        mapping = Arena.ofShared();
        ram = new Region(Mappings.shared(memory, 0, BYTES, mapping));
    }

    /** Other memory, that can shrink. */
    void renewMemory() {
        mapping.close();
        Fds.close(memory);
        map(false);
    }

    /** Takes its memory away, for whoever has it mapped. */
    void shrinkMemory() {
        Fds.truncate(memory, 0);
    }

    /** Connects, and announces everything with rings as a driver begins with. */
    void start() throws InterruptedException, IOException {
        connect();
        reset();
        announceMemory();
        startRing(RECEIVE);
        startRing(TRANSMIT);
        settle();
        // A frame to oneself: the switch learns where this guest is, and nobody else gets it.
        put(mac, 0, LEAST);
        flush();
    }

    /** Connects anew and says what comes before memory. */
    void connect() throws InterruptedException, IOException {
        hangUp();
        long deadline = System.nanoTime() + PATIENCE_NS;
        while (socket < 0) {
            socket = UnixSockets.connect(path.toString());
            if (socket < 0) {
                check(System.nanoTime() < deadline, "no plane listens: " + Errno.name(-socket));
                Thread.sleep(1);
            }
        }
        settle();
        send(new Request.Plain(RequestType.SET_OWNER));
        send(new Request.Number(RequestType.SET_FEATURES, FEATURES));
    }

    void hangUp() {
        Fds.close(socket);
        socket = -1;
    }

    /** Both rings as after a driver's start: receive buffers offered, nothing sent. */
    void reset() {
        for (int ring = RECEIVE; ring <= TRANSMIT; ring++) {
            int at = RING_BYTES * ring;
            for (int i = 0; i < SIZE; i++) {
                describe(ring, i, at + BUFFERS + (long) BUFFER_BYTES * i, BUFFER_BYTES,
                        ring == RECEIVE ? SplitRingLayout.FLAG_WRITE : 0, 0);
                ram.u16(at + AVAIL + SplitRingLayout.AVAIL_RING + 2L * i, i);
            }
            ram.u16(at + USED + SplitRingLayout.USED_INDEX, 0);
            ram.u16Release(at + AVAIL + SplitRingLayout.AVAIL_INDEX, ring == RECEIVE ? SIZE : 0);
        }
        sent = 0;
        kicked = 0;
        reclaimed = 0;
        received = 0;
        offered = SIZE;
        shown = SIZE;
    }

    /** Writes a descriptor. */
    void describe(int ring, int index, long address, int length, int flags, int next) {
        long at = (long) RING_BYTES * ring + (long) SplitRingLayout.DESCRIPTOR_SIZE * index;
        ram.u64(at + SplitRingLayout.DESCRIPTOR_ADDRESS, address);
        ram.u64(at + SplitRingLayout.DESCRIPTOR_LENGTH, (long) next << 48 | (long) flags << 32 | length);
    }

    void announceMemory() throws IOException {
        send(new Request.MemoryTable(List.of(new Request.MemoryRegion(0, BYTES, USER, 0))), memory);
    }

    /** Announces a ring from index 0 on. */
    void startRing(int ring) throws IOException {
        long at = USER + (long) RING_BYTES * ring;
        send(new Request.VringState(RequestType.SET_VRING_NUM, ring, SIZE));
        send(new Request.VringState(RequestType.SET_VRING_BASE, ring, 0));
        send(new Request.VringAddress(ring, 0, at, at + USED, at + AVAIL, 0));
        send(new Request.VringFd(RequestType.SET_VRING_CALL, ring, true), calls[ring]);
        send(new Request.VringFd(RequestType.SET_VRING_KICK, ring, true), kicks[ring]);
    }

    /** Waits until the plane has done all that it was told. */
    void settle() throws IOException {
        send(new Request.Plain(RequestType.GET_FEATURES));
        long deadline = System.nanoTime() + PATIENCE_NS;
        FdList none = new FdList(1);
        int got = io.receive(socket, bytes, 0, VhostCodec.MAX_MESSAGE, none);
        while (got == -Errno.EAGAIN) {
            check(System.nanoTime() < deadline, "the plane does not answer");
            LockSupport.parkNanos(PAUSE_NS);
            got = io.receive(socket, bytes, 0, VhostCodec.MAX_MESSAGE, none);
        }
        check(got > 0, "the plane hung up");
    }

    private void send(Request request, int... fds) throws IOException {
        VhostCodec.encode(request, false, message);
        int length = message.limit();
        long deadline = System.nanoTime() + PATIENCE_NS;
        int done = io.send(socket, bytes, 0, length, fds, fds.length);
        while (done == -Errno.EAGAIN) {
            check(System.nanoTime() < deadline, "the plane does not read");
            LockSupport.parkNanos(PAUSE_NS);
            done = io.send(socket, bytes, 0, length, fds, fds.length);
        }
        check(done == length, "the plane hung up");
    }

    private static void check(boolean well, String otherwise) throws IOException {
        if (!well) {
            throw new IOException(otherwise);
        }
    }

    /** The transmit ring as at its beginning, with all of its descriptors available. */
    void rewind() {
        ram.u16(RING_BYTES + USED + SplitRingLayout.USED_INDEX, 0);
        ram.u16Release(RING_BYTES + AVAIL + SplitRingLayout.AVAIL_INDEX, SIZE);
    }

    /** Frames that may be sent before the plane has taken earlier ones. */
    int room() {
        int used = ram.u16Acquire(RING_BYTES + USED + SplitRingLayout.USED_INDEX);
        reclaimed += used - reclaimed & 0xffff;
        return SIZE - (sent - reclaimed);
    }

    /** Puts a frame into the ring; to be shown by {@link #flush}. There must be {@link #room}. */
    void put(long target, long sequence, int length) {
        int slot = sent & SIZE - 1;
        long frame = (long) RING_BYTES + BUFFERS + (long) BUFFER_BYTES * slot;
        ram.big48(frame + NetHeaderLayout.SIZE, target);
        ram.big48(frame + NetHeaderLayout.SIZE + 6, mac);
        ram.big16(frame + NetHeaderLayout.SIZE + 12, ETHER_TYPE);
        ram.u64(frame + SEQUENCE, sequence);
        describe(TRANSMIT, slot, frame, NetHeaderLayout.SIZE + length, 0, 0);
        sent++;
    }

    /** Shows what was put. */
    void flush() {
        ram.u16Release(RING_BYTES + AVAIL + SplitRingLayout.AVAIL_INDEX, sent & 0xffff);
        if (wanted(TRANSMIT, sent, kicked)) {
            kick(TRANSMIT);
        }
        kicked = sent;
    }

    void kick(int ring) {
        hot.signal(kicks[ring]);
    }

    /** Takes the next frame of the receive ring and offers its buffer again. @return false when there is none */
    boolean take() {
        int used = ram.u16Acquire(USED + SplitRingLayout.USED_INDEX);
        if ((used - received & 0xffff) == 0) {
            return false;
        }
        long entry = USED + SplitRingLayout.USED_RING + (long) SplitRingLayout.USED_ENTRY_SIZE
                * (received & SIZE - 1);
        int slot = ram.u32(entry);
        lastSequence = ram.u64(BUFFERS + (long) BUFFER_BYTES * slot + SEQUENCE);
        received++;
        ram.u16(AVAIL + SplitRingLayout.AVAIL_RING + 2L * (offered & SIZE - 1), slot);
        offered++;
        return true;
    }

    /** Of the frame last taken. */
    long sequence() {
        return lastSequence;
    }

    /** Shows the plane the buffers of what was taken. */
    void offer() {
        ram.u16Release(AVAIL + SplitRingLayout.AVAIL_INDEX, offered & 0xffff);
        if (wanted(RECEIVE, offered, shown)) {
            kick(RECEIVE);
        }
        shown = offered;
    }

    /** Whether the plane wants a kick for what was made available since then (VIRTIO 1.3 section 2.7.10). */
    private boolean wanted(int ring, int available, int before) {
        VarHandle.fullFence();
        int event = ram.u16Opaque((long) RING_BYTES * ring + USED + SplitRingLayout.availEvent(SIZE));
        return (available - event - 1 & 0xffff) < (available - before & 0xffff);
    }

    @Override
    public void close() {
        hangUp();
        for (int fd : new int[] {memory, kicks[0], kicks[1], calls[0], calls[1]}) {
            Fds.close(fd);
        }
        arena.close();
        mapping.close();
    }
}
