package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.link.HostLink;
import eu.mikelangelo.ioplane.offload.Admission;
import eu.mikelangelo.ioplane.offload.Finisher;
import eu.mikelangelo.ioplane.policy.PortRules;
import eu.mikelangelo.ioplane.policy.VlanFrame;
import eu.mikelangelo.virtio.NetOffload;
import eu.mikelangelo.virtio.NetReceive;
import eu.mikelangelo.virtio.NetTransmit;
import eu.mikelangelo.virtio.ScatterList;

/**
 * Gives a port a frame: the receiving half of the {@link Switch}.
 *
 * <p>What the sender left to do on a frame (checksum, segments) is left to a receiver whose driver takes that; for
 * another one it is done here, which costs a second copy ({@link Finisher}).
 *
 * <p><b>A receiver without buffers.</b> A unicast frame stays in the sender's ring, and its sender's other frames
 * behind it, while the receiver has patience left; then it is dropped and counted. Patience is earned by taking
 * frames: {@value #EARN_FRAME_NS} ns a frame and {@value #EARN_KIB_NS} ns a KiB, at most 2 ms. So a busy receiver
 * loses nothing over a short pause, while one that takes little can hold its peers up no longer than it would take to
 * send it that little at some 32 MB/s. Flooded frames never wait.
 *
 * <p>Threading: the core's thread. Nothing is allocated per frame.
 */
final class Delivery {
    static final long EARN_FRAME_NS = 20_000;
    static final long EARN_KIB_NS = 30_000;
    /**
     * How long a frame from the uplink waits for its port. Only the port's own traffic is behind it, and passt takes
     * this way for lossless, so it is long: a guest on a busy host may not run for some hundred milliseconds.
     */
    static final long UPLINK_PATIENCE_NS = 2_000_000_000;

    /** What a delivery may come to beyond {@link NetReceive#deliver}'s answers. */
    private static final int OVER_RATE = 100;
    private static final int DOUBLE_TAGGED = 101;

    private final Publication shown;
    private final VlanFrame vlans;
    private final Finisher finisher = new Finisher();
    private final NetOffload finished = new NetOffload();
    /** Frames made in this burst of others, for ports that do not take those as they are. */
    private int made;
    /** Frames that were made of the one handed out last; 0 when it went as it was. */
    private int parts;
    /** And their bytes. */
    private int partBytes;

    /** @param vlans has the tag of the frame in hands */
    Delivery(Publication shown, VlanFrame vlans) {
        this.shown = shown;
        this.vlans = vlans;
    }

    /** A burst begins. */
    void begin() {
        made = 0;
    }

    /** @return frames made of others since {@link #begin} */
    int made() {
        return made;
    }

    /** @return what outlets finish frames with */
    Finisher finisher() {
        return finisher;
    }

    /** @return false when the frame has to wait where it is */
    boolean unicast(Pair from, Pair to, ScatterList frame, int length, NetOffload offload, long nowNs) {
        int result = deliver(to, frame, length, offload, from.frameParts, nowNs);
        if (parts > 0) {
            earn(to, parts * EARN_FRAME_NS + (partBytes >> 10) * EARN_KIB_NS, nowNs);
        } else if (result == NetReceive.DELIVERED) {
            earn(to, EARN_FRAME_NS + (length >> 10) * EARN_KIB_NS, nowNs);
        }
        if (result == NetReceive.DELIVERED) {
            return true;
        }
        if (result == NetReceive.NO_BUFFERS && to.port.link == null && patient(to, nowNs)) {
            from.frameParts += parts;
            from.waitsFor = to;
            return false;
        }
        lost(to, result);
        return true;
    }

    /** One of a flooded frame's copies. @return frames that were made of it; 0 when it went as it was */
    int copy(Pair to, ScatterList frame, int length, NetOffload offload, long nowNs) {
        int result = deliver(to, frame, length, offload, 0, nowNs);
        if (result != NetReceive.DELIVERED) {
            lost(to, result);
        }
        return parts;
    }

    /** Frames from other machines were delivered. @param earnedNs the patience that their receiver earned by that */
    void arrived(Pair to, int frames, long bytes, long earnedNs, long nowNs) {
        earn(to, earnedNs, nowNs);
        delivered(to, frames, bytes);
    }

    private static void earn(Pair to, long earnedNs, long nowNs) {
        if (to.awaited) {
            to.awaited = false;
            to.patienceNs = Math.max(0, to.patienceNs - (nowNs - to.awaitedSinceNs));
        }
        to.patienceNs = Math.min(Pair.MAX_PATIENCE_NS, to.patienceNs + earnedNs);
    }

