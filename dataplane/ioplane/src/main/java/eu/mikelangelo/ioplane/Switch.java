package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.frame.FlowHash;
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
    /** The first bytes of what arrived from an uplink: another frame may be in {@link #head} then. */
    private final Region arrivedHead = new Region(Arena.ofAuto().allocate(FlowHash.REACH, 8));
    /** Some port has several pairs, so that flows are told apart. */
    private boolean spreads;
    private final NetOffload finished = new NetOffload();
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
        for (Pair pair : port.all()) {
            forgetWaiters(pair);
        }
        while (top > 0 && ports[top - 1] == null) {
            top--;
        }
        tellFlows();
    }

    /** Nobody waits for this pair any more, nor it for anybody: it has new rings or none. */
    void forgetWaiters(Pair pair) {
        pair.forgetWaiting();
        pair.port.forgetUplink(pair);
        for (int i = 0; i < top; i++) {
            if (ports[i] != null) {
                for (Pair other : ports[i].all()) {
                    if (other.waitsFor == pair) {
                        other.waitsFor = null;
                        other.frameParts = 0;
                    }
                }
            }
        }
    }

    /** A port's queues were attached or detached. */
    void relist(Port port) {
        port.list();
        tellFlows();
    }

    private void tellFlows() {
        boolean several = false;
        for (int i = 0; i < top; i++) {
            several |= ports[i] != null && ports[i].flows != null;
        }
        spreads = several;
    }

    /** A turn begins, in which each port may take as many descriptors as {@link VirtQueue#TURN_DESCRIPTORS} says. */
    void begin() {
        for (int i = 0; i < top; i++) {
            if (ports[i] != null) {
                Pair[] pairs = ports[i].all();
                int share = VirtQueue.TURN_DESCRIPTORS / pairs.length;
                for (Pair pair : pairs) {
                    pair.tx.turn(share);
                    pair.rx.turn(share);
                }
            }
        }
    }

    /** Takes up to {@link #BURST} frames from a port, from all of its transmit queues together. @return how many */
    int burst(Port port, long nowNs) {
        Pair[] senders = port.senders;
        for (Pair pair : senders) {
            pair.waitsFor = null;
        }
        port.rules.begin(nowNs);
        if (port.rules.rests(nowNs)) {
            return 0;
        }
        delivery.begin();
        int taken = senders.length == 1 ? burst(senders[0], BURST, nowNs) : several(port, senders, nowNs);
        if (taken > 0) {
            port.rules.turnOver();
        }
        // A frame that waits may have had some of its parts delivered, which are to be shown.
        return taken == 0 ? delivery.made() : taken;
    }

    /** One queue after the other; the next turn begins behind the first that had something, whatever ended this one. */
    private int several(Port port, Pair[] senders, long nowNs) {
        int taken = 0;
        int at = port.nextSender;
        for (int looked = 0; looked < senders.length && taken < BURST; looked++) {
            int now = burst(senders[at], BURST - taken, nowNs);
            at = at + 1 == senders.length ? 0 : at + 1;
            if (taken == 0 && now > 0) {
                port.nextSender = at;
            }
            taken += now;
        }
        return taken;
    }

    private int burst(Pair pair, int most, long nowNs) {
        int taken = 0;
        for (int one = 1; one > 0 && taken < most && delivery.made() < BURST; taken += one) {
            // Of a frame that waits in parts, the rest comes first.
            taken += pair.frameParts > 0 ? 0 : quick.forward(pair, most - taken, nowNs);
            one = few(pair, Math.min(FEW, most - taken), nowNs);
        }
        if (taken > 0) {
            pair.txCounters.burst(taken + pair.tx.backlog());
            shown.touch(pair);
        }
        if (!pair.tx.queue().working()) {
            pair.port.note(pair.tx.queue().fault());
        }
        return taken;
    }

    /** Takes frames one by one. @return how many */
    private int few(Pair pair, int most, long nowNs) {
        NetTransmit tx = pair.tx;
        PortRules asked = pair.port.rules;
        for (int taken = 0; taken < most; taken++) {
            int what = delivery.made() < BURST ? tx.peek() : NetTransmit.EMPTY;
            if (what == NetTransmit.EMPTY || asked.maySend(1, tx.length(), nowNs) == 0) {
                return taken;
            }
            if (what == NetTransmit.MALFORMED) {
                pair.drop(Drop.MALFORMED);
            } else if (!forward(pair, tx, nowNs)) {
                return taken;
            } else {
                mirror(pair.port, tx.length(), nowNs);
            }
            pair.count(Pair.TX_FRAMES, 1);
            pair.count(Pair.TX_BYTES, Math.max(0, tx.length()));
            asked.sent(1, Math.clamp(tx.length(), 0, NetTransmit.MAX_FRAME));
            tx.done();
            pair.frameParts = 0;
        }
        return most;
    }

    /** Takes up to {@link #BURST} frames from the interface of the host behind a port. @return how many */
    int fromLink(Port port, long nowNs) {
        HostLink link = port.link;
        Pair pair = port.first;
        pair.waitsFor = null;
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
                pair.drop(Drop.MALFORMED);
            } else if (!forward(pair, link.pieces(), link.start(), link.length(), link.offload(), nowNs)) {
                break;
            } else {
                mirror(port, link.length(), nowNs);
            }
            pair.count(Pair.TX_FRAMES, 1);
            pair.count(Pair.TX_BYTES, link.length());
            port.rules.sent(1, Math.clamp(link.length(), 0, NetTransmit.MAX_FRAME));
            link.done();
            pair.frameParts = 0;
            taken++;
        }
        if (taken > 0) {
            port.rules.turnOver();
            pair.txCounters.burst(taken);
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

    private boolean forward(Pair pair, NetTransmit tx, long nowNs) {
        return forward(pair, tx.pieces(), tx.start(), tx.length(), tx.offload(), nowNs);
    }

    /** @return false when the frame has to wait where it is */
    private boolean forward(Pair pair, ScatterList pieces, int start, int length, NetOffload offload, long nowNs) {
        PortRules asked = pair.port.rules;
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
            pair.drop(noVlan(domain));
            return true;
        }
        if (removed == 0) {
            return forward(pair, judged, length, domain, offload, nowNs);
        }
        offload.shift(-removed);
        boolean gone = forward(pair, judged - removed, length - removed, domain, offload, nowNs);
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
    private boolean forward(Pair pair, int judged, int length, int domain, NetOffload offload, long nowNs) {
        Port port = pair.port;
        if (!offload.plain() && !admission.admit(head, judged, length, offload)) {
            pair.drop(Drop.MALFORMED);
            return true;
        }
        int verdict = rules.judge(head, judged, port.config());
        if (verdict < 0) {
            pair.count(Pair.FIRST_DROP - 1 - verdict, 1);
            return true;
        }
        int flow = spreads ? flow(pair, judged, nowNs) : 0;
        if (verdict == FrameRules.UPLINK) {
            Drop refused = port.outlet == null ? Drop.UPLINK_DOWN
                    : port.outlet.offer(this, frame, length, offload, nowNs);
            if (refused != null) {
                pair.drop(refused);
            }
            return true;
        }
        if (port.config().mac() == PortConfig.ANY_MAC
                && !macs.learn(FrameRules.source(head), domain, port.slot, nowNs)) {
            pair.drop(Drop.SPOOFED_MAC);
            return true;
        }
        int slot = verdict == FrameRules.FLOOD ? -1 : macs.find(FrameRules.target(head), domain, nowNs);
        if (slot < 0) {
            flood(pair, length, flow, offload, verdict == FrameRules.FLOOD, domain, nowNs);
            return true;
        }
        if (slot == port.slot) {
            // A frame to oneself has arrived already.
            return true;
        }
        if (!port.rules.mayReach(ports[slot].rules)) {
            pair.drop(Drop.ISOLATED);
            return true;
        }
        return delivery.unicast(pair, receiver(ports[slot], flow, nowNs), frame, length, offload, nowNs);
    }

    /** Notes on which queue a flow is sent. @return its hash */
    private int flow(Pair from, int judged, long nowNs) {
        int hash = FlowHash.of(head, judged);
        if (from.port.flows != null) {
            from.port.flows.sent(hash, from.index, nowNs);
        }
        return hash;
    }

    private static Pair receiver(Port to, int flow, long nowNs) {
        return to.flows == null ? to.receiver : to.flows.choose(flow, nowNs);
    }

    /** @return what outlets finish frames with */
    Finisher finisher() {
        return delivery.finisher();
    }

    /** @param group for everyone; otherwise for a MAC nobody has shown yet, which no port with a fixed one can have */
    private void flood(Pair pair, int length, int flow, NetOffload offload, boolean group, int domain, long nowNs) {
        Port from = pair.port;
        if (!from.rules.mayFlood(length, nowNs)) {
            pair.drop(!group ? Drop.UNKNOWN_STORM
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
                pair.drop(Drop.FLOOD_LIMIT);
                return;
            }
            first = false;
            from.rules.copied(delivery.copy(receiver(to, flow, nowNs), frame, length, offload, nowNs));
        }
    }

    /** Sends a frame of ours to everyone, without tag, in a port's name: all rules for what it sends hold. */
    void send(Port from, ScatterList message, int length, long nowNs) {
        forward(from.first, message, 0, length, finished, nowNs);
    }

    /**
     * Gives a port a frame of ours in another one's name, if that one may send to it; nothing waits for it.
     *
     * @param from no trunk
     * @param message the whole of a frame, without tag
     */
    void give(Port from, Port to, Region message, int length, long nowNs) {
        // For a receiver that looks at tags, even if the sender does not.
        int domain = vlans.enter(from.rules, message, length);
        if (domain >= 0 && to.rules.in(domain) && from.rules.mayReach(to.rules)) {
            frame.clear();
            frame.add(message, 0, length);
            delivery.copy(to.receiver, frame, length, finished, nowNs);
        }
    }

    /**
     * Delivers a frame that arrived from a port's uplink to that port.
     *
     * @return false when it has to wait: offer it again later
     */
    boolean fromUplink(Port port, ScatterList arrived, int length, long nowNs) {
        return delivery.fromUplink(receiver(port, arrived, length, nowNs), arrived, length, nowNs);
    }

    /** As {@link Delivery#offer}. */
    void offer(Port port, ScatterList frame, int length, long nowNs) {
        delivery.offer(receiver(port, frame, length, nowNs), frame, length, nowNs);
    }

    private Pair receiver(Port to, ScatterList frame, int length, long nowNs) {
        if (to.flows == null) {
            return to.receiver;
        }
        int judged = Math.min(length, FlowHash.REACH);
        frame.read(0, arrivedHead, 0, judged);
        return to.flows.choose(FlowHash.of(arrivedHead, judged), nowNs);
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
                for (Pair pair : ports[i].all()) {
                    pair.touched = false;
                    shown.touch(pair);
                }
            }
        }
        flush();
    }

    /** @return when a waiting frame's patience ends, or {@link Long#MAX_VALUE} when nothing waits */
    long nextDeadlineNs() {
        long next = Long.MAX_VALUE;
        for (int i = 0; i < top; i++) {
            Port port = ports[i];
            if (port != null) {
                next = Math.min(next, port.rules.deadlineNs());
                for (Pair pair : port.all()) {
                    Pair awaited = pair.waitsFor;
                    next = awaited == null ? next : Math.min(next, awaited.awaitedSinceNs + awaited.patienceNs);
                }
                if (port.uplinkWaits) {
                    next = Math.min(next, port.uplinkSinceNs + Delivery.UPLINK_PATIENCE_NS);
                }
            }
        }
        return next;
    }
}
