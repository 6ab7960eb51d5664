package eu.mikelangelo.ioplane;

import eu.mikelangelo.ioplane.frame.FlowHash;
import eu.mikelangelo.ioplane.policy.VlanFrame;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.memory.raw.Raw;
import eu.mikelangelo.virtio.Burst;
import eu.mikelangelo.virtio.NetHeaderLayout;
import eu.mikelangelo.virtio.NetTransmit;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * What {@link Switch} does with nearly all frames, in batches: those of one descriptor, from one machine to another
 * whose place is known and that has a buffer of one descriptor for them. It stops before the first frame that is
 * anything else; that one is the switch's general way's.
 *
 * <p>Each step is a loop of its own over the batch, so that the processor waits for many of the guests' cache lines at
 * a time: descriptors; the frames' heads; the receiver's descriptors; its headers; the copies.
 *
 * <p>Threading: the core's thread. Nothing is allocated per frame.
 */
final class QuickPath {
    /** Room for a head: a power of two, at least {@link FrameRules#HEAD_BYTES}. */
    private static final int STRIDE = 128;
    /** The head of a frame on an open switch, of which only the Ethernet header is judged: one cache line. */
    private static final int OPEN_HEAD = 64;
    /** The last four bytes of a header: no checksum's offset, one buffer. */
    private static final int ONE_BUFFER = 1 << 16;
    /** How long a look into the MAC table counts, if that does not change. */
    private static final long KNOWN_NS = 1_000_000_000;

    private final Switch fabric;
    private final Delivery delivery;
    private final FrameRules rules;
    private final MacTable macs;
    private final Burst source = new Burst();
    private final Burst target = new Burst();
    /** The frames' first bytes, which the guest cannot change any more: these are judged, and these are delivered. */
    private final Region[] heads = new Region[Burst.MAX];
    /** Where they are; they keep it alive. */
    private final long staging;
    private final int[] lengths = new int[Burst.MAX];
    private final int[] slots = new int[Burst.MAX];
    /** Of the frames' flows, where some port tells them apart. */
    private final int[] hashes = new int[Burst.MAX];
    private final Spread spread;

    QuickPath(Switch fabric, Delivery delivery, FrameRules rules, MacTable macs) {
        this.fabric = fabric;
        this.delivery = delivery;
        this.rules = rules;
        this.macs = macs;
        spread = new Spread(delivery);
        MemorySegment all = Arena.ofAuto().allocate((long) STRIDE * Burst.MAX, STRIDE);
        staging = all.address();
        for (int i = 0; i < heads.length; i++) {
            heads[i] = new Region(all.asSlice((long) i * STRIDE, STRIDE));
        }
    }

    /** @return how many frames were taken from the queue and delivered */
    int forward(Pair pair, int most, long nowNs) {
        Port from = pair.port;
        // Mirrored frames are few: nobody minds that they take the general way.
        if (from.capture != null || from.rules.trunk()) {
            return 0;
        }
        NetTransmit tx = pair.tx;
        int header = tx.headerSize();
        int listed = tx.list(source, Math.min(most, Burst.MAX));
        if (listed == 0 || header != NetHeaderLayout.SIZE) {
            return 0;
        }
        boolean open = rules.open(from.config());
        if (tx.offloads()) {
            listed = plainHeaders(listed);
        }
        int judged = judge(from, open, fetch(listed, header, open ? OPEN_HEAD : FrameRules.HEAD_BYTES), nowNs);
        if (!from.rules.plain()) {
            judged = maySend(from, judged, nowNs);
        }
        // How many of the frames' flows are known.
        int told = from.flows == null ? 0 : tell(from.flows, pair.index, judged, nowNs);
        int done = 0;
        long bytes = 0;
        while (done < judged) {
            int end = done + 1;
            while (end < judged && slots[end] == slots[done]) {
                end++;
            }
            Port to = fabric.port(slots[done]);
            if (!from.rules.mayReach(to.rules)) {
                break;
            }
            int staged = open ? OPEN_HEAD : FrameRules.HEAD_BYTES;
            int delivered;
            if (to.flows == null) {
                delivered = deliver(to.receiver, done, end, staged, nowNs);
            } else {
                told = hash(Math.max(told, done), end);
                delivered = spread.deliver(this, to, done, end, staged, nowNs);
            }
            bytes += bytes(done, done + delivered);
            done += delivered;
            if (done < end) {
                break;
            }
        }
        if (done > 0) {
            tx.complete(source, done);
            pair.count(Pair.TX_FRAMES, done);
            pair.count(Pair.TX_BYTES, bytes);
            from.rules.sent(done, bytes);
        }
        return done;
    }

    /** Finds out the flows of the frames and notes that they are sent on this queue. @return {@code count} */
    private int tell(Flows flows, int index, int count, long nowNs) {
        hash(0, count);
        for (int i = 0; i < count; i++) {
            flows.sent(hashes[i], index, nowNs);
        }
        return count;
    }

    /** @return {@code end}, or {@code first} when that is behind it */
    private int hash(int first, int end) {
        for (int i = first; i < end; i++) {
            hashes[i] = FlowHash.of(heads[i], lengths[i]);
        }
        return Math.max(first, end);
    }

    /** @return the hash of a frame's flow, for {@link Spread} */
    int hash(int frame) {
        return hashes[frame];
    }

    /** @return bytes of a frame */
    int length(int frame) {
        return lengths[frame];
    }