    private static boolean patient(Pair to, long nowNs) {
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

    /** As {@link #hand}, of another port's frame: in this one's form of it and within its limits. */
    private int deliver(Pair to, ScatterList frame, int length, NetOffload offload, int had, long nowNs) {
        PortRules asked = to.port.rules;
        if (asked.plain()) {
            return hand(to, frame, length, offload, had, nowNs);
        }
        parts = 0;
        partBytes = 0;
        if (asked.mayReceive(1, length, nowNs) == 0) {
            return OVER_RATE;
        }
        ScatterList form = asked.aware() ? vlans.leave(asked, frame) : frame;
        if (form == null) {
            return DOUBLE_TAGGED;
        }
        int longer = form == frame ? 0 : VlanFrame.TAG_BYTES;
        if (length + longer > NetTransmit.MAX_FRAME) {
            return NetReceive.TOO_LONG;
        }
        offload.shift(longer);
        int result = hand(to, form, length + longer, offload, had, nowNs);
        // The next port may get it in another form.
        offload.shift(-longer);
        charge(asked, result, length + longer);
        return result;
    }

    private void charge(PortRules asked, int result, int length) {
        if (parts > 0) {
            asked.received(parts, partBytes);
        } else if (result == NetReceive.DELIVERED) {
            asked.received(1, length);
        }
    }

    /**
     * Gives a port a frame, finished first when its driver does not take it as it is.
     *
     * @param had frames made of this one that the port has had already
     * @return as {@link NetReceive#deliver}; {@link #parts} says how many parts more it has had
     */
    private int hand(Pair to, ScatterList list, int length, NetOffload offload, int had, long nowNs) {
        parts = 0;
        partBytes = 0;
        if (to.port.link != null) {
            return handLink(to, list, length, offload, nowNs);
        }
        if (had == 0 && to.rx.takes(offload)) {
            int result = to.rx.deliver(list, 0, length, offload);
            if (result == NetReceive.DELIVERED) {
                delivered(to, list, length, nowNs);
            }
            // Buffers too small for a long segment may be large enough for what is made of it.
            if (result != NetReceive.TOO_LONG || !offload.segmented()) {
                return result;
            }
        }
        int result = finisher.deliver(to.rx, list, length, offload, had, to.port.capture, nowNs);
        parts = finisher.frames();
        partBytes = finisher.bytes();
        made += parts;
        if (parts > 0) {
            delivered(to, parts, partBytes);
        }
        return result;
    }

    /** The same for an interface of the host, for which nothing waits. */
    private int handLink(Pair to, ScatterList list, int length, NetOffload offload, long nowNs) {
        HostLink link = to.port.link;
        if (link.takes(offload)) {
            int result = link.deliver(list, 0, length, offload);
            if (result == NetReceive.DELIVERED) {
                delivered(to, list, length, nowNs);
            }
            return result;
        }
        finisher.begin(list, length, offload);
        for (int bytes = finisher.next(); bytes > 0; bytes = finisher.next()) {
            int result = link.deliver(finisher.list(), 0, bytes, finished);
            if (result != NetReceive.DELIVERED) {
                return result;
            }
            made++;
            parts++;
            partBytes += bytes;
            delivered(to, finisher.list(), bytes, nowNs);
        }
        return NetReceive.DELIVERED;
    }

    /** As {@link Switch#fromUplink(Port, ScatterList, int, long)}. */
    boolean fromUplink(Pair to, ScatterList arrived, int length, long nowNs) {
        return fromUplink(to, arrived, length, finished, nowNs);
    }

    /** The same for a frame with work left to do, which {@link Admission} let pass. */
    boolean fromUplink(Pair to, ScatterList arrived, int length, NetOffload offload, long nowNs) {
        Port port = to.port;
        if (!port.rules.plain() && !port.rules.uplinkMay(nowNs)) {
            port.uplinkWaits = false;
            return false;
        }
        int result = hand(to, arrived, length, offload, port.uplinkParts, nowNs);
        charge(port.rules, result, length);
        if (result == NetReceive.DELIVERED) {
            port.uplinkWaits = false;
            to.uplinkStalled = false;
            port.uplinkParts = 0;
            return true;
        }
        if (result == NetReceive.NO_BUFFERS && !to.uplinkStalled) {
            if (!port.uplinkWaits) {
                port.uplinkWaits = true;
                port.uplinkSinceNs = nowNs;
            }
            port.uplinkFor = to;
            if (nowNs - port.uplinkSinceNs < UPLINK_PATIENCE_NS) {
                if (parts > 0) {
                    port.uplinkParts += parts;
                    shown.flush();
                }
                return false;
            }
            to.uplinkStalled = true;
        }
        port.uplinkWaits = false;
        port.uplinkParts = 0;
        lost(to, result);
        return true;
    }

    /** Gives a port a frame if it takes it now, whoever waits; who calls this has another way when it does not. */
    void offer(Pair to, ScatterList frame, int length, long nowNs) {
        int result = to.rx.deliver(frame, 0, length);
        if (result == NetReceive.DELIVERED) {
            to.port.rules.received(1, length);
            delivered(to, frame, length, nowNs);
        } else {
            to.port.note(to.rx.queue().fault());
        }
    }

    private void delivered(Pair to, ScatterList bytes, int length, long nowNs) {
        if (to.port.capture != null) {
            to.port.capture.frame(bytes, length, false, nowNs);
        }
        delivered(to, 1, length);
    }

    private void delivered(Pair to, int frames, long bytes) {
        to.count(Pair.RX_FRAMES, frames);
        to.count(Pair.RX_BYTES, bytes);
        shown.touch(to);
    }

    private static void lost(Pair to, int result) {
        switch (result) {
            case NetReceive.NO_BUFFERS -> to.drop(to.port.link == null ? Drop.NO_BUFFERS : Drop.UPLINK_FULL);
            case NetReceive.TOO_LONG -> to.drop(Drop.TOO_LONG);
            case OVER_RATE -> to.drop(Drop.OVER_RATE);
            case DOUBLE_TAGGED -> to.drop(Drop.DOUBLE_TAGGED);
            default -> {
                to.drop(to.port.link == null ? Drop.CLOSED : Drop.UPLINK_DOWN);
                to.port.note(to.rx.queue().fault());
            }
        }
    }
}
