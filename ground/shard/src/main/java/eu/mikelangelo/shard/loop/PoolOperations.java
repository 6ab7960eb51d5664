package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Clock;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;

/** Operations that the threads of a {@link FilePool} carry out, for a loop without a ring. */
public final class PoolOperations extends Operations {
    private static final long CLOSE_NS = 2_000_000_000L;
    private static final long CLOSE_STEP_NS = 100_000;
    private final FilePool pool;
    private final Consumer<Runnable> door;
    private final ConcurrentLinkedQueue<Operation> carriedOut = new ConcurrentLinkedQueue<>();
    private final Runnable taking = this::take;

    /** @param door runs something on the loop; from any thread */
    public PoolOperations(FilePool pool, Consumer<Runnable> door) {
        this.pool = pool;
        this.door = door;
    }

    @Override
    boolean start(Operation operation) {
        operation.owner = this;
        operation.unwanted = false;
        pool.add(operation);
        return true;
    }

    /** A system call that has begun cannot be stopped. */
    @Override
    void stop(Operation operation) {
        operation.unwanted = operation.kind != Operation.CLOSE;
    }

    /** By a thread of the pool. */
    void carriedOut(Operation operation) {
        carriedOut.add(operation);
        door.accept(taking);
    }

    private void take() {
        for (Operation each = carriedOut.poll(); each != null; each = carriedOut.poll()) {
            ended(each, each.result);
        }
    }

    @Override
    public String name() {
        return pool.name();
    }

    /** On the loop, at its end: waits, not for ever, for what has begun. */
    public void close() {
        shut();
        long until = Clock.nowNs() + CLOSE_NS;
        for (take(); !isIdle() && Clock.nowNs() - until < 0; take()) {
            LockSupport.parkNanos(CLOSE_STEP_NS);
        }
    }
}
