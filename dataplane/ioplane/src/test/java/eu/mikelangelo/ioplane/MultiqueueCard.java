package eu.mikelangelo.ioplane;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.vhost.Request;
import eu.mikelangelo.virtio.Features;
import eu.mikelangelo.virtio.mock.MockDriver;
import eu.mikelangelo.virtio.mock.MockGuest;
import eu.mikelangelo.virtio.mock.MockNic;
import eu.mikelangelo.virtio.QueueConfig;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;

/** A guest with one card of several queue pairs, behind a front-end. One thread. */
final class MultiqueueCard implements AutoCloseable {
    static final int RING = 256;
    private static final int BUFFER = 2048;
    private static final long FEATURES = CoreBench.FEATURES | Features.NET_MQ;

    final FrontEnd front;
    private final Arena arena = Arena.ofShared();
    private final int file;
    private final MemorySegment backing;
    private final List<MockNic> nics = new ArrayList<>();

    /** Negotiates, with no ring started. */
    MultiqueueCard(FrontEnd front, int pairs) {
        this.front = front;
        long size = pairs * MockNic.memoryBytes(RING, BUFFER) + MockGuest.OVERHEAD + 4095 & -4096;
        file = Fds.memFd("guest", size);
        Fds.addSeals(file, Fds.F_SEAL_SHRINK);
        backing = Mappings.shared(file, 0, size, arena);
        MockGuest guest = new MockGuest(backing);
        for (int i = 0; i < pairs; i++) {
            nics.add(new MockNic(guest, RING, BUFFER, CoreBench.FEATURES));
            nics.get(i).refill(RING);
        }
        negotiate();
    }

    private void negotiate() {
        front.negotiate(FEATURES);
        GuestMemory memory = nics.getFirst().guest().memory();
        List<Request.MemoryRegion> regions = new ArrayList<>();
        for (int i = 0; i < memory.regions(); i++) {
            regions.add(new Request.MemoryRegion(memory.guestStart(i), memory.region(i).size(), memory.userStart(i),
                    memory.region(i).segment().address() - backing.address()));
        }
        front.tell(new Request.MemoryTable(regions), file, file, file);
    }

    long features() {
        return front.features();
    }

    int pairs() {
        return nics.size();
    }

    MockNic nic(int pair) {
        return nics.get(pair);
    }

    /** Starts both rings of a pair where the back-end left them. */
    void start(int pair) {
        start(2 * pair, nics.get(pair).receiver());
        start(2 * pair + 1, nics.get(pair).transmitter());
    }

    private void start(int index, MockDriver driver) {
        QueueConfig config = front.ring(index) == null ? driver.config() : front.ring(index).config();
        front.start(index, new QueueConfig(config.size(), config.descriptorUser(), config.availUser(),
                config.usedUser(), config.nextAvail(), CoreBench.FEATURES));
    }

    /** Hangs up, comes again and starts what was started, where its used index stands. */
    void reconnect() {
        front.hangUp();
        front.await();
        negotiate();
        for (int pair = 0; pair < nics.size(); pair++) {
            if (front.ring(2 * pair) != null) {
                start(pair);
            }
        }
    }

    /** @return false when the ring is full */
    boolean send(int pair, byte[] frame) {
        boolean sent = nics.get(pair).send(frame);
        if (nics.get(pair).transmitter().needsKick()) {
            front.ring(2 * pair + 1).kick();
        }
        return sent;
    }

    void refill(int pair) {
        nics.get(pair).refill(RING);
        if (nics.get(pair).receiver().needsKick() && front.ring(2 * pair) != null) {
            front.ring(2 * pair).kick();
        }
    }

    @Override
    public void close() {
        front.close();
        Fds.close(file);
        arena.close();
    }
}
