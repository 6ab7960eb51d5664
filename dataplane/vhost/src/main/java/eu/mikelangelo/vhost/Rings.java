package eu.mikelangelo.vhost;

import eu.mikelangelo.linux.FdList;

/**
 * The rings of a session and the one rule of theirs: a ring runs exactly while it has memory, a size, addresses, a
 * kick descriptor and is enabled; whatever changes what a running ring depends on stops it first and starts it
 * afterwards. Belongs to its session's thread.
 */
final class Rings {
    private static final int VRING_LOG = 1;

    private final BackendHandler handler;
    private final PeerFiles files;
    private final Ring[] rings;
    private MappedTable table = MappedTable.EMPTY;
    private long features;

    Rings(int count, BackendHandler handler, PeerFiles files) {
        this.handler = handler;
        this.files = files;
        rings = new Ring[count];
        for (int i = 0; i < count; i++) {
            rings[i] = new Ring();
        }
    }

    int count() {
        return rings.length;
    }

    int running() {
        int running = 0;
        for (Ring ring : rings) {
            running += ring.running ? 1 : 0;
        }
        return running;
    }

    boolean packed() {
        return (features & Ring.PACKED) != 0;
    }

    MappedTable table() {
        return table;
    }

    /** @param enableAll there is no SET_VRING_ENABLE: "the back-end must enable all rings immediately" */
    Verdict features(long acked, boolean enableAll) {
        stopAll();
        features = acked;
        handler.features(acked);
        for (Ring ring : rings) {
            ring.enabled |= enableAll;
        }
        return startAll();
    }

    /** Another table. @param slotwise it differs by one region; rings without their memory wait for the next one */
    Verdict memory(MappedTable next, boolean slotwise) {
        stopAll();
        swap(next);
        for (Ring ring : rings) {
            ring.awaitsMemory = slotwise;
        }
        return startAll();
    }

    private void swap(MappedTable next) {
        MappedTable old = table;
        table = next;
        handler.memory(next.memory());
        // When nobody can touch it any more.
        old.closeAllBut(next);
    }

    /** Another region for what is in flight; the old one is unmapped whatever becomes of the rings. */
    Verdict inflight(InflightArea old, InflightArea next) {
        stopAll();
        handler.inflight(next.region());
        old.close();
        return startAll();
    }

    /**
     * SET_VRING_NUM, _BASE or _ENABLE. QEMU says _ENABLE before SET_FEATURES; what it asked before counts.
     *
     * @param index of a ring that exists
     */
    Verdict change(RequestType type, int index, int value) {
        Ring ring = rings[index];
        switch (type) {
            case SET_VRING_NUM -> {
                // DPDK's virtio-user says 0 of rings that its application has not set up.
                if (value < 0 || value > Ring.MAX_SIZE) {
                    return Verdict.broken("ring " + index + " of " + Integer.toUnsignedString(value) + " entries");
                }
                stop(index);
                ring.size = value;
            }
            case SET_VRING_BASE -> {
                stop(index);
                ring.base = value;
            }
            case SET_VRING_ENABLE -> {
                if (value < 0 || value > 1) {
                    return Verdict.broken("SET_VRING_ENABLE " + Integer.toUnsignedString(value));
                }
                if (value == 0) {
                    stop(index);
                }
                ring.enabled = value == 1;
            }
            default -> throw new AssertionError(type);
        }
        return start(index);
    }

    /** GET_VRING_BASE: the ring rests until it gets a kick descriptor again. @return its position */
    int halt(int index) {
        stop(index);
        Ring ring = rings[index];
        files.close(ring.kickFd);
        ring.kickFd = -1;
        return ring.base;
    }

    Verdict address(Request.VringAddress address) {
        int index = address.index();
        if ((address.flags() & VRING_LOG) != 0) {
            return Verdict.broken("SET_VRING_ADDR asks to log writes, which was not offered");
        }
        Ring ring = rings[index];
        stop(index);
        ring.descriptorUser = address.descriptor();
        ring.availUser = address.available();
        ring.usedUser = address.used();
        ring.hasAddress = true;
        ring.awaitsMemory = false;
        return start(index);
    }

    Verdict descriptor(Request.VringFd request, FdList fds) {
        int index = request.index();
        int fd = request.hasFd() ? fds.get(0) : -1;
        if (fd >= 0 && !files.prepareEventFd(fd)) {
            return Verdict.broken(request.type() + " of ring " + index + " with something that is not an eventfd");
        }
        Ring ring = rings[index];
        switch (request.type()) {
            case SET_VRING_KICK -> {
                if (fd < 0) {
                    return Verdict.broken("ring " + index
                            + " without a kick descriptor: rings are not polled on request");
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

    /** Halts and disables all rings, but remembers what they are. */
    void disableAll() {
        for (int i = 0; i < rings.length; i++) {
            stop(i);
            rings[i].enabled = false;
        }
    }

    /** Halts all rings: each needs a kick descriptor to run again. */
    void haltAll() {
        for (int i = 0; i < rings.length; i++) {
            halt(i);
        }
    }

    /** As if nothing had been said of rings and features, except where to call: that is wiring, not device state. */
    void reset() {
        haltAll();
        for (int i = 0; i < rings.length; i++) {
            Ring fresh = new Ring();
            fresh.callFd = rings[i].callFd;
            rings[i] = fresh;
        }
        features(0, false);
    }

    /** Stops everything and gives memory and descriptors back. */
    void close() {
        haltAll();
        swap(MappedTable.EMPTY);
        for (Ring ring : rings) {
            files.close(ring.callFd);
            ring.callFd = -1;
        }
    }

    private void stop(int index) {
        Ring ring = rings[index];
        if (ring.running) {
            ring.running = false;
            int next = handler.stopRing(index);
            ring.base = packed() ? next : next & 0xffff;
        }
    }

    private void stopAll() {
        for (int i = 0; i < rings.length; i++) {
            stop(i);
        }
    }

    /** Starts a ring if it is ready. */
    private Verdict start(int index) {
        Ring ring = rings[index];
        if (ring.running || !ring.isReady() || table.memory().regions() == 0) {
            return Verdict.DONE;
        }
        String unfit = ring.unfit(features);
        if (unfit != null) {
            return Verdict.broken("ring " + index + ": " + unfit);
        }
        String misplaced = ring.misplaced(features, table.memory());
        if (misplaced != null) {
            return ring.awaitsMemory ? Verdict.DONE : Verdict.broken("ring " + index + " of " + ring.size
                    + " entries: its " + misplaced + " does not lie aligned in the guest's memory");
        }
        handler.startRing(index, ring.config(features), ring.kickFd, ring.callFd);
        ring.running = true;
        ring.awaitsMemory = false;
        return Verdict.DONE;
    }

    private Verdict startAll() {
        for (int i = 0; i < rings.length; i++) {
            Verdict verdict = start(i);
            if (verdict != Verdict.DONE) {
                return verdict;
            }
        }
        return Verdict.DONE;
    }
}
