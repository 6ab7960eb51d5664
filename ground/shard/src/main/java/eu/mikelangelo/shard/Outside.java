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
        enqueue(() -> {
            waiting.decrementAndGet();
            shard.fiber(operation).whenDone((value, failure) -> {
                if (failure == null) {
                    result.complete(value);
                } else {
                    result.completeExceptionally(failure);
                }
            });
        });
        if (shard.host().isClosed()) {
            result.completeExceptionally(new RejectedExecutionException("the host is closed"));
        }
        return result;
    }

    /** Runs a short task on the loop. */
    void enqueue(Runnable task) {
        queue.add(task);
        shard.wakeIfAsleep();
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
