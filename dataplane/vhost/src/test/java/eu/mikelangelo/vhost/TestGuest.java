package eu.mikelangelo.vhost;

import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.frontend.FrontEndRing;
import eu.mikelangelo.vhost.frontend.GuestRam;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.QueueConfig;
import java.util.List;

/** A guest of 1 MiB behind a {@link FrontEnd}, with rings at fixed places, that always asks for acknowledgement. */
final class TestGuest implements AutoCloseable {
    /** What most tests negotiate: split rings. */
    static final long SPLIT = Features.NET_OFFERED & ~Ring.PACKED;
    static final long USER = 0x7f00_0000_0000L;
    static final long MEMORY = 1 << 20;
    static final int SIZE = 256;
    private static final long RING_ROOM = 0x8000;

    final FrontEnd front;
    final GuestRam ram;

    TestGuest(FrontEnd front) {
        this(front, true);
    }

    TestGuest(FrontEnd front, boolean sealed) {
        this.front = front;
        ram = new GuestRam(0, USER, MEMORY, sealed);
    }

    static Request.MemoryTable oneRegion(long size) {
        return new Request.MemoryTable(List.of(new Request.MemoryRegion(0, size, USER, 0)));
    }

    static QueueConfig config(int index, int base, long features) {
        long start = USER + 0x10000 + RING_ROOM * index;
        return new QueueConfig(SIZE, start, start + 0x2000, start + 0x3000, base, features);
    }

    static Request.VringAddress address(int index) {
        QueueConfig config = config(index, 0, 0);
        return new Request.VringAddress(index, 0, config.descriptorUser(), config.usedUser(), config.availUser(), 0);
    }

    static Request.VringState state(RequestType type, int index, int value) {
        return new Request.VringState(type, index, value);
    }

    static Request.VringFd kick(int index) {
        return new Request.VringFd(RequestType.SET_VRING_KICK, index, true);
    }

    /** Sends a message without waiting for an answer. */
    void send(Request request, boolean needReply, int... fds) {
        front.send(request, needReply, fds);
    }

    /** Sends a message that has an answer or asks for one, and returns the answer's first 8 payload bytes. */
    long ask(Request request, int... fds) {
        front.send(request, true, fds);
        return front.answer(request);
    }

    /** Sends a message that must be acknowledged as done. */
    void tell(Request request, int... fds) {
        long failure = ask(request, fds);
        if (failure != 0) {
            throw new AssertionError("refused: " + failure);
        }
    }

    boolean hungUp() {
        return front.hungUp();
    }

    /** Features, memory: everything before the rings. */
    void negotiate() {
        negotiate(SPLIT);
    }

    void negotiate(long wanted) {
        long acked = front.negotiate(wanted);
        if (acked != wanted) {
            throw new AssertionError("offered 0x" + Long.toHexString(acked));
        }
        front.memory(ram);
    }

    FrontEndRing ring(int index, int base) {
        return front.start(index, config(index, base, front.features()));
    }

    /** The whole handshake of a network device with two rings. */
    void handshake() {
        negotiate();
        ring(0, 0);
        ring(1, 0);
    }

    @Override
    public void close() {
        front.close();
        ram.close();
    }
}
