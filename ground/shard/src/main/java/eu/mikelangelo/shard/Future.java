package eu.mikelangelo.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;

/**
 * A result that comes later, or has come. It belongs to the shard on which it was made: no other thread may touch it,
 * so there is no atomic instruction in it.
 *
 * <p>On a fiber, {@link #await} gives the result. Elsewhere, {@link #map}, {@link #then} and {@link #whenDone} say what
 * to do with it; what they are given runs in the {@link Lane} and {@link Context} in which it was said, at once when
 * the result is there already, otherwise as a task of its own.
 *
 * @param <T> what comes
 */
public abstract sealed class Future<T> permits Promise, Fiber {
    private static final Object PENDING = new Object();

    final Shard shard;
    /** The value, or the cause of a failure. */
    private Object outcome = PENDING;
    /** Said here, so that a value that another core has made need not be looked at. */
    private boolean failed;
    /** Null, one {@link Waiter}, or a list of them. */
    private Object waiters;

    /** Who is told, on the loop, when a future is done. */
    interface Waiter {
        void ready();
    }

    /** What is done with a result. */
    @FunctionalInterface
    public interface Step<T, R> {
        R apply(T value) throws Exception;
    }

    /** What is done with an outcome; one of the two is null, both when the value is. */
    @FunctionalInterface
    public interface Outcome<T> {
        void accept(T value, Throwable failure) throws Exception;
    }

