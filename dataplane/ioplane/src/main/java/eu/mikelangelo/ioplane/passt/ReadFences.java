package eu.mikelangelo.ioplane.passt;

/**
 * Places in the stream to passt that passt must have read before anything behind them is written: the end of each
 * segment with SYN, of either direction's handshake.
 *
 * <p>A passt of before the middle of 2023 (Debian 12 has such a one) takes what it reads at once as one batch, and
 * loops for ever over a batch in which a SYN is the first and not the only segment of its connection (tap.c,
 * tap4_handler, counts the segments that tcp_tap_handler took from an unsigned number of those there were; the first
 * call takes one, the next all). TCP makes such batches where passt is slow: a SYN is sent again after a second. Where
 * a guest accepts it would not, for it has nothing to say before passt has ended the handshake, but we end that in
 * passt's place, see {@link HandshakeAnswer}. And a hostile guest sends what it likes.
 *
 * <p>SYNs of up to {@value #MERGED} connections in a row share one fence.
 *
 * <p>Positions are bytes since the connection was made. Threading: one thread. Nothing is allocated per frame.
 */
public final class ReadFences {
    public static final int FENCES = 64;
    public static final int MERGED = 16;

    private final long[] ends = new long[FENCES];
    /** The connections that share the last fence. */
    private final long[] sharing = new long[MERGED];
    private int first;
    private int count;
    private int sharers;

    /**
     * Puts a fence behind a SYN.
     *
     * @param begin its first byte in the stream
     * @param end the first byte behind it
     * @return false when there are too many fences: it must not be written
     */
    public boolean add(long connection, long begin, long end) {
        if (count > 0 && ends[last()] == begin && sharers < MERGED && !shares(connection)) {
            ends[last()] = end;
            sharing[sharers++] = connection;
            return true;
        }
        if (count == FENCES) {
            return false;
        }
        count++;
        ends[last()] = end;
        sharing[0] = connection;
        sharers = 1;
        return true;
    }

    /** Where the next fence is; {@link Long#MAX_VALUE} when there is none. */
    public long next() {
        return count == 0 ? Long.MAX_VALUE : ends[first];
    }

    /** Takes the next fence away: passt has read all before it. */
    public void pass() {
        first = (first + 1) % FENCES;
        count--;
    }

    public void clear() {
        count = 0;
        sharers = 0;
    }

    private int last() {
        return (first + count - 1) % FENCES;
    }

    private boolean shares(long connection) {
        for (int i = 0; i < sharers; i++) {
            if (sharing[i] == connection) {
                return true;
            }
        }
        return false;
    }
}
