package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.inflight.InflightRegion;
import eu.mikelangelo.virtio.QueueConfig;

/** Throws when the session breaks a promise of {@link BackendHandler}; touches what it was given. */
final class CheckingHandler implements BackendHandler {
    final QueueConfig[] running = new QueueConfig[2 * BackEndConfig.MAX_QUEUE_PAIRS];
    /** Where the ring of a stop goes on. */
    int position;
    /** A configuration that the queue cannot be served with, every so many. */
    int refuseEvery;
    long starts;
    private final PeerFiles files;
    private GuestMemory memory = GuestMemory.EMPTY;
    private InflightRegion inflight = InflightRegion.NONE;
    private long features;
    private boolean busy;
    private boolean over;

    CheckingHandler(PeerFiles files) {
        this.files = files;
    }

    @Override
    public void features(long acked) {
        quiet("features");
        require((acked & BackEndConfig.PROTOCOL_FEATURES) == 0, "a bit of the protocol's");
        features = acked;
    }

    @Override
    public void memory(GuestMemory next) {
        quiet("memory");
        // The old one is there until we return.
        touch(memory);
        touch(next);
        memory = next;
    }

    private static void touch(GuestMemory table) {
        for (int i = 0; i < table.regions(); i++) {
            table.region(i).u8(table.region(i).size() - 1);
        }
    }

    @Override
    public void startRing(int index, QueueConfig config, int kickFd, int callFd) {
        enter();
        require(running[index] == null, "start of a running ring");
        require(config.features() == features, "features that were not accepted");
        boolean packed = (features & Ring.PACKED) != 0;
        int size = config.size();
        place("descriptors", config.descriptorUser(), 16L * size, 16);
        place("driver area", config.availUser(), packed ? 4 : 6 + 2L * size, packed ? 4 : 2);
        place("device area", config.usedUser(), packed ? 4 : 6 + 8L * size, 4);
        require(size >= 1 && size <= Ring.MAX_SIZE && (packed || Integer.bitCount(size) == 1), "size " + size);
        int next = config.nextAvail();
        require(packed ? (next & 0x7fff) < size && (next >>> 16 & 0x7fff) < size : next >>> 16 == 0, "position");
        require(files.prepareEventFd(kickFd) && (callFd == -1 || files.prepareEventFd(callFd)), "descriptors");
        busy = false;
        starts++;
        if (refuseEvery > 0 && starts % refuseEvery == 0) {
            throw new IllegalArgumentException("refused by the device");
        }
        running[index] = config;
    }

    private void place(String what, long user, long length, int alignment) {
        int region = memory.findUser(user, length);
        require(region >= 0, what + " outside the memory");
        long offset = user - memory.userStart(region);
        require((memory.region(region).segment().address() + offset) % alignment == 0, what + " not aligned");
        memory.region(region).u8(offset + length - 1);
    }

    @Override
    public int stopRing(int index) {
        enter();
        QueueConfig config = running[index];
        require(config != null, "stop of a stopped ring");
        place("descriptors", config.descriptorUser(), 16, 1);
        running[index] = null;
        busy = false;
        boolean packed = (config.features() & Ring.PACKED) != 0;
        return packed ? config.nextAvail() : config.nextAvail() + position & 0xffff;
    }

    @Override
    public void inflight(InflightRegion region) {
        quiet("inflight");
        touch(inflight);
        touch(region);
        for (int i = 0; i < region.queues(); i++) {
            require(region.part(i).u16(8) == 1 && region.part(i).u16(10) == region.entries(), "in-flight version");
        }
        inflight = region;
    }

    private static void touch(InflightRegion region) {
        for (int i = 0; i < region.queues(); i++) {
            region.part(i).u8(region.part(i).size() - 1);
        }
    }

    @Override
    public void announce(long macAddress) {
        require(macAddress >>> 48 == 0, "address");
    }

    @Override
    public void mtu(int bytes) {
        require(bytes >= 68 && bytes <= 65_535, "mtu");
    }

    @Override
    public void disconnected() {
        quiet("disconnected");
        require(memory.regions() == 0, "disconnected with memory");
        require(inflight == InflightRegion.NONE, "disconnected with an in-flight region");
        over = true;
    }

    private void quiet(String what) {
        enter();
        for (QueueConfig ring : running) {
            require(ring == null, what + " while a ring runs");
        }
        busy = false;
    }

    private void enter() {
        require(!busy, "a call inside a call");
        require(!over, "a call after the end");
        busy = true;
    }

    boolean isOver() {
        return over;
    }

    static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
