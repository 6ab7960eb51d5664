package eu.mikelangelo.examples.cache;

import eu.mikelangelo.memory.Region;

/**
 * Answers on their way to one client, bounded by a region. An answer too large for it (a large value) goes into a
 * borrowed buffer when everything before it has been sent, so order is kept and the client's slowness costs one
 * buffer. Unsent bytes never move: a write of them may be under way while more is appended behind. One owner.
 *
 * <pre>{@code
 * int sent = calls.write(fd, output.region().segment(), output.from(), output.length());
 * if (sent > 0) output.sent(sent);
 * }</pre>
 */
public final class Output {
    /** Any answer without a value fits. */
    static final int SMALL = 1024;
    /** Phrases are stored in whole words and may write this much too far. */
    private static final int SLACK = 8;
    /** There is room. */
    public static final int FITS = 0;
    /** There will be room when what stands here has been sent. */
    public static final int FULL = 1;
    /** No buffer is large enough, or none is left: the answer must be given up. */
    public static final int NEVER = 2;
    /** The buffer that it takes is lent to others now, and it is worth waiting. */
    static final int WAITS = 3;

    private final Region home;
    private final Staging staging;
    private Region region;
    private int from;
    private int to;
    private int limit;

    /**
     * @param home at least 4 KiB
     * @param staging lends room for large answers
     */
    public Output(Region home, Staging staging) {
        if (home.size() < 4096 || home.size() > Integer.MAX_VALUE) {
            throw new IllegalArgumentException("an output needs 4 KiB to 2 GiB, not " + home.size() + " bytes");
        }
        this.home = home;
        this.staging = staging;
        use(home);
    }

    private void use(Region next) {
        region = next;
        from = 0;
        to = 0;
        limit = (int) next.size() - SLACK;
    }

    /** Where the unsent bytes are now; asked again before every write. */
    public Region region() {
        return region;
    }

    /** Offset of the first unsent byte. */
    public int from() {
        return from;
    }

    /** Unsent bytes. */
    public int length() {
        return to - from;
    }

    /** The first {@code bytes} of the unsent ones have left. */
    public void sent(int bytes) {
        if (bytes < 0 || bytes > to - from) {
            throw new IllegalArgumentException(bytes + " of " + (to - from) + " bytes cannot have been sent");
        }
        from += bytes;
        if (from == to) {
            drop();
        }
    }

    /** Forgets what was not sent and gives a borrowed buffer back: the client is gone. */
    public void drop() {
        if (region != home) {
            Region lent = region;
            use(home);
            staging.giveBack(lent);
        } else {
            from = 0;
            to = 0;
        }
    }

    /**
     * Appends the answer of another shard.
     *
     * @return {@link #FITS}, or else nothing was appended: {@link #FULL} or {@link #NEVER}
     */
    public int append(Region source, long at, int length) {
        int room = reserve(length);
        if (room == FITS && length > 0) {
            Region.copy(source, at, region, to, length);
            to += length;
        }
        return room;
    }

    /** Whether an answer of so many bytes needs no borrowed buffer. */
    public boolean isSmall(int bytes) {
        return bytes <= home.size() - SLACK;
    }

    /** Makes room for {@code bytes} more: {@link #FITS}, {@link #FULL}, {@link #NEVER} or {@link #WAITS}. */
    int reserve(int bytes) {
        if (to + bytes <= limit) {
            return FITS;
        }
        if (from < to) {
            return FULL;
        }
        drop();
        if (bytes <= limit) {
            return FITS;
        }
        Region lent = staging.borrow(bytes + SLACK);
        if (lent == null) {
            return staging.isWorthWaiting(bytes + SLACK) ? WAITS : NEVER;
        }
        use(lent);
        return FITS;
    }

    /** Where the next byte goes; only after {@link #reserve} said {@link #FITS}. */
    int to() {
        return to;
    }

    /** Everything up to {@code end} has been written. */
    void to(int end) {
        to = end;
    }

    /** Appends a constant; room for {@link #SMALL} was reserved. */
    void put(Phrase phrase) {
        to = phrase.write(region, to);
    }
}
