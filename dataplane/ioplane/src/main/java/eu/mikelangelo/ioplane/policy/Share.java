package eu.mikelangelo.ioplane.policy;

/**
 * A {@link Limit} that the ports of a machine share evenly: of those who were refused, the one that has sent the least
 * is served first (start-time fair queueing: Goyal, Vin and Cheng 1996). One thread; nothing is allocated after
 * construction.
 */
final class Share {
    /** Who was refused is waited for no longer than this after there are tokens: it may have nothing to send now. */
    private static final long CLAIM_NS = 1_000_000;
    /** What a frame counts beside its bytes. */
    private static final int FRAME_BYTES = 64;

    private final Limit limit;
    /** Who waits; linked through {@link Gate#next}. As many as the machine has ports, so they are looked through. */
    private Gate waiting;
    /** What the one served last had been served before: whoever comes new begins there. */
    private long served;

    private Share(Limit limit) {
        this.limit = limit;
    }

    /** @return null for no limit */
    static Share of(Limit limit) {
        return limit == null ? null : new Share(limit);
    }

    Limit limit() {
        return limit;
    }

    /** @return as {@link Limit#allow} */
    int allow(Gate asker, int count, long bytes, long nowNs) {
        if (!asker.queued) {
            asker.served = Math.max(asker.served, served);
        }
        int allowed = limit.allow(count, bytes, nowNs);
        if (allowed > 0 && first(asker, nowNs)) {
            return allowed;
        }
        // For the time when there are tokens.
        asker.claimEndNs = Math.max(nowNs, limit.openAtNs()) + CLAIM_NS;
        if (!asker.queued) {
            asker.queued = true;
            asker.next = waiting;
            waiting = asker;
        }
        return 0;
    }

    /** Whether nobody waits who has been served less. */
    private boolean first(Gate asker, long nowNs) {
        Gate before = null;
        for (Gate one = waiting; one != null; one = one.next) {
            if (one != asker && nowNs - one.claimEndNs > 0) {
                unlink(before, one);
            } else if (one.served < asker.served) {
                return false;
            } else {
                before = one;
            }
        }
        return true;
    }

    /** What a port sent. */
    void charge(Gate gate, int count, long bytes) {
        limit.charge(count, bytes);
        served = Math.max(served, gate.served);
        gate.served += bytes + (long) count * FRAME_BYTES;
    }

    /** The port's turn is over, or it does not come again. */
    void leave(Gate gate) {
        if (!gate.queued) {
            return;
        }
        Gate before = null;
        for (Gate one = waiting; one != gate; one = one.next) {
            before = one;
        }
        unlink(before, gate);
    }

    /** Its {@link Gate#next} stays, for who is on the way through. */
    private void unlink(Gate before, Gate gate) {
        gate.queued = false;
        if (before == null) {
            waiting = gate.next;
        } else {
            before.next = gate.next;
        }
    }
}
