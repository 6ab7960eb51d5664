package eu.mikelangelo.ioplane.passt;

import eu.mikelangelo.ioplane.frame.EtherLayout;
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
public final class PendingSyns {
    public static final int SLOTS = 16;
    /** No SYN is longer: headers of IPv4 and TCP with all options, behind Ethernet's. */
    public static final int SLOT_BYTES = EtherLayout.ETHER_HEADER + 60 + 60;
    public static final long RETRY_NS = 25_000_000;
    /** passt's own limit (tcp.c, SYN_TIMEOUT): later the connection is gone. */
    public static final long LIFE_NS = 10_000_000_000L;

    private final Region store = new Region(Arena.ofAuto().allocate((long) SLOTS * SLOT_BYTES, 8));
    /** 0 for a free slot. */
    private final int[] lengths = new int[SLOTS];
    private final long[] connections = new long[SLOTS];
    private final long[] sinceNs = new long[SLOTS];
    private final long[] nextNs = new long[SLOTS];
    private int count;

    public boolean isEmpty() {
        return count == 0;
    }

    /** A segment goes to the guest: keeps it when it opens a connection, forgets the connection that it resets. */
    public void outward(TcpHead segment, int frameBytes, long nowNs) {
        if (segment.has(TcpHead.RST)) {
            forget(segment.connectionToGuest());
            return;
        }
        if (!segment.has(TcpHead.SYN) || segment.has(TcpHead.ACK)) {
            return;
        }
        long connection = segment.connectionToGuest();
        int free = -1;
        for (int i = 0; i < SLOTS; i++) {
            if (lengths[i] == 0) {
                free = i;
            } else if (connections[i] == connection) {
                return;
            }
        }
        if (free >= 0 && frameBytes <= SLOT_BYTES) {
            Region.copy(segment.memory(), segment.start(), store, (long) free * SLOT_BYTES, frameBytes);
            lengths[free] = frameBytes;
            connections[free] = connection;
            sinceNs[free] = nowNs;
            nextNs[free] = nowNs + RETRY_NS;
            count++;
        }
    }

    /** A segment comes from the guest: forgets the connection that it accepts or refuses. */
    public void inward(TcpHead segment) {
        if (count > 0 && (segment.has(TcpHead.RST) || segment.accepts())) {
            forget(segment.connection());
        }
    }

    private void forget(long connection) {
        for (int i = 0; i < SLOTS; i++) {
            if (lengths[i] != 0 && connections[i] == connection) {
                forget(i);
            }
        }
    }

    /**
     * Lists the next SYN that is due again; those too old are forgotten.
     *
     * @return its length; 0 when none is due
     */
    public int due(ScatterList list, long nowNs) {
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
    public long deadlineNs() {
        long next = Long.MAX_VALUE;
        for (int i = 0; i < SLOTS && count > 0; i++) {
            if (lengths[i] != 0) {
                next = Math.min(next, nextNs[i]);
            }
        }
        return next;
    }

    /** The connection to passt is new: what the old one opened is gone. */
    public void clear() {
        for (int i = 0; i < SLOTS; i++) {
            lengths[i] = 0;
        }
        count = 0;
    }

    private void forget(int slot) {
        lengths[slot] = 0;
        count--;
    }
}
