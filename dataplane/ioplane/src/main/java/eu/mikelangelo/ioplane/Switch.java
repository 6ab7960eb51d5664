package eu.mikelangelo.ioplane;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.QueueFault;
import eu.mikelangelo.virtio.ScatterList;
import eu.mikelangelo.virtio.SplitQueue;
import java.lang.foreign.Arena;

/**
 * A learning switch between the ports of one core. Sans I/O but for the {@link Doorbell}: one turn is {@link #burst}
 * for each port, {@link #fromUplink} for what arrived from outside, and {@link #flush} after each.
 *
 * <p>A frame goes from the sender's buffers into the receiver's in one copy. Only its first bytes go through a
 * private copy, so that what the rules judged is what is delivered, whatever the guest writes meanwhile.
 *
 * <p><b>A receiver without buffers.</b> A unicast frame stays in the sender's ring, and its sender's other frames
 * behind it, while the receiver has patience left; then it is dropped and counted. Patience is earned by taking
 * frames: {@value #EARN_FRAME_NS} ns a frame and {@value #EARN_KIB_NS} ns a KiB, at most 2 ms. So a busy receiver
 * loses nothing over a short pause, while one that takes little can hold its peers up no longer than it would take to
 * send it that little at some 32 MB/s. Flooded frames never wait.
 *
 * <p>Threading: the core's thread. Nothing is allocated per frame.
 */
final class Switch {
    /** Frames taken from one port in a turn; used indices are published, and guests called, once for them. */
    static final int BURST = 32;
    /** The most ports of one switch. */
    static final int MAX_PORTS = 256;
    /**
     * Copies beyond the first that a port's flooded frames may cause: at once, and per second. A copy counts as one,
     * and one more for each KiB: half a second of copying would fit a turn otherwise.
     */
    static final long FLOOD_BURST = 8192;
    static final long FLOOD_PER_SECOND = 100_000;

    static final long EARN_FRAME_NS = 20_000;
    static final long EARN_KIB_NS = 30_000;
    /**
     * How long a frame from the uplink waits for its port. Only the port's own traffic is behind it, and passt takes
     * this way for lossless, so it is long: a guest on a busy host may not run for some hundred milliseconds.
     */
    static final long UPLINK_PATIENCE_NS = 2_000_000_000;

    private final FrameRules rules;
    private final Doorbell doorbell;
    private final MacTable macs = new MacTable();
    private final Port[] ports = new Port[MAX_PORTS];
    private int top;
    private final Port[] touched = new Port[MAX_PORTS];
    private int touchedCount;
    private final Region head = new Region(Arena.ofAuto().allocate(FrameRules.HEAD_BYTES, 8));
    private final ScatterList frame = new ScatterList(2 * SplitQueue.MAX_SIZE);

