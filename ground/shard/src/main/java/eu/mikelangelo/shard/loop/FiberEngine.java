package eu.mikelangelo.shard.loop;

import java.util.concurrent.Executor;

/**
 * How fibers are made. Whatever the engine, a fiber runs only while the loop runs the task that {@code executor} was
 * given for it, so nothing else of the shard runs at the same time.
 */
public interface FiberEngine {
    /** One line: which it is and, for the slower ones, why. */
    String name();

    /**
     * A thread that is not started. Once started it hands {@code executor} a task, and again each time it was parked
     * and
     * unparked; running that task on the loop goes on with the thread until it parks or ends.
     */
    Thread thread(Executor executor, Runnable body);

    /** Starts a thread that {@link #thread} made. */
    void start(Thread thread);

    /** Parks the fiber that calls; spurious returns are possible. */
    void park();

    /** Lets a parked fiber go on; any thread. */
    void unpark(Thread thread);

    /**
     * The best engine that works here: each is tried out before it is believed. @param pooledWanted take the slow one
     */
    static FiberEngine probe(boolean pooledWanted) {
        String no = pooledWanted ? "not wanted" : CarriedFibers.whyNot();
        return no == null ? new CarriedFibers() : new PooledFibers(no);
    }
}
