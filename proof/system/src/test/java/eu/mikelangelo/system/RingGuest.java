package eu.mikelangelo.system;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.frontend.GuestRam;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.SplitRingLayout;
import eu.mikelangelo.virtio.driver.Driver;
import eu.mikelangelo.virtio.driver.DriverLayout;
import java.nio.file.Path;
import java.util.List;

/**
 * A guest's network card and driver without a guest: a vhost-user front-end that connects to a socket of the plane,
 * with a receive and a transmit ring in memory of its own. Honest as long as nobody reaches into its memory. A plane
 * that hangs up is an {@link IllegalStateException}.
 *
 * <p>Frames carry the receiver's and sender's address, a type, a sequence number and their length's worth of nothing.
 * One thread.
 */
final class RingGuest implements AutoCloseable {
    static final int SIZE = 256;
    static final int RECEIVE = 0;
    static final int TRANSMIT = 1;
    static final int BYTES = 2 << 20;
    static final int LEAST = 60;
    private static final int BUFFER_BYTES = 2048;
    /** Buffers of the receive ring, then those of the transmit ring; rings are below. */
    private static final int BUFFERS = BYTES / 4;
    /** The first buffer of the transmit ring. */
    static final long FIRST_BUFFER = BUFFERS + (long) SIZE * BUFFER_BYTES;
    private static final int ETHER_TYPE = 0x88b5;
    private static final int SEQUENCE = NetHeaderLayout.SIZE + 14;
    private static final long USER = 0x7f00_0000_0000L;
    private static final long FEATURES = Features.VERSION_1 | Features.EVENT_IDX | Features.NET_MRG_RXBUF
            | Features.INDIRECT_DESC;
    private static final long PATIENCE_NS = 20_000_000_000L;

    final long mac;
    private final Path path;
    private final HotCalls calls = new HotCalls();
    /** Kicked while there is no ring at the plane. */
    private final int nobody = Fds.eventFd();
    private final DriverLayout[] layouts = new DriverLayout[2];
    private final Driver[] drivers = new Driver[2];
    /** Addresses by buffer of the receive ring; those of free and of busy buffers of the transmit ring. */
    private final long[] received = new long[SIZE];
    private final long[] free = new long[SIZE];
    private final long[] busy = new long[SIZE];
    private int frees;
    private GuestRam memory;
    private GuestMemory view;
    private Region ram;
    private FrontEnd front;
    private long lastSequence;

    /**
     * @param path   where the plane listens
     * @param number of its address
     * @param sealed whether its memory cannot shrink
     */
    RingGuest(Path path, int number, boolean sealed) {
        this.path = path;
        mac = 0x024d_0000_0000L + number;
        layouts[RECEIVE] = DriverLayout.at(0, SIZE, FEATURES, 0);
        layouts[TRANSMIT] = DriverLayout.at(layouts[RECEIVE].end(), SIZE, FEATURES, 0);
        map(sealed);
    }

    private void map(boolean sealed) {
        memory = new GuestRam(0, USER, BYTES, sealed);
        view = new GuestMemory(List.of(memory.mapping()));
        ram = new Region(memory.segment());
        reset();
    }

    /** Other memory, that can shrink. */
    void renewMemory() {
        memory.close();
        map(false);
    }

    /** Takes its memory away, for whoever has it mapped. */
    void shrinkMemory() {
        Fds.truncate(memory.fd(), 0);
    }

    /** Connects, and announces everything with rings as a driver begins with. */
    void start() {
        hangUp();
        front = FrontEnd.connect(path.toString()).patience(PATIENCE_NS);
        front.negotiate(FEATURES);
        reset();
        front.memory(memory);
        startRing(RECEIVE);
        startRing(TRANSMIT);
        // A frame to oneself: the switch learns where this guest is, and nobody else gets it.
        put(mac, 0, LEAST);
        flush();
    }

    void hangUp() {
        if (front != null) {
            front.close();
            front = null;
        }
    }

    /** Both rings as after a driver's start: receive buffers offered, nothing sent. */
    void reset() {
        for (int ring = RECEIVE; ring <= TRANSMIT; ring++) {
            drivers[ring] = Driver.of(view, layouts[ring]);
        }
        for (int i = 0; i < SIZE; i++) {
            long address = BUFFERS + (long) i * BUFFER_BYTES;
            received[drivers[RECEIVE].post(address, BUFFER_BYTES, true)] = address;
            free[i] = FIRST_BUFFER + (long) i * BUFFER_BYTES;
        }
        frees = SIZE;
        drivers[RECEIVE].publish();
    }

    /** Writes a descriptor of the transmit ring, whatever the driver thinks of it. */
    void describe(int index, long address, int length, int flags, int next) {
        drivers[TRANSMIT].rawDescriptor(layouts[TRANSMIT].descriptors(), index, address, length, flags, next);
    }

    /** Announces a ring from index 0 on; it runs when this returns. */
    void startRing(int ring) {
        front.start(ring, layouts[ring].config(view, 0));
    }

    /** The transmit ring as at its beginning, with all of its descriptors available. */
    void rewind() {
        DriverLayout at = layouts[TRANSMIT];
        for (int i = 0; i < SIZE; i++) {
            drivers[TRANSMIT].poke16(at.driverArea() + SplitRingLayout.AVAIL_RING + 2L * i, i);
        }
        drivers[TRANSMIT].poke16(at.deviceArea() + SplitRingLayout.USED_INDEX, 0);
        drivers[TRANSMIT].poke16(at.driverArea() + SplitRingLayout.AVAIL_INDEX, SIZE);
    }

    /** Frames that may be sent before the plane has taken earlier ones. */
    int room() {
        for (int id = drivers[TRANSMIT].poll(); id != Driver.NONE; id = drivers[TRANSMIT].poll()) {
            if (id != Driver.FOREIGN) {
                free[frees++] = busy[id];
            }
        }
        return frees;
    }

    /** Puts a frame into the ring; to be shown by {@link #flush}. There must be {@link #room}. */
    void put(long target, long sequence, int length) {
        long frame = free[--frees];
        ram.big48(frame + NetHeaderLayout.SIZE, target);
        ram.big48(frame + NetHeaderLayout.SIZE + 6, mac);
        ram.big16(frame + NetHeaderLayout.SIZE + 12, ETHER_TYPE);
        ram.u64(frame + SEQUENCE, sequence);
        busy[drivers[TRANSMIT].post(frame, NetHeaderLayout.SIZE + length, false)] = frame;
    }

    /** Shows what was put. */
    void flush() {
        if (drivers[TRANSMIT].publish() && drivers[TRANSMIT].needsKick()) {
            kick(TRANSMIT);
        }
    }

    void kick(int ring) {
        calls.signal(front == null || front.ring(ring) == null ? nobody : front.ring(ring).kickFd());
    }

    /** Takes the next frame of the receive ring and posts its buffer again. @return false when there is none */
    boolean take() {
        int id = drivers[RECEIVE].poll();
        if (id < 0) {
            return false;
        }
        long buffer = received[id];
        lastSequence = ram.u64(buffer + SEQUENCE);
        received[drivers[RECEIVE].post(buffer, BUFFER_BYTES, true)] = buffer;
        return true;
    }

    /** Of the frame last taken. */
    long sequence() {
        return lastSequence;
    }

    /** Shows the plane the buffers of what was taken. */
    void offer() {
        if (drivers[RECEIVE].publish() && drivers[RECEIVE].needsKick()) {
            kick(RECEIVE);
        }
    }

    @Override
    public void close() {
        hangUp();
        Fds.close(nobody);
        memory.close();
    }
}
