package eu.mikelangelo.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;

/**
 * Fibers that begin and end within one block. When one fails the others are cancelled; none outlives the block.
 * {@snippet :
 * try (Together both = new Together()) {
 *     Fiber<String> a = both.fork(() -> left());
 *     Fiber<String> b = both.fork(() -> right());
 *     both.join();
 *     use(a.value(), b.value());
 * }
 * }
 *
 * <p>Threading: on one fiber; the children are on the same shard.
 */
public final class Together implements AutoCloseable {
    private final Fiber<?> owner = Fiber.current("a group of fibers");
    private final Context context = new Context(owner.shard.context(), Long.MAX_VALUE);
    private final List<Fiber<?>> children = new ArrayList<>();
    private Throwable first;

    /** Begins a child in the lane of the caller. */
    public <T> Fiber<T> fork(Callable<? extends T> body) {
        Fiber<T> child = owner.shard.fiber(owner.shard.lane(), context, body);
        children.add(child);
        child.tell(() -> {
            if (child.failure() != null && first == null) {
                first = child.failure();
                context.cancel("another fiber of the group failed: " + first);
            }
        });
        return child;
    }

    /** Waits for all. @throws RuntimeException the first failure, as {@link Future#await} throws it */
    public void join() {
        try {
            for (Fiber<?> child : children) {
                if (!child.isDone()) {
                    owner.waitFor(child);
                }
            }
        } catch (Context.Ended ended) {
            context.cancel(ended.getMessage());
            throw ended;
        }
        if (first != null) {
            throw Future.rethrow(first);
        }
    }

    /** Cancels those that still run and waits for their end. */
    @Override
    public void close() {
        context.cancel("the block has ended");
        for (Fiber<?> child : children) {
            owner.waitAnyway(child);
        }
    }
}
