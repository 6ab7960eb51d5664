package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.observe.Capture;
import eu.mikelangelo.ioplane.observe.CoreCounters;
import eu.mikelangelo.ioplane.observe.QueueCounters;
import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.GuestMemory;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.shard.Agent;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Watcher;
import eu.mikelangelo.virtio.QueueConfig;
import eu.mikelangelo.virtio.QueueFault;

/**
 * What a core does in the loop of its shard: a turn is each port's burst and its uplink; before the shard sleeps all
 * guests are asked to kick.
 *
 * <p>Threading: the shard's thread, unless a method says otherwise.
 */
final class CoreAgent implements Agent {
    private final IoOptions options;
    private final DistinctErrors errors;
    private final Shard shard;
    private final CallGuard bell;
    private final Switch fabric;
    private final Kicks kicks;
    private final Announcer announcer;
    private final Uplink[] uplinks = new Uplink[Switch.MAX_PORTS];
    private final Breakdown breakdown;
    private volatile long threadId;
    private volatile boolean dead;
    private final CoreCounters counters = new CoreCounters();
    /** Whose turn it is, to be blamed when nobody else can be. */
    private Port serving;

    /** Any thread. */
    CoreAgent(Shard shard, IoOptions options, DistinctErrors errors) {
        this.shard = shard;
        this.options = options;
        this.errors = errors;
        bell = new CallGuard(shard.calls());
        fabric = new Switch(new FrameRules(options.gatewayMac(), options.gatewayIpv4()), bell);
        kicks = new Kicks(fabric);
        announcer = new Announcer(fabric, options.gatewayMac(), options.gatewayIpv4());
        breakdown = new Breakdown(fabric, errors);
    }

    /** Joins the loop. */
    void begin() {
        threadId = Thread.currentThread().threadId();
        counters.begin(shard.clockNs());
        if (options.cpu() >= 0) {
            pin();
        }
        shard.add(this);
    }

    /** A core that cannot be pinned serves all the same. */
    private void pin() {
        try {
            Cpus.pin(options.cpu());
        } catch (LinuxException e) {
            errors.record("the I/O core could not be pinned to CPU " + options.cpu(), String.valueOf(e.getMessage()));
        }
    }

    /** Any thread. */
    long threadId() {
        return threadId;
    }

    /** Any thread. */
    boolean dead() {
        return dead;
    }

    /** Any thread. */
    CoreCounters counters() {
        return counters;
    }

    /** See {@link CallGuard#free}; one thread, not the core's. */
    Port freeFromCall() {
        return bell.free(fabric, errors);
    }

    void add(Port port) {
        long nowNs = Clock.nowNs();
        if (!fabric.add(port, nowNs)) {
            throw new IllegalStateException("port " + port.name() + ": a core has at most " + Switch.MAX_PORTS);
        }
        if (port.link != null) {
            begin(port, port.link);
        }
        if (port.config().uplink() != null) {
            Uplink uplink = new Uplink(port, options.gatewayIpv4(), shard, nowNs);
            uplinks[port.slot] = uplink;
            port.outlet = uplink;
        }
    }

    private void begin(Port port, HostLink link) {
        try {
            link.begin(shard.calls());
            port.linkToken = shard.watch(link.fd(), what -> link.ready((what & Watcher.READABLE) != 0,
                    (what & Watcher.WRITABLE) != 0, (what & Watcher.ENDED) != 0));
            port.linked = true;
            if (link.mac() != HostLink.NO_MAC) {
                fabric.keepMac(port, link.mac());
            }
        } catch (RuntimeException failed) {
            fabric.remove(port);
            throw failed;
        }
    }

    /** Lets go of an interface of the host; its port stays, closed. */
    private void unlink(Port port) {
        if (port.link != null && port.linked) {
            port.linked = false;
            shard.unwatch(port.link.fd(), port.linkToken);
            port.link.close();
            fabric.forgetWaiters(port.first);
            fabric.forgetMacs(port);
        }
    }

    void remove(Port port) {
        if (port.slot < 0) {
            return;
        }
        unlink(port);
        detachAll(port);
        announcer.lost(port);
        port.outlet = null;
        if (uplinks[port.slot] != null) {
            uplinks[port.slot].close();
            uplinks[port.slot] = null;
        }
        fabric.remove(port);
        port.remove();
    }

