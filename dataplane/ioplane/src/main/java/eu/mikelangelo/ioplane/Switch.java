package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.offload.Admission;
import eu.mikelangelo.ioplane.offload.Finisher;
import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.ioplane.policy.Registry;
import eu.mikelangelo.ioplane.policy.VlanFrame;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.Burst;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;
import eu.mikelangelo.virtio.VirtQueue;
import java.lang.foreign.Arena;

/**
 * A learning switch between the ports of one core. Sans I/O but for the {@link Doorbell}: one turn is {@link #burst}
 * for each port, {@link #fromUplink} for what arrived from outside, and {@link #flush} after each.
 *
 * <p>A frame goes from the sender's buffers into the receiver's in one copy. Only its first bytes go through a
 * private copy, so that what the rules judged is what is delivered, whatever the guest writes meanwhile.
 *
 * <p>How a port gets a frame, and who waits for it, is {@link Delivery}; how it is shown, {@link Publication}.
 *
 * <p>Threading: the core's thread. Nothing is allocated per frame.
 */
final class Switch {
    /** Frames taken from one port in a turn; used indices are published, and guests called, once for them. */
    static final int BURST = Burst.MAX;
    /** Frames handled one by one before the rest is tried as a batch again; pieces that a flooded frame may have. */
    private static final int FEW = 4;
    /** The most ports of one switch. */
    static final int MAX_PORTS = 256;

    private final FrameRules rules;
    private final Publication shown;
    private final Delivery delivery;
    private final MacTable macs = new MacTable();
    private final Port[] ports = new Port[MAX_PORTS];
    private int top;
    private final Region head = new Region(Arena.ofAuto().allocate(FrameRules.HEAD_BYTES + VlanFrame.TAG_BYTES, 8));
    private final QuickPath quick;
    private final ScatterList frame = new ScatterList(2 * VirtQueue.MAX_SIZE);
    private final VlanFrame vlans = new VlanFrame(2 * VirtQueue.MAX_SIZE);
    private final Registry names = new Registry(MAX_PORTS);
    private final Admission admission = new Admission();
    /** A flooded frame that came in many pieces. */
    private final Region flat = new Region(Arena.ofAuto().allocate(NetTransmit.MAX_FRAME, 8));

    Switch(FrameRules rules, Doorbell doorbell) {
        this.rules = rules;
        shown = new Publication(doorbell);
        delivery = new Delivery(shown, vlans);
        quick = new QuickPath(this, delivery, rules, macs);
    }

    /** @return one more than the highest slot in use */
    int top() {
        return top;
    }

    /** @return the port in a slot, or null */
    Port port(int slot) {
        return ports[slot];
    }

    /** Adds a port. @return false when there are {@value #MAX_PORTS} already */
    boolean add(Port port, long nowNs) {
        for (int slot = 0; slot < MAX_PORTS; slot++) {
            if (ports[slot] == null) {
                ports[slot] = port;
                port.slot = slot;
                top = Math.max(top, slot + 1);
                port.rules.join(names, nowNs);
                fix(port);
                return true;
            }
        }
        return false;
    }

    /** Enters a port's own addresses, in all of its networks. */
    private void fix(Port port) {
        port.takesUnknown = port.config().mac() == PortConfig.ANY_MAC;
        for (long mac : port.config().macs()) {
            int domain = port.rules.nextDomain(0);
            for (; domain != PortRules.NO_DOMAIN; domain = port.rules.nextDomain(domain + 1)) {
                port.takesUnknown |= !macs.fix(mac, domain, port.slot);
            }
        }
    }

    /** Removes a port; its rings have been detached. */
    void remove(Port port) {
        macs.forget(port.slot);
        ports[port.slot] = null;
        port.slot = -1;
        port.rules.leave();
        forgetWaiters(port);
        while (top > 0 && ports[top - 1] == null) {
            top--;
        }
    }

    /** Nobody waits for this port any more: it has new rings or none. */
    void forgetWaiters(Port port) {
        port.awaited = false;
        port.patienceNs = Port.MAX_PATIENCE_NS;
        port.uplinkWaits = false;
        port.uplinkStalled = false;
        port.uplinkParts = 0;
        port.frameParts = 0;
        for (int i = 0; i < top; i++) {
            if (ports[i] != null && ports[i].waitsFor == port) {
                ports[i].waitsFor = null;
                ports[i].frameParts = 0;
            }
        }
    }

    /** A turn begins, in which each port may take as many descriptors as {@link VirtQueue#TURN_DESCRIPTORS} says. */
    void begin() {
        for (int i = 0; i < top; i++) {
            if (ports[i] != null) {
                ports[i].tx.turn(VirtQueue.TURN_DESCRIPTORS);
                ports[i].rx.turn(VirtQueue.TURN_DESCRIPTORS);
            }
        }
    }

