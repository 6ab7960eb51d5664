package eu.mikelangelo.ioplane;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.virtio.ScatterList;
import java.lang.foreign.Arena;

/**
 * The connections that passt has opened towards a guest and that the guest has not answered yet. passt sends a SYN once
 * and gives up after ten seconds; one that a guest cannot hear, because it still boots, would keep its client
 * waiting for as long. So the SYN is kept and offered again until the guest accepts or refuses it.
 *
 * <p>At most {@value #SLOTS} are kept; further ones go their way only once. A SYN that comes twice is nothing new to
 * TCP (RFC 9293, section 3.10.7).
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
final class PendingSyns {
    static final int SLOTS = 16;
    /** No SYN is longer: headers of IPv4 and TCP with all options, behind Ethernet's. */
    static final int SLOT_BYTES = FrameRules.ETHER_HEADER + 60 + 60;
    static final long RETRY_NS = 25_000_000;
    /** passt's own limit (tcp.c, SYN_TIMEOUT): later the connection is gone. */
    static final long LIFE_NS = 10_000_000_000L;

    private static final int SYN = 0x02;
    private static final int RST = 0x04;
    private static final int ACK = 0x10;

    private final Region store = new Region(Arena.ofAuto().allocate((long) SLOTS * SLOT_BYTES, 8));
    /** 0 for a free slot. */
    private final int[] lengths = new int[SLOTS];
    private final int[] tcps = new int[SLOTS];
    private final long[] sinceNs = new long[SLOTS];
    private final long[] nextNs = new long[SLOTS];
    private int count;

    boolean isEmpty() {
        return count == 0;
    }

    /** A frame goes to the guest: keeps it when it opens a connection. */
    void outward(Region frame, long at, int length, long nowNs) {
        int tcp = tcp(frame, at, length);
        if (tcp < 0 || length > SLOT_BYTES || (frame.u8(at + tcp + 13) & (SYN | ACK | RST)) != SYN) {
            return;
        }
        int free = -1;
        for (int i = 0; i < SLOTS; i++) {
            if (lengths[i] == 0) {
                free = i;
            } else if (same(i, frame, at, tcp, false)) {
                return;
            }
        }
        if (free >= 0) {
            Region.copy(frame, at, store, (long) free * SLOT_BYTES, length);
            lengths[free] = length;
            tcps[free] = tcp;
            sinceNs[free] = nowNs;
            nextNs[free] = nowNs + RETRY_NS;
            count++;
        }
    }

    /** A frame comes from the guest: forgets the connection that it accepts or refuses. */
    void inward(Region frame, long at, int length) {
        if (count == 0) {
            return;
        }
        int tcp = tcp(frame, at, length);
        if (tcp < 0) {
            return;
        }
        int flags = frame.u8(at + tcp + 13);
        if ((flags & RST) == 0 && (flags & (SYN | ACK)) != (SYN | ACK)) {
            return;
        }
        for (int i = 0; i < SLOTS; i++) {
            if (lengths[i] != 0 && same(i, frame, at, tcp, true)) {
                forget(i);
            }
        }
    }

    /**
     * Lists the next SYN that is due again; those too old are forgotten.
     *
     * @return its length; 0 when none is due
     */
    int due(ScatterList list, long nowNs) {
        for (int i = 0; i < SLOTS && count > 0; i++) {
            if (lengths[i] != 0 && nowNs - sinceNs[i] >= LIFE_NS) {
                forget(i);
            } else if (lengths[i] != 0 && nowNs - nextNs[i] >= 0) {
                nextNs[i] = nowNs + RETRY_NS;
                list.clear();
                list.add(store, (long) i * SLOT_BYTES, lengths[i]);
                return lengths[i];
            }
        }
        return 0;
    }

    /** When the next one is due; {@link Long#MAX_VALUE} when nothing is kept. */
    long deadlineNs() {
        long next = Long.MAX_VALUE;
        for (int i = 0; i < SLOTS && count > 0; i++) {
            if (lengths[i] != 0) {
                next = Math.min(next, nextNs[i]);
            }
        }
        return next;
    }

    /** The connection to passt is new: what the old one opened is gone. */
    void clear() {
        for (int i = 0; i < SLOTS; i++) {
            lengths[i] = 0;
        }
        count = 0;
    }

    private void forget(int slot) {
        lengths[slot] = 0;
        count--;
    }

    /** Whether a frame belongs to the kept connection; {@code back} when it goes the other way. */
    private boolean same(int slot, Region frame, long at, int tcp, boolean back) {
        long kept = (long) slot * SLOT_BYTES;
        int ip = FrameRules.ETHER_HEADER;
        int source = store.u32(kept + ip + 12);
        int target = store.u32(kept + ip + 16);
        int ports = store.u32(kept + tcps[slot]);
        int fromSource = frame.u32(at + ip + 12);
        int fromTarget = frame.u32(at + ip + 16);
        int fromPorts = frame.u32(at + tcp);
        return back ? source == fromTarget && target == fromSource && ports == Integer.rotateLeft(fromPorts, 16)
                : source == fromSource && target == fromTarget && ports == fromPorts;
    }

    /** @return where TCP's header begins in the frame, -1 when it is no whole, unfragmented TCP over IPv4 */
    private static int tcp(Region frame, long at, int length) {
        int ip = FrameRules.ETHER_HEADER;
        if (length < ip + 40 || (frame.u8(at + 12) << 8 | frame.u8(at + 13)) != FrameRules.TYPE_IPV4
                || frame.u8(at + ip) >>> 4 != 4 || frame.u8(at + ip + 9) != 6
                || (frame.u8(at + ip + 6) & 0x3f | frame.u8(at + ip + 7)) != 0) {
            return -1;
        }
        int header = (frame.u8(at + ip) & 0xf) * 4;
        return header < 20 || length < ip + header + 20 ? -1 : ip + header;
    }
}