    void capture(Port port, Capture capture) {
        if (port.slot < 0) {
            throw new IllegalStateException("port " + port.name() + " is not served any more");
        }
        if (port.capture != null) {
            throw new IllegalStateException("port " + port.name() + " is being captured already");
        }
        port.capture = capture;
    }

    void endCapture(Port port, Capture capture) {
        if (port.capture == capture) {
            port.capture = null;
        }
    }

    /** Begins to serve a ring. @param index of one of {@link Port#MAX_PAIRS} pairs */
    QueueFault attach(Port port, int index, GuestMemory memory, QueueConfig config, int kickFd, int callFd) {
        if (port.slot < 0) {
            return QueueFault.NOT_ATTACHED;
        }
        detach(port, index);
        boolean receive = PortHandler.receives(index);
        Pair pair = port.pair(PortHandler.pair(index));
        // Before the ring is attached: when it is refused, nothing of the guest's is kept.
        QueueCounters queue = receive ? pair.rxCounters : pair.txCounters;
        long token = shard.watch(kickFd, what -> kicked(queue, what));
        if (receive) {
            pair.rxKickFd = kickFd;
            pair.rxKickToken = token;
        } else {
            pair.txKickFd = kickFd;
            pair.txKickToken = token;
        }
        QueueFault fault = receive ? pair.rx.attach(memory, config) : pair.tx.attach(memory, config);
        if (fault != QueueFault.NONE) {
            detach(port, index);
            return fault;
        }
        if (receive) {
            pair.rxCallFd = callFd;
            pair.rx.queue().suppressKicks();
        } else {
            pair.txCallFd = callFd;
            pair.tx.queue().suppressKicks();
        }
        port.fault(QueueFault.NONE);
        fabric.forgetWaiters(pair);
        fabric.relist(port);
        if (receive && pair == port.first) {
            announcer.started(port, config, Clock.nowNs());
        }
        if (callFd >= 0) {
            // A call may have been lost between two call descriptors or two back-ends; a spurious one is harmless.
            bell.ring(callFd);
        }
        return QueueFault.NONE;
    }

    /** Each write to the eventfd is an edge, so it need not be read back; the ring is looked at in the next turn. */
    private static void kicked(QueueCounters queue, int what) {
        if ((what & Watcher.READABLE) != 0) {
            queue.add(QueueCounters.KICKS, 1);
        }
    }

    /** Its front-end is gone. */
    void lost(Port port) {
        if (port.slot >= 0) {
            announcer.lost(port);
        }
    }

    /** As {@link Announcer#announce}. */
    void announce(Port port, long mac) {
        if (port.slot >= 0) {
            announcer.announce(port, mac, Clock.nowNs());
        }
    }

    private void detachAll(Port port) {
        for (int index = 0; index < 2 * port.pairs(); index++) {
            detach(port, index);
        }
    }

    /** Lets go of a ring. @return the next available index */
    int detach(Port port, int index) {
        boolean receive = PortHandler.receives(index);
        Pair pair = port.pair(PortHandler.pair(index));
        int kickFd = receive ? pair.rxKickFd : pair.txKickFd;
        if (kickFd >= 0) {
            shard.unwatch(kickFd, receive ? pair.rxKickToken : pair.txKickToken);
        }
        if (receive) {
            pair.rxKickFd = -1;
            pair.rxCallFd = -1;
        } else {
            pair.txKickFd = -1;
            pair.txCallFd = -1;
        }
        fabric.forgetWaiters(pair);
        int next = receive ? pair.rx.detach() : pair.tx.detach();
        fabric.relist(port);
        return next;
    }

    /** One look at everything. @return frames moved */
    @Override
    public int poll(long nowNs) {
        int moved = 0;
        int slot = 0;
        counters.turnBegins(nowNs);
        fabric.begin();
        while (slot < fabric.top()) {
            try {
                for (; slot < fabric.top(); slot++) {
                    Port port = fabric.port(slot);
                    if (port != null) {
                        serving = port;
                        moved += serve(port, uplinks[slot], nowNs);
                    }
                }
            } catch (InternalError | RuntimeException e) {
                contain(e);
                slot++;
            }
        }
        serving = null;
        announce(nowNs);
        counters.turnEnds(moved, nowNs);
        return moved;
    }