    /** A failure that is no unchecked exception, as {@link #await} throws it. */
    public static final class Failure extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Failure(Throwable cause) {
            super(cause);
        }
    }

    Future(Shard shard) {
        this.shard = Objects.requireNonNull(shard, "futures are made on a shard");
    }

    /** A future whose value is there. */
    public static <T> Future<T> of(T value) {
        Promise<T> promise = new Promise<>();
        promise.complete(value);
        return promise;
    }

    /** A future that has failed. */
    public static <T> Future<T> failed(Throwable cause) {
        Promise<T> promise = new Promise<>();
        promise.fail(cause);
        return promise;
    }

    /** The values of all, in their order; fails with the first failure, when all are done. */
    public static <T> Future<List<T>> all(List<? extends Future<? extends T>> parts) {
        Promise<List<T>> all = new Promise<>();
        int[] missing = {parts.size()};
        Waiter each = () -> {
            if (--missing[0] == 0) {
                collect(parts, all);
            }
        };
        if (parts.isEmpty()) {
            all.complete(List.of());
        }
        for (Future<? extends T> part : parts) {
            part.tell(each);
        }
        return all;
    }

    private static <T> void collect(List<? extends Future<? extends T>> parts, Promise<List<T>> into) {
        List<T> values = new ArrayList<>(parts.size());
        for (Future<? extends T> part : parts) {
            if (part.failure() != null) {
                into.fail(part.failure());
                return;
            }
            values.add(part.value());
        }
        into.complete(values);
    }

    public final boolean isDone() {
        assert shard.isCurrent() : "a future is its shard's alone";
        return outcome != PENDING;
    }

    /** Why it failed; null when it did not, or is not done. */
    public final Throwable failure() {
        return failed ? (Throwable) outcome : null;
    }

    /** The value of a future that is done. @throws IllegalStateException when it is not; its failure when it failed */
    @SuppressWarnings("unchecked")
    public final T value() {
        if (outcome == PENDING) {
            throw new IllegalStateException("not done; on a fiber, await() waits");
        }
        if (failed) {
            throw rethrow((Throwable) outcome);
        }
        return (T) outcome;
    }

    /**
     * Parks this fiber until the result is there; the shard does other work meanwhile.
     *
     * @return the value
     * @throws IllegalStateException on a loop, where waiting would never end
     * @throws Context.Ended when the fiber's context is cancelled or past its deadline
     * @throws Failure around a failure that is a checked exception; unchecked ones as they are
     */
    public final T await() {
        assert shard.isCurrent() : "a future is its shard's alone";
        if (outcome == PENDING) {
            Fiber.current("await").waitFor(this);
        }
        return value();
    }

    /**
     * As {@link #await}, whatever becomes of the fiber's context: for what must not be left behind, such as a buffer
     * that the kernel still uses.
     */
    public final T awaitAnyway() {
        if (!isDone()) {
            Fiber.current("await").waitAnyway(this);
        }
        return value();
    }

    /** What the step makes of the value; failures pass by it. */
    public final <R> Future<R> map(Step<? super T, ? extends R> step) {
        Promise<R> result = new Promise<>();
        whenDone((value, failure) -> {
            if (failure != null) {
                result.fail(failure);
            } else {
                result.take(step, value);
            }
        });
        return result;
    }

    /** As {@link #map}, for a step whose result comes later itself. */
    public final <R> Future<R> then(Step<? super T, ? extends Future<R>> step) {
        Promise<R> result = new Promise<>();
        whenDone((value, failure) -> {
            if (failure != null) {
                result.fail(failure);
                return;
            }
            Future<R> inner;
            try {
                inner = step.apply(value);
            } catch (Throwable thrown) {
                result.fail(thrown);
                return;
            }
            inner.tell(() -> result.copy(inner));
        });
        return result;
    }

    /** What the step makes of the failure; values pass by it. */
    public final Future<T> recover(Step<? super Throwable, ? extends T> step) {
        Promise<T> result = new Promise<>();
        whenDone((value, failure) -> {
            if (failure == null) {
                result.complete(value);
            } else {
                result.take(step, failure);
            }
        });
        return result;
    }

    /** Says what to do when it is done; what it throws is recorded in {@link Host#errors}. */
    public final void whenDone(Outcome<? super T> then) {
        Task task = new Task(shard, () -> {
            if (failed) {
                then.accept(null, (Throwable) outcome);
            } else {
                then.accept(value(), null);
            }
        });
        if (isDone()) {
            task.run();
        } else {
            tell(task);
        }
    }

    /** Tells a waiter when it is done, at once when it is. */
    final void tell(Waiter waiter) {
        if (isDone()) {
            waiter.ready();
        } else if (waiters == null) {
            waiters = waiter;
        } else if (waiters instanceof ArrayList<?>) {
            list().add(waiter);
        } else {
            ArrayList<Waiter> both = new ArrayList<>(4);
            both.add((Waiter) waiters);
            both.add(waiter);
            waiters = both;
        }
    }

    /** A waiter that has lost its patience. */
    final void untell(Waiter waiter) {
        if (waiters == waiter) {
            waiters = null;
        } else if (waiters instanceof ArrayList<?>) {
            list().remove(waiter);
        }
    }

    @SuppressWarnings("unchecked")
    private ArrayList<Waiter> list() {
        return (ArrayList<Waiter>) waiters;
    }

    /** @return false when it was done before */
    final boolean settle(Object value) {
        return settle(value, false);
    }

    /** The answer to a call; by mail. */
    final void arrive(Object value) {
        Task task = waiters instanceof Task one ? one : null;
        waiters = task == null ? waiters : null;
        settle(value, false);
        if (task != null) {
            task.readyByMail();
        }
    }

    /** @return false when it was done before */
    final boolean settleFailed(Throwable cause) {
        return settle(Objects.requireNonNull(cause, "a failure has a cause"), true);
    }

    private boolean settle(Object came, boolean asFailure) {
        assert shard.isCurrent() : "a future is its shard's alone";
        if (outcome != PENDING) {
            return false;
        }
        outcome = came;
        failed = asFailure;
        Object told = waiters;
        waiters = null;
        if (told instanceof Waiter one) {
            one.ready();
        } else if (told != null) {
            for (Object each : (ArrayList<?>) told) {
                ((Waiter) each).ready();
            }
        }
        return true;
    }

    /** Takes over the outcome of a future that is done. */
    final void copy(Future<? extends T> of) {
        settle(of.outcome, of.failed);
    }

    static RuntimeException rethrow(Throwable cause) {
        if (cause instanceof Error error) {
            throw error;
        }
        return cause instanceof RuntimeException unchecked ? unchecked : new Failure(cause);
    }
}
