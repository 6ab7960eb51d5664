package eu.mikelangelo.shard;

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
    private volatile boolean ended;

    Outside(Shard shard) {
        this.shard = shard;
    }

    /**
     * Runs an operation on the shard, as a fiber.
     *
     * @return its result; failed with {@link RejectedExecutionException} when the host is closed
     * @throws RejectedExecutionException when {@value #LIMIT} wait already
     */
    public <T> CompletableFuture<T> call(Callable<T> operation) {
        CompletableFuture<T> result = new CompletableFuture<>();
        if (waiting.incrementAndGet() > LIMIT) {
            waiting.decrementAndGet();
            throw new RejectedExecutionException(LIMIT + " operations wait at the door of " + shard);
        }
        boolean taken = enqueue(() -> {
            waiting.decrementAndGet();
            if (ended) {
                result.completeExceptionally(new RejectedExecutionException("the host is closed"));
                return;
            }
            shard.fiber(operation).whenDone((value, failure) -> {
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(failure);
                }
            });
        });
        if (!taken || shard.host().isClosed()) {
            result.completeExceptionally(new RejectedExecutionException("the host is closed"));
        }
        return result;
    }

    /**
     * Runs a short task on the loop itself, no fiber; it should not throw: that is taken for the loop's own mistake,
     * see {@link Agent#broken}. One that is taken is run; if the loop ends before, then by the thread that closes the host.
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

    /** When the loop has ended: nobody is left waiting. */
    void refuseAll() {
        ended = true;
        for (Runnable task = queue.poll(); task != null; task = queue.poll()) {
            task.run();
        }
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