    private void announce(long nowNs) {
        try {
            announcer.turn(nowNs);
        } catch (InternalError | RuntimeException e) {
            contain(e);
        }
    }

    private int serveLink(Port port, HostLink link, long nowNs) {
        link.turn(nowNs);
        int moved = fabric.fromLink(port, nowNs);
        if (moved > 0) {
            fabric.flush();
            port.latency.record(counters.workEnds(shard.clockNs()));
        }
        port.first.count(Pair.FIRST_DROP + Drop.UPLINK_DOWN.ordinal(), link.takeLost());
        port.first.count(Pair.FIRST_DROP + Drop.UPLINK_FULL.ordinal(), link.takeMissed());
        if (!link.trouble().isEmpty()) {
            errors.record("port " + port.name() + " is closed", link.trouble());
            unlink(port);
        }
        return moved;
    }

    private int serve(Port port, Uplink uplink, long nowNs) {
        if (port.linked) {
            return serveLink(port, port.link, nowNs);
        }
        int moved = fabric.burst(port, nowNs);
        if (moved > 0) {
            fabric.flush();
            // The clock is read once for a burst: what came before in this turn ended when it was read last.
            port.latency.record(counters.workEnds(shard.clockNs()));
        }
        if (uplink != null) {
            int arrived = uplink.turn(fabric, nowNs);
            if (arrived > 0) {
                fabric.flush();
                moved += arrived;
            }
            if (moved > 0) {
                counters.workEnds(shard.clockNs());
            }
        }
        return moved;
    }

    private void contain(Throwable cause) {
        Port blamed = serving;
        serving = null;
        breakdown.contain(cause, blamed);
    }

    @Override
    public boolean beforeSleep() {
        try {
            if (!kicks.arm()) {
                return false;
            }
            counters.sleepBegins(shard.clockNs());
            return true;
        } catch (InternalError | RuntimeException e) {
            breakdown.contain(e, kicks.asked());
            return false;
        }
    }

    @Override
    public void afterSleep() {
        if (counters.asleep()) {
            counters.sleepEnds(shard.clockNs());
        }
        try {
            kicks.suppress();
        } catch (InternalError | RuntimeException e) {
            breakdown.contain(e, kicks.asked());
        }
    }

    @Override
    public long deadlineNs() {
        long next = Math.min(fabric.nextDeadlineNs(), announcer.deadlineNs());
        for (int i = 0; i < fabric.top(); i++) {
            if (uplinks[i] != null) {
                next = Math.min(next, uplinks[i].deadlineNs());
            }
            Port port = fabric.port(i);
            if (port != null && port.linked) {
                next = Math.min(next, port.link.deadlineNs());
            }
        }
        return next;
    }

    /** Anything but a vanished guest's error is a mistake of ours, which ends the core. */
    @Override
    public boolean broken(Throwable thrown) {
        if (!outlives(thrown)) {
            errors.record("the I/O core ended", String.valueOf(thrown));
            end();
        }
        return true;
    }

    /**
     * A vanished guest's error may be raised wherever the loop is by then: whose it is loses its queues, and the core
     * goes on. @return false when it is no such error
     */
    boolean outlives(Throwable thrown) {
        if (!Breakdown.vanished(thrown)) {
            return false;
        }
        contain(thrown);
        for (int i = 0; i < fabric.top(); i++) {
            if (uplinks[i] != null) {
                // An event of its socket may have been lost with the error: it looks for itself.
                uplinks[i].event(true, true);
            }
            Port port = fabric.port(i);
            if (port != null && port.linked) {
                port.link.ready(true, true, true);
            }
        }
        return true;
    }

    /** Leaves the loop: lets go of all rings and closes the uplinks. Twice is no error. */
    void end() {
        shard.remove(this);
        for (int i = 0; i < fabric.top(); i++) {
            if (fabric.port(i) != null) {
                unlink(fabric.port(i));
                detachAll(fabric.port(i));
            }
        }
        dead = true;
        for (int i = 0; i < uplinks.length; i++) {
            if (uplinks[i] != null) {
                uplinks[i].close();
            }
        }
    }
}
