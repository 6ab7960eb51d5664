package eu.mikelangelo.ioplane.policy;

/**
 * What one port may send: its own limit and its machine's. Who is refused waits for {@link #openAtNs}. One thread;
 * nothing is allocated after construction.
 */
final class Gate {
    /** Null: none. */
    private final Limit own;
    private final Share shared;
    private long openAtNs;

    /** Of {@link Share}. */
    Gate next;
    boolean queued;
    long claimEndNs;
    long served;

    private Gate(Limit own, Share shared) {
        this.own = own;
        this.shared = shared;
    }

    /** @return null when there are no limits */
    static Gate of(Limit own, Share shared) {
        return own == null && shared == null ? null : new Gate(own, shared);
    }

    /** @return as {@link Limit#allow} */
    int allow(int count, long bytes, long nowNs) {
        int allowed = own == null ? count : own.allow(count, bytes, nowNs);
        if (allowed == 0) {
            openAtNs = own.openAtNs();
            return 0;
        }
        if (shared != null) {
            int together = shared.allow(this, allowed, bytes, nowNs);
            if (together == 0) {
                // With tokens there, it is another port's turn: asked again in the core's next one.
                openAtNs = Math.max(nowNs, shared.limit().openAtNs());
            }
            return together;
        }
        return allowed;
    }

    void charge(int count, long bytes) {
        if (own != null) {
            own.charge(count, bytes);
        }
        if (shared != null) {
            shared.charge(this, count, bytes);
        }
    }

    /** @return when to ask again, after {@link #allow} said 0 */
    long openAtNs() {
        return openAtNs;
    }

    /** Its turn is over, or it does not come again. */
    void leave() {
        if (shared != null) {
            shared.leave(this);
        }
    }
}