    /** Takes up to {@link #BURST} frames from a port. @return how many */
    int burst(Port port, long nowNs) {
        port.waitsFor = null;
        port.rules.begin(nowNs);
        if (port.rules.rests(nowNs)) {
            return 0;
        }
        int taken = 0;
        delivery.begin();
        for (int one = 1; one > 0 && taken < BURST && delivery.made() < BURST; taken += one) {
            // Of a frame that waits in parts, the rest comes first.
            taken += port.frameParts > 0 ? 0 : quick.forward(port, BURST - taken, nowNs);
            one = few(port, Math.min(FEW, BURST - taken), nowNs);
        }
        if (taken > 0) {
            port.rules.turnOver();
            port.txCounters.burst(taken + port.tx.backlog());
            shown.touch(port);
        }
        if (!port.tx.queue().working()) {
            port.note(port.tx.queue().fault());
        }
        // A frame that waits may have had some of its parts delivered, which are to be shown.
        return taken == 0 ? delivery.made() : taken;
    }

    /** Takes frames one by one. @return how many */
    private int few(Port port, int most, long nowNs) {
        NetTransmit tx = port.tx;
        for (int taken = 0; taken < most; taken++) {
            int what = delivery.made() < BURST ? tx.peek() : NetTransmit.EMPTY;
            if (what == NetTransmit.EMPTY || port.rules.maySend(1, tx.length(), nowNs) == 0) {
                return taken;
            }
            if (what == NetTransmit.MALFORMED) {
                port.drop(Drop.MALFORMED);
            } else if (!forward(port, tx, nowNs)) {
                return taken;
            } else {
                mirror(port, tx.length(), nowNs);
            }
            port.count(Port.TX_FRAMES, 1);
            port.count(Port.TX_BYTES, Math.max(0, tx.length()));
            port.rules.sent(1, Math.clamp(tx.length(), 0, NetTransmit.MAX_FRAME));
            tx.done();
            port.frameParts = 0;
        }
        return most;
    }

    /** Takes up to {@link #BURST} frames from the interface of the host behind a port. @return how many */
    int fromLink(Port port, long nowNs) {
        HostLink link = port.link;
        port.waitsFor = null;
        port.rules.begin(nowNs);
        if (port.rules.rests(nowNs)) {
            return 0;
        }
        int taken = 0;
        delivery.begin();
        while (taken < BURST && delivery.made() < BURST) {
            int what = link.peek();
            if (what == NetTransmit.EMPTY || port.rules.maySend(1, link.length(), nowNs) == 0) {
                break;
            }
            if (what == NetTransmit.MALFORMED) {
                port.drop(Drop.MALFORMED);
            } else if (!forward(port, link.pieces(), link.start(), link.length(), link.offload(), nowNs)) {
                break;
            } else {
                mirror(port, link.length(), nowNs);
            }
            port.count(Port.TX_FRAMES, 1);
            port.count(Port.TX_BYTES, link.length());
            port.rules.sent(1, Math.clamp(link.length(), 0, NetTransmit.MAX_FRAME));
            link.done();
            port.frameParts = 0;
            taken++;
        }
        if (taken > 0) {
            port.rules.turnOver();
            port.txCounters.burst(taken);
        }
        return taken == 0 ? delivery.made() : taken;
    }

    /** A frame was taken, and is not in its sender's ring any more. */
    private void mirror(Port from, int length, long nowNs) {
        if (from.capture != null) {
            from.capture.frame(from.rules.trunk() ? vlans.asCame(frame) : frame, length, true, nowNs);
        }
    }

    /** The port's MAC addresses are to be looked for elsewhere: it cannot be reached any more. */
    void forgetMacs(Port port) {
        macs.forget(port.slot);
    }

    /** Frames for this address have arrived when they come from this port, and nobody else may use it. */
    void keepMac(Port port, long mac) {
        int most = PortConfig.MOST_MACS;
        int domain = port.rules.nextDomain(0);
        // On a trunk of more VLANs it is learned in the others: the table has no room for places that stay in all.
        for (; domain != PortRules.NO_DOMAIN && most > 0; domain = port.rules.nextDomain(domain + 1)) {
            macs.fix(mac, domain, port.slot);
            most--;
        }
    }

    private boolean forward(Port port, NetTransmit tx, long nowNs) {
        return forward(port, tx.pieces(), tx.start(), tx.length(), tx.offload(), nowNs);
    }

    /** @return false when the frame has to wait where it is */
    private boolean forward(Port port, ScatterList pieces, int start, int length, NetOffload offload, long nowNs) {
        PortRules asked = port.rules;
        int judged = Math.min(length, FrameRules.HEAD_BYTES + (asked.trunk() ? VlanFrame.TAG_BYTES : 0));
        pieces.read(start, head, 0, judged);
        int domain = asked.untagged();
        int removed = 0;
        if (asked.aware()) {
            domain = vlans.enter(asked, head, judged);
            removed = vlans.removed();
        }
        ScatterList list = frame;
        list.clear();
        list.add(head, 0, judged - removed);
        list.addTail(pieces, start + judged);
        if (domain < 0) {
            port.drop(noVlan(domain));
            return true;
        }
        if (removed == 0) {
            return forward(port, judged, length, domain, offload, nowNs);
        }
        offload.shift(-removed);
        boolean gone = forward(port, judged - removed, length - removed, domain, offload, nowNs);
        // A link shows a frame that waits with this again.
        offload.shift(removed);
        return gone;
    }

