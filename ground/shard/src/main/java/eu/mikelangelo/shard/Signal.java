package eu.mikelangelo.shard;

/**
 * A flag that one fiber waits for and anything on the shard raises. It is lowered by being waited for, so it can be
 * used
 * again and again, and waiting allocates nothing.
 *
 * <p>Threading: one shard's alone; one fiber waits at a time.
 */
public final class Signal {
    private Fiber<?> waiting;
    private boolean raised;

    /** Lets the fiber that waits, or the next one to wait, go on. Twice is as once. */
    public void raise() {
        raised = true;
        if (waiting != null) {
            waiting.ready();
        }
    }

    /** Takes a raised flag back. */
    public void lower() {
        raised = false;
    }

    public boolean isRaised() {
        return raised;
    }

    /**
     * Parks this fiber until the flag is raised, and lowers it.
     *
     * @throws IllegalStateException off a fiber, or when another waits
     * @throws Context.Ended when the fiber's context ends first
     */
    public void await() {
        if (!raised) {
            Fiber<?> fiber = Fiber.current("await");
            if (waiting != null) {
                throw new IllegalStateException("another fiber waits for this signal");
            }
            waiting = fiber;
            try {
                fiber.park(this);
            } finally {
                waiting = null;
            }
        }
        raised = false;
    }
}
