package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.vhost.inflight.InflightRegion;
import eu.mikelangelo.virtio.QueueConfig;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;

/** Records calls and fails the test when the session breaks a promise of {@link BackendHandler}. */
final class RecordingHandler implements BackendHandler {
    final List<String> log = new CopyOnWriteArrayList<>();
    final QueueConfig[] running = new QueueConfig[2 * BackEndConfig.MAX_QUEUE_PAIRS];
    final int[] kickFds = new int[running.length];
    final int[] callFds = new int[running.length];
    GuestMemory memory = GuestMemory.EMPTY;
    InflightRegion inflight = InflightRegion.NONE;
    private long features;
    /** What stopRing answers: as if so many buffers had been taken. */
    int taken;
    /** The same for a packed ring. */
    int packedNext = 0x8000_8000;

    @Override
    public void features(long acked) {
        quiet("features");
        features = acked;
        log.add("features 0x" + Long.toHexString(acked));
    }

    @Override
    public void memory(GuestMemory next) {
        quiet("memory");
        memory = next;
        log.add("memory " + next.regions());
    }

    @Override
    public void startRing(int index, QueueConfig config, int kickFd, int callFd) {
        require(running[index] == null, "start of a running ring");
        boolean packed = (config.features() & Ring.PACKED) != 0;
        int size = config.size();
        require(memory.findUser(config.descriptorUser(), 16L * size) >= 0, "descriptors outside the memory");
        require(memory.findUser(config.availUser(), packed ? 4 : 6 + 2L * size) >= 0, "available ring outside");
        require(memory.findUser(config.usedUser(), packed ? 4 : 6 + 8L * size) >= 0, "used ring outside");
        require(config.features() == features, "features that were not accepted");
        require(kickFd >= 0 && callFd >= -1, "descriptors");
        running[index] = config;
        kickFds[index] = kickFd;
        callFds[index] = callFd;
        log.add("start " + index + " size " + config.size() + " base " + config.nextAvail());
    }

    @Override
    public int stopRing(int index) {
        require(running[index] != null, "stop of a stopped ring");
        boolean packed = (running[index].features() & Ring.PACKED) != 0;
        int next = packed ? packedNext : running[index].nextAvail() + taken & 0xffff;
        running[index] = null;
        log.add("stop " + index);
        return next;
    }

    @Override
    public void inflight(InflightRegion region) {
        quiet("inflight");
        inflight = region;
        log.add("inflight " + region.queues());
    }

    @Override
    public void announce(long macAddress) {
        log.add("announce " + Long.toHexString(macAddress));
    }

    @Override
    public void mtu(int bytes) {
        require(bytes >= 68 && bytes <= 65_535, "mtu");
        log.add("mtu " + bytes);
    }

    @Override
    public void disconnected() {
        quiet("disconnected");
        require(memory.regions() == 0, "disconnected with memory");
        require(inflight == InflightRegion.NONE, "disconnected with an in-flight region");
        log.add("disconnected");
    }

    int runningRings() {
        int count = 0;
        for (QueueConfig ring : running) {
            count += ring == null ? 0 : 1;
        }
        return count;
    }

    private void quiet(String what) {
        for (QueueConfig ring : running) {
            require(ring == null, what + " while a ring runs");
        }
    }

    private static void require(boolean holds, String what) {
        if (!holds) {
            throw new AssertionError(what);
        }
    }
}
