package eu.mikelangelo.ioplane.policy;

/**
 * A {@link Limit} that the ports of a machine share. Who was refused is served before who comes after, a turn each, so
 * that no port lives on what another earned. One thread; nothing is allocated after construction.
 */
final class Share {
    /** Who was refused is waited for no longer than this after there are tokens: it may have nothing to send now. */
    private static final long CLAIM_NS = 1_000_000;

    private final Limit limit;
    /** Who waits, in order; linked through {@link Gate#next}. */
    private Gate first;
    private Gate last;

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
        int allowed = limit.allow(count, bytes, nowNs);
        if (allowed > 0) {
            while (first != null && first != asker && nowNs - first.claimEndNs > 0) {
                dequeue();
            }
            if (first == null || first == asker) {
                return allowed;
            }
        }
        enqueue(asker, Math.max(nowNs, limit.openAtNs()) + CLAIM_NS);
        return 0;
    }

    /** The port's turn is over: another's begins. */
    void turnOver(Gate gate) {
        if (first == gate) {
            dequeue();
        }
    }

    /** The port does not come again. */
    void leave(Gate gate) {
        for (Gate one = first, before = null; one != null; before = one, one = one.next) {
            if (one == gate) {
                if (before == null) {
                    dequeue();
                } else {
                    before.next = gate.next;
                    last = last == gate ? before : last;
                    gate.next = null;
                    gate.queued = false;
                }
                return;
            }
        }
    }

    private void enqueue(Gate gate, long claimEndNs) {
        if (!gate.queued) {
            gate.queued = true;
            gate.claimEndNs = claimEndNs;
            if (first == null) {
                first = gate;
            } else {
                last.next = gate;
            }
            last = gate;
        }
    }

    private void dequeue() {
        Gate gate = first;
        first = gate.next;
        last = first == null ? null : last;
        gate.next = null;
        gate.queued = false;
    }
}