    private static Drop noVlan(int why) {
        return switch (why) {
            case VlanFrame.TAGGED -> Drop.TAGGED;
            case VlanFrame.UNTAGGED -> Drop.UNTAGGED;
            case VlanFrame.WRONG_VLAN -> Drop.WRONG_VLAN;
            default -> Drop.MALFORMED;
        };
    }

    /** @param judged bytes of {@link #frame} that are in {@link #head} */
    private boolean forward(Port port, int judged, int length, int domain, NetOffload offload, long nowNs) {
        if (!offload.plain() && !admission.admit(head, judged, length, offload)) {
            port.drop(Drop.MALFORMED);
            return true;
        }
        int verdict = rules.judge(head, judged, port.config());
        if (verdict < 0) {
            port.count(Port.FIRST_DROP - 1 - verdict, 1);
            return true;
        }
        if (verdict == FrameRules.UPLINK) {
            Drop refused = port.outlet == null ? Drop.UPLINK_DOWN
                    : port.outlet.offer(this, frame, length, offload, nowNs);
            if (refused != null) {
                port.drop(refused);
            }
            return true;
        }
        if (port.config().mac() == PortConfig.ANY_MAC
                && !macs.learn(FrameRules.source(head), domain, port.slot, nowNs)) {
            port.drop(Drop.SPOOFED_MAC);
            return true;
        }
        int slot = verdict == FrameRules.FLOOD ? -1 : macs.find(FrameRules.target(head), domain, nowNs);
        if (slot < 0) {
            flood(port, length, offload, verdict == FrameRules.FLOOD, domain, nowNs);
            return true;
        }
        if (slot == port.slot) {
            // A frame to oneself has arrived already.
            return true;
        }
        if (!port.rules.mayReach(ports[slot].rules)) {
            port.drop(Drop.ISOLATED);
            return true;
        }
        return delivery.unicast(port, ports[slot], frame, length, offload, nowNs);
    }

    /** @return what outlets finish frames with */
    Finisher finisher() {
        return delivery.finisher();
    }

    /** @param group for everyone; otherwise for a MAC nobody has shown yet, which no port with a fixed one can have */
    private void flood(Port from, int length, NetOffload offload, boolean group, int domain, long nowNs) {
        if (!from.rules.mayFlood(length, nowNs)) {
            from.drop(!group ? Drop.UNKNOWN_STORM
                    : FrameRules.target(head) == FrameRules.BROADCAST ? Drop.BROADCAST_STORM : Drop.MULTICAST_STORM);
            return;
        }
        // A copy for each port, of as many pieces as its sender pleases: they are put together once.
        if (frame.count() > FEW) {
            frame.read(0, flat, 0, length);
            frame.clear();
            frame.add(flat, 0, length);
        }
        boolean first = true;
        for (int i = 0; i < top; i++) {
            Port to = ports[i];
            if (to == null || to == from || !to.open() || !group && !to.takesUnknown || !to.rules.in(domain)
                    || !from.rules.mayReach(to.rules)) {
                continue;
            }
            if (!first && !from.rules.mayCopy(length, nowNs)) {
                from.drop(Drop.FLOOD_LIMIT);
                return;
            }
            first = false;
            from.rules.copied(delivery.copy(to, frame, length, offload, nowNs));
        }
    }

    /**
     * Delivers a frame that arrived from a port's uplink to that port.
     *
     * @return false when it has to wait: offer it again later
     */
    boolean fromUplink(Port port, ScatterList arrived, int length, long nowNs) {
        return delivery.fromUplink(port, arrived, length, nowNs);
    }

    /** As {@link Delivery#offer}. */
    void offer(Port port, ScatterList frame, int length, long nowNs) {
        delivery.offer(port, frame, length, nowNs);
    }

    /** As {@link Publication#flush}. */
    void flush() {
        shown.flush();
    }

    /** After an error in the middle of a turn: publishes whatever any port has staged. */
    void flushAll() {
        shown.reset();
        for (int i = 0; i < top; i++) {
            if (ports[i] != null) {
                ports[i].touched = false;
                shown.touch(ports[i]);
            }
        }
        flush();
    }

    /** @return when a waiting frame's patience ends, or {@link Long#MAX_VALUE} when nothing waits */
    long nextDeadlineNs() {
        long next = Long.MAX_VALUE;
        for (int i = 0; i < top; i++) {
            Port port = ports[i];
            if (port != null && port.awaited) {
                next = Math.min(next, port.awaitedSinceNs + port.patienceNs);
            }
            if (port != null) {
                next = Math.min(next, port.rules.deadlineNs());
            }
            if (port != null && port.uplinkWaits) {
                next = Math.min(next, port.uplinkSinceNs + Delivery.UPLINK_PATIENCE_NS);
            }
        }
        return next;
    }
}
