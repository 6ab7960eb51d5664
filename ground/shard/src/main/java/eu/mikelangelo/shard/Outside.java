package eu.mikelangelo.shard;

import java.util.LinkedHashSet;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The door of a shard for threads that are no shard's: the one place where queues are shared and locked. Any thread.
 */
public final class Outside {
    /** What may wait at the door; more is refused. */
    public static final int LIMIT = 1 << 16;
    private final Shard shard;
    private final ConcurrentLinkedQueue<Runnable> queue = new ConcurrentLinkedQueue<>();
    private final AtomicInteger waiting = new AtomicInteger();
    /** Those inside, for the case that the host is closed before they are done. The shard's alone. */
    private final Set<Visit<?>> inside = new LinkedHashSet<>();
    /** No loop takes anything any more. */
    private volatile boolean ended;

    Outside(Shard shard) {
        this.shard = shard;
    }

    /** Somebody at the door, and then inside. */
    private final class Visit<T> implements Runnable {
        private final Callable<T> operation;
        private final CompletableFuture<T> result = new CompletableFuture<>();

        Visit(Callable<T> operation) {
            this.operation = operation;
        }

        @Override
        public void run() {
            waiting.decrementAndGet();
            inside.add(this);
            shard.fiber(operation).whenDone((value, failure) -> {
                inside.remove(this);
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(failure);
                }
            });
        }

        void refuse() {
            result.completeExceptionally(new RejectedExecutionException("the host is closed"));
        }
    }

    /**
     * Runs an operation on the shard, as a fiber.
     *
     * @return its result; failed with {@link RejectedExecutionException} when the host is closed, or closes before it
     * is
     *     done and does not wait any longer
     * @throws RejectedExecutionException when {@value #LIMIT} wait already
     */
    public <T> CompletableFuture<T> call(Callable<T> operation) {
        if (waiting.incrementAndGet() > LIMIT) {
            waiting.decrementAndGet();
            throw new RejectedExecutionException(LIMIT + " operations wait at the door of " + shard);
        }
        return enter(operation, shard.host().isShut());
    }

    /** As {@link #call}, beyond the limit and while the host closes: for the host's own. */
    <T> CompletableFuture<T> callAnyway(Callable<T> operation) {
        waiting.incrementAndGet();
        return enter(operation, false);
    }

    private <T> CompletableFuture<T> enter(Callable<T> operation, boolean refused) {
        Visit<T> visit = new Visit<>(operation);
        if (refused) {
            waiting.decrementAndGet();
            visit.refuse();
            return visit.result;
        }
        if (!enqueue(visit) || shard.host().isClosed()) {
            visit.refuse();
        }
        return visit.result;
    }

    /**
     * When the loop has ended: nobody is left waiting. Who comes later sees that it has, for that is said first, and
     * who came earlier is in the queue: each is told by one of the two.
     */
    void refuseAll() {
        ended = true;
        for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
            if (task instanceof Visit<?> visit) {
                visit.refuse();
            } else {
                task.run();   // a short one: a buffer that goes home, say
            }
        }
        for (Visit<?> visit : inside) {
            visit.refuse();
        }
    }

    /**
     * Runs a short task on the loop itself, no fiber; it should not throw: that is taken for the loop's own mistake,
     * see {@link Agent#broken}. One that is taken is run; if the loop ends before, then by the thread that closes the
     * host.
     *
     * @return false when the host is closed, and the task is not run
     */
    public boolean enqueue(Runnable task) {
        queue.add(task);
        // Pairs with refuseAll(): there "ended" is stored before the queue is emptied, here it is read after the task
        // was stored.
        if (ended && queue.remove(task)) {
            return false;
        }
        shard.wakeIfAsleep();
        return true;
    }

    int drain(int most) {
        int done = 0;
        for (Runnable task; done < most && (task = queue.poll()) != null; done++) {
            task.run();
        }
        return done;
    }

    boolean hasNews() {
        return !queue.isEmpty();
    }
}
