package eu.mikelangelo.vhost;

import eu.mikelangelo.memory.GuestMemory;
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
    /** What stopRing answers: as if so many buffers had been taken. */
    int taken;

    @Override
    public void features(long acked) {
        quiet("features");
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
        require(memory.findUser(config.descriptorUser(), 16L * config.size()) >= 0, "descriptors outside the memory");
        require(memory.findUser(config.availUser(), 6 + 2L * config.size()) >= 0, "available ring outside");
        require(memory.findUser(config.usedUser(), 6 + 8L * config.size()) >= 0, "used ring outside");
        require(kickFd >= 0 && callFd >= -1, "descriptors");
        running[index] = config;
        kickFds[index] = kickFd;
        callFds[index] = callFd;
        log.add("start " + index + " size " + config.size() + " base " + config.nextAvail());
    }

    @Override
    public int stopRing(int index) {
        require(running[index] != null, "stop of a stopped ring");
        int next = running[index].nextAvail() + taken & 0xffff;
        running[index] = null;
        log.add("stop " + index);
        return next;
    }

    @Override
    public void disconnected() {
        quiet("disconnected");
        require(memory.regions() == 0, "disconnected with memory");
        log.add("disconnected");
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
