package eu.mikelangelo.shard;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Callable;

/**
 * What a task inherits from the one that began it: a deadline, and whether it was cancelled. Fibers, continuations and
 * mail carry it; a fiber whose context ends is thrown out of its next or present {@code await} with {@link Ended}.
 *
 * <p>Threading: a context belongs to one shard; mail carries a copy of its deadline.
 */
public final class Context {
    /** What tasks have that were given none: no deadline, never cancelled. */
    public static final Context NONE = new Context(Long.MAX_VALUE);

    private final Context parent;
    private final long deadlineNs;
    private final Set<Fiber<?>> waiting = new LinkedHashSet<>();
    private Ended ended;

    /** Thrown into a fiber whose context has ended. */
    public static final class Ended extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final boolean late;

        Ended(String message, boolean late) {
            super(message);
            this.late = late;
        }

        /** Whether it was the deadline. */
        public boolean isDeadline() {
            return late;
        }
    }

    Context(long deadlineNs) {
        this(null, deadlineNs);
    }

    /** A context within another: it ends with that at the latest. */
    Context(Context parent, long deadlineNs) {
        this.parent = parent == NONE ? null : parent;
        this.deadlineNs = parent == null ? deadlineNs : Math.min(deadlineNs, parent.deadlineNs);
    }

    /**
     * Runs a body on this fiber that is thrown out of what it waits for, with {@link Ended}, after {@code ns}. Fibers
     * begun and calls sent in it have the same deadline.
     */
    public static <T> T within(long ns, Callable<T> body) throws Exception {
        Fiber<?> fiber = Fiber.current("a deadline");
        long now = fiber.shard.nowNs();
        long deadlineNs = now > Long.MAX_VALUE - ns ? Long.MAX_VALUE : now + ns;
        Context before = fiber.change(new Context(fiber.shard.context(), deadlineNs));
        try {
            return body.call();
        } finally {
            fiber.change(before);
        }
    }

    /** The context of what runs now. */
    public static Context current() {
        Shard shard = Shard.current();
        return shard == null ? NONE : shard.context();
    }

    /** In the clock's nanoseconds; {@link Long#MAX_VALUE} without one. */
    public long deadlineNs() {
        return deadlineNs;
    }

    /** Ends it: all fibers in it are thrown out of what they wait for. Twice is no error. */
    public void cancel(String why) {
        end(new Ended(why, false));
    }

    public boolean isEnded() {
        return ended != null;
    }

    void end(Ended why) {
        if (this == NONE) {
            throw new IllegalStateException("what was given no context cannot be cancelled");
        }
        if (ended == null) {
            ended = why;
            for (Fiber<?> fiber : Set.copyOf(waiting)) {
                fiber.ready();
            }
        }
    }

    /** @throws Ended when it has ended */
    void check(long nowNs) {
        if (ended == null && nowNs >= deadlineNs) {
            ended = new Ended("the deadline has passed", true);
        }
        for (Context context = this; context != null; context = context.parent) {
            if (context.ended != null) {
                throw new Ended(context.ended.getMessage(), context.ended.late);
            }
        }
    }

    void enter(Fiber<?> fiber) {
        for (Context context = this; context != null && context != NONE; context = context.parent) {
            context.waiting.add(fiber);
        }
    }

    void leave(Fiber<?> fiber) {
        for (Context context = this; context != null && context != NONE; context = context.parent) {
            context.waiting.remove(fiber);
        }
    }
}