    /** @return how many of the frames its limits let pass now: all, or one, or none */
    private int maySend(Port from, int count, long nowNs) {
        return count == 0 ? 0 : from.rules.maySend(count, bytes(0, count), nowNs);
    }

    long bytes(int first, int end) {
        long bytes = 0;
        for (int i = first; i < end; i++) {
            bytes += lengths[i];
        }
        return bytes;
    }

    /** @return how many frames leave nothing to us */
    private int plainHeaders(int listed) {
        for (int i = 0; i < listed; i++) {
            if (source.length(i) < NetHeaderLayout.SIZE
                    || !NetHeaderLayout.plain(Raw.u64(source.address(i)))) {
                return i;
            }
        }
        return listed;
    }

    /** Copies the heads. @return how many frames have a fit length */
    private int fetch(int listed, int header, int most) {
        for (int i = 0; i < listed; i++) {
            int length = source.length(i) - header;
            if (length < NetTransmit.MIN_FRAME || length > NetTransmit.MAX_FRAME) {
                return i;
            }
            lengths[i] = length;
            Raw.copy(source.address(i) + header, staging + (long) STRIDE * i, Math.min(length, most));
        }
        return listed;
    }

    /** Judges, learns and looks up. @return how many frames go to a machine whose place is known */
    private int judge(Port from, boolean open, int count, long nowNs) {
        boolean aware = from.rules.aware();
        boolean learns = from.config().mac() == PortConfig.ANY_MAC;
        for (int i = 0; i < count; i++) {
            Region head = heads[i];
            if (open ? !plain(head) : !allowed(head, lengths[i], from)) {
                return i;
            }
            if (aware && VlanFrame.tagged(head)) {
                return i;
            }
            if (learns && !knows(from, FrameRules.source(head), nowNs)) {
                return i;
            }
            int slot = place(from, FrameRules.target(head), nowNs);
            if (slot < 0 || slot == from.slot) {
                return i;
            }
            slots[i] = slot;
        }
        return count;
    }

    /** On an open switch nothing is asked of a frame but that both addresses are those of one card. */
    private static boolean plain(Region head) {
        return ((FrameRules.target(head) | FrameRules.source(head)) >>> 40 & 1) == 0;
    }

    private boolean allowed(Region head, int length, Port from) {
        return rules.judge(head, Math.min(length, FrameRules.HEAD_BYTES), from.config()) == FrameRules.UNICAST;
    }

    /** Learns the source, unless that was done a moment ago. @return false when it may not be used here */
    private boolean knows(Port from, long mac, long nowNs) {
        if (mac == from.learnedMac && from.learnedAt == macs.changes() && nowNs - from.learnedNs < KNOWN_NS) {
            return true;
        }
        if (!macs.learn(mac, from.rules.untagged(), from.slot, nowNs)) {
            return false;
        }
        from.learnedMac = mac;
        from.learnedAt = macs.changes();
        from.learnedNs = nowNs;
        return true;
    }

    private int place(Port from, long mac, long nowNs) {
        if (mac == from.foundMac && from.foundAt == macs.changes() && nowNs - from.foundNs < KNOWN_NS) {
            return from.foundSlot;
        }
        int slot = macs.find(mac, from.rules.untagged(), nowNs);
        from.foundMac = mac;
        from.foundAt = macs.changes();
        from.foundNs = nowNs;
        from.foundSlot = slot;
        return slot;
    }

    /** Delivers the frames from {@code first} to {@code end} to one queue. @return how many */
    private int deliver(Pair to, int first, int end, int staged, long nowNs) {
        Port port = to.port;
        if (port.capture != null || port.rules.trunk() || to.rx.headerSize() != NetHeaderLayout.SIZE) {
            return 0;
        }
        int listed = to.rx.list(target, end - first);
        int count = 0;
        long bytes = 0;
        long earnedNs = 0;
        for (; count < listed; count++) {
            int length = lengths[first + count];
            int needed = NetHeaderLayout.SIZE + length;
            if (target.length(count) < needed) {
                break;
            }
            header(target.address(count));
            target.written(count, needed);
            bytes += length;
            earnedNs += Delivery.EARN_FRAME_NS + (length >> 10) * Delivery.EARN_KIB_NS;
        }
        int allowed = port.rules.plain() || count == 0 ? count : port.rules.mayReceive(count, bytes, nowNs);
        if (allowed < count) {
            // Nothing is taken yet, so that fewer can be listed again.
            return allowed == 0 ? 0 : deliver(to, first, first + allowed, staged, nowNs);
        }
        for (int i = 0; i < count; i++) {
            copy(first + i, target.address(i) + NetHeaderLayout.SIZE, staged);
        }
        if (count > 0) {
            to.rx.complete(target, count);
            port.rules.received(count, bytes);
            delivery.arrived(to, count, bytes, earnedNs, nowNs);
        }
        return count;
    }

    /**
     * Nothing but that one buffer is filled. Mostly the buffer says so from the last time, and its driver has only read
     * that: a line that is not written stays in both cores' caches.
     */
    static void header(long at) {
        if (Raw.u64(at) != 0) {
            Raw.u64(at, 0);
        }
        if (Raw.u32(at + Long.BYTES) != ONE_BUFFER) {
            Raw.u32(at + Long.BYTES, ONE_BUFFER);
        }
    }

    void copy(int frame, long at, int staged) {
        int length = lengths[frame];
        Raw.copy(staging + (long) STRIDE * frame, at, Math.min(length, staged));
        if (length > staged) {
            Raw.copy(source.address(frame) + NetHeaderLayout.SIZE + staged, at + staged, length - staged);
        }
    }
}
