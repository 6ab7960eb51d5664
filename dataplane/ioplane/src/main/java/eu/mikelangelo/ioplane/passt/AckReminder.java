package eu.mikelangelo.ioplane.passt;

import eu.mikelangelo.virtio.ScatterList;

/**
 * Reminds passt of an ACK that was lost on its way to the guest: with a plane that was killed, or in a guest that had
 * no buffer for it.
 *
 * <p>passt (seen in versions of 2023 to 2025) takes the way to its guest for lossless: data that it has acknowledged
 * and sees again it drops without a word. The guest sends the same segment again and again, nothing else, and the
 * connection stands still until the other side says something. What passt does answer is data from the future: with
 * a duplicate ACK (RFC 5681, section 3.2), which is what the guest needs. So behind each segment that the guest sends
 * again goes one of ours with a byte {@value #FUTURE_BYTES} bytes ahead. passt keeps no data that does not follow what
 * it has, and what it reads at once is far less than that: the byte is never used.
 *
 * <p>A connection that is not in the table (of before this plane, or pushed out by another) gets one reminder as well.
 * At most {@value #MAX_PER_SECOND} are sent in a second, so that connections that push each other out cost little.
 *
 * <p>Threading: one thread. Nothing is allocated per frame.
 */
public final class AckReminder {
    /** Within the 16 MiB that passt takes for the future, above what a Unix socket and a batch of passt hold. */
    public static final int FUTURE_BYTES = 8 << 20;
    public static final int MAX_PER_SECOND = 200;
    private static final long SECOND_NS = 1_000_000_000L;
    private static final int SLOTS = 512;

    private final long[] connections = new long[SLOTS];
    /** The sequence number behind the last byte that was sent on it. */
    private final int[] ends = new int[SLOTS];
    private final TcpFrame reminder = new TcpFrame();
    private long secondNs;
    private int sent;

    /**
     * @param segment what the guest sends to the uplink
     * @return true when passt is to be reminded; {@link #frame} has the frame for it until the next call
     */
    public boolean reminds(TcpHead segment, long nowNs) {
        int bytes = segment.payload();
        boolean begins = segment.has(TcpHead.SYN);
        if (!begins && bytes == 0 || segment.has(TcpHead.RST)) {
            return false;
        }
        long connection = segment.connection();
        int slot = slot(connection);
        int end = segment.sequence() + bytes + (begins ? 1 : 0);
        boolean known = connections[slot] == connection;
        boolean again = known && end - ends[slot] <= 0;
        if (begins || !again) {
            connections[slot] = connection;
            ends[slot] = end;
        }
        if (begins || known && !again || !segment.has(TcpHead.ACK) || !mayRemind(nowNs)) {
            return false;
        }
        reminder.make(segment, false, end + FUTURE_BYTES, segment.acknowledged(), segment.window(), 1);
        return true;
    }

    private static int slot(long connection) {
        // Fibonacci hashing: ports differ in their low bits, and the highest of the product depend on all.
        return (int) (connection * 0x9e3779b97f4a7c15L >>> 64 - Integer.numberOfTrailingZeros(SLOTS));
    }

    private boolean mayRemind(long nowNs) {
        if (nowNs - secondNs >= SECOND_NS) {
            secondNs = nowNs;
            sent = 0;
        }
        return sent++ < MAX_PER_SECOND;
    }

    /** Makes a list of the reminder alone. @return its length */
    public int frame(ScatterList list) {
        return reminder.frame(list);
    }
}