    Switch(FrameRules rules, Doorbell doorbell) {
        this.rules = rules;
        this.doorbell = doorbell;
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
                port.floodRefillNs = nowNs;
                top = Math.max(top, slot + 1);
                if (port.config().mac() != PortConfig.ANY_MAC) {
                    macs.fix(port.config().mac(), slot);
                }
                return true;
            }
        }
        return false;
    }

    /** Removes a port; its rings have been detached. */
    void remove(Port port) {
        macs.forget(port.slot);
        ports[port.slot] = null;
        port.slot = -1;
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
        for (int i = 0; i < top; i++) {
            if (ports[i] != null && ports[i].waitsFor == port) {
                ports[i].waitsFor = null;
            }
        }
    }

    /** Takes up to {@link #BURST} frames from a port. @return how many */
    int burst(Port port, long nowNs) {
        NetTransmit tx = port.tx;
        port.waitsFor = null;
        int taken = 0;
        while (taken < BURST) {
            int what = tx.peek();
            if (what == NetTransmit.EMPTY) {
                break;
            }
            if (what == NetTransmit.MALFORMED) {
                port.drop(Drop.MALFORMED);
            } else if (!forward(port, tx, nowNs)) {
                break;
            }
            port.count(Port.TX_FRAMES, 1);
            port.count(Port.TX_BYTES, Math.max(0, tx.length()));
            tx.done();
            taken++;
        }
        if (taken > 0) {
            touch(port);
        }
        if (!tx.queue().working()) {
            note(port, tx.queue().fault());
        }
        return taken;
    }

    /** @return false when the frame has to wait in the ring */
    private boolean forward(Port port, NetTransmit tx, long nowNs) {
        int length = tx.length();
        int judged = Math.min(length, FrameRules.HEAD_BYTES);
        tx.pieces().read(tx.start(), head, 0, judged);
        ScatterList list = frame;
        list.clear();
        list.add(head, 0, judged);
        list.addTail(tx.pieces(), tx.start() + judged);
        int verdict = rules.judge(head, judged, port.config());
        if (verdict < 0) {
            port.count(Port.FIRST_DROP - 1 - verdict, 1);
            return true;
        }
        if (verdict == FrameRules.UPLINK) {
            Drop refused = port.outlet == null ? Drop.UPLINK_DOWN : port.outlet.offer(this, list, length, nowNs);
            if (refused != null) {
                port.drop(refused);
            }
            return true;
        }
        if (port.config().mac() == PortConfig.ANY_MAC && !macs.learn(FrameRules.source(head), port.slot, nowNs)) {
            port.drop(Drop.SPOOFED_MAC);
            return true;
        }
        int slot = verdict == FrameRules.FLOOD ? -1 : macs.find(FrameRules.target(head), nowNs);
        if (slot < 0) {
            flood(port, length, verdict == FrameRules.FLOOD, nowNs);
            return true;
        }
        // A frame to oneself has arrived already.
        return slot == port.slot || unicast(port, ports[slot], length, nowNs);
    }

    private boolean unicast(Port from, Port to, int length, long nowNs) {
        int result = to.rx.deliver(frame, 0, length);
        if (result == NetReceive.DELIVERED) {
            if (to.awaited) {
                to.awaited = false;
                to.patienceNs = Math.max(0, to.patienceNs - (nowNs - to.awaitedSinceNs));
            }
            long earned = to.patienceNs + EARN_FRAME_NS + (length >> 10) * EARN_KIB_NS;
            to.patienceNs = Math.min(Port.MAX_PATIENCE_NS, earned);
            delivered(to, length);
            return true;
        }
        if (result == NetReceive.NO_BUFFERS && patient(to, nowNs)) {
            from.waitsFor = to;
            return false;
        }
        lost(to, result);
        return true;
    }

    private static boolean patient(Port to, long nowNs) {
        if (!to.awaited) {
            if (to.patienceNs <= 0) {
                return false;
            }
            to.awaited = true;
            to.awaitedSinceNs = nowNs;
            return true;
        }
        if (nowNs - to.awaitedSinceNs < to.patienceNs) {
            return true;
        }
        to.awaited = false;
        to.patienceNs = 0;
        return false;
    }

    /** @param group for everyone; otherwise for a MAC nobody has shown yet, which no port with a fixed one can have */
    private void flood(Port from, int length, boolean group, long nowNs) {
        boolean first = true;
        for (int i = 0; i < top; i++) {
            Port to = ports[i];
            if (to == null || to == from || !to.rx.queue().working()
                    || !group && to.config().mac() != PortConfig.ANY_MAC) {
                continue;
            }
            if (!first && !mayCopy(from, length, nowNs)) {
                from.drop(Drop.FLOOD_LIMIT);
                return;
            }
            first = false;
            int result = to.rx.deliver(frame, 0, length);
            if (result == NetReceive.DELIVERED) {
                delivered(to, length);
            } else {
                lost(to, result);
            }
        }
    }

    /** One flooded frame becomes as many as there are ports: the copies beyond the first are rationed by the sender. */
    private static boolean mayCopy(Port from, int length, long nowNs) {
        if (from.floodCredit <= 0) {
            long earned = Math.min(FLOOD_BURST, (nowNs - from.floodRefillNs) / (1_000_000_000L / FLOOD_PER_SECOND));
            if (earned <= 0) {
                return false;
            }
            // A long frame may have left a debt.
            from.floodCredit += earned;
            from.floodRefillNs = nowNs;
            if (from.floodCredit <= 0) {
                return false;
            }
        }
        from.floodCredit -= 1 + (length >> 10);
        return true;
    }

    /**
     * Delivers a frame that arrived from a port's uplink to that port.
     *
     * @return false when it has to wait: offer it again later
     */
    boolean fromUplink(Port port, ScatterList arrived, int length, long nowNs) {
        int result = port.rx.deliver(arrived, 0, length);
        if (result == NetReceive.DELIVERED) {
            port.uplinkWaits = false;
            port.uplinkStalled = false;
            delivered(port, length);
            return true;
        }
        if (result == NetReceive.NO_BUFFERS && !port.uplinkStalled) {
            if (!port.uplinkWaits) {
                port.uplinkWaits = true;
                port.uplinkSinceNs = nowNs;
            }
            if (nowNs - port.uplinkSinceNs < UPLINK_PATIENCE_NS) {
                return false;
            }
            port.uplinkStalled = true;
        }
        port.uplinkWaits = false;
        lost(port, result);
        return true;
    }

    /** Gives a port a frame if it takes it now, whoever waits; who calls this has another way when it does not. */
    void offer(Port port, ScatterList frame, int length) {
        int result = port.rx.deliver(frame, 0, length);
        if (result == NetReceive.DELIVERED) {
            delivered(port, length);
        } else {
            note(port, port.rx.queue().fault());
        }
    }

    private void delivered(Port to, int length) {
        to.count(Port.RX_FRAMES, 1);
        to.count(Port.RX_BYTES, length);
        touch(to);
    }

    private void lost(Port to, int result) {
        switch (result) {
            case NetReceive.NO_BUFFERS -> to.drop(Drop.NO_BUFFERS);
            case NetReceive.TOO_LONG -> to.drop(Drop.TOO_LONG);
            default -> {
                to.drop(Drop.CLOSED);
                note(to, to.rx.queue().fault());
            }
        }
    }

    private static void note(Port port, QueueFault reason) {
        if (reason != QueueFault.NOT_ATTACHED && port.fault() == QueueFault.NONE) {
            port.fault(reason);
        }
    }

    private void touch(Port port) {
        if (!port.touched) {
            port.touched = true;
            touched[touchedCount++] = port;
        }
    }

    /** Shows everyone what was done for them since the last flush, then calls those who want to be called. */
    void flush() {
        int count = touchedCount;
        if (count == 0) {
            return;
        }
        touchedCount = 0;
        // First of all: one whose memory fails below must not keep the others from being touched again.
        for (int i = 0; i < count; i++) {
            touched[i].touched = false;
        }
        // Added up, and taken back behind the call: whom a failure kept from being called is called the next time.
        for (int i = 0; i < count; i++) {
            touched[i].rxPublished |= touched[i].rx.queue().publish();
        }
        for (int i = 0; i < count; i++) {
            touched[i].txPublished |= touched[i].tx.queue().publish();
        }
        // One full fence for all: publishing above, reading the drivers' wishes below (VIRTIO 1.3 section 2.7.7.2).
        SplitQueue.fence();
        for (int i = 0; i < count; i++) {
            Port port = touched[i];
            touched[i] = null;
            if (port.rxPublished && port.rx.queue().shouldCall()) {
                call(port, port.rxCallFd);
            }
            port.rxPublished = false;
            if (port.txPublished && port.tx.queue().shouldCall()) {
                call(port, port.txCallFd);
            }
            port.txPublished = false;
        }
    }

    private void call(Port port, int fd) {
        if (fd >= 0) {
            port.count(Port.CALLS, 1);
            doorbell.ring(fd);
        }
    }

    /** After an error in the middle of a turn: publishes whatever any port has staged. */
    void flushAll() {
        touchedCount = 0;
        for (int i = 0; i < top; i++) {
            if (ports[i] != null) {
                ports[i].touched = false;
                touch(ports[i]);
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
            if (port != null && port.uplinkWaits) {
                next = Math.min(next, port.uplinkSinceNs + UPLINK_PATIENCE_NS);
            }
        }
        return next;
    }
}
