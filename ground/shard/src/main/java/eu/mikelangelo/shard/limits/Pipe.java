package eu.mikelangelo.shard.limits;

import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Promise;
import java.util.ArrayDeque;

/**
 * A bounded hand-over between fibers of a shard, first in, first out: who puts waits for room, who takes waits for
 * something to come.
 *
 * <p>Threading: one shard's alone.
 */
public final class Pipe<T> {
    private final int capacity;
    private final ArrayDeque<T> items = new ArrayDeque<>();
    private final ArrayDeque<Promise<Void>> putters = new ArrayDeque<>();
    private final ArrayDeque<Promise<Void>> takers = new ArrayDeque<>();
    private boolean closed;

    /** Thrown by a pipe that is closed. */
    public static final class Closed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Closed() {
            super("the pipe is closed");
        }
    }

    public Pipe(int capacity) {
        if (capacity < 1) {
            throw new IllegalArgumentException("capacity of a pipe: " + capacity);
        }
        this.capacity = capacity;
    }

    public int size() {
        return items.size();
    }

    /** @return false when there is no room. @throws Closed when it is */
    public boolean tryPut(T item) {
        if (closed) {
            throw new Closed();
        }
        if (items.size() == capacity) {
            return false;
        }
        items.add(item);
        wake(takers);
        return true;
    }

    /** On a fiber: waits for room. @throws Closed when it is, or becomes so */
    public void put(T item) {
        while (!tryPut(item)) {
            await(putters);
        }
    }

    /** @return null when there is nothing. @throws Closed when it is, and empty */
    public T tryTake() {
        T item = items.poll();
        if (item == null && closed) {
            throw new Closed();
        }
        if (item != null) {
            wake(putters);
        }
        return item;
    }

    /** On a fiber: waits for the next. @throws Closed when there will be none */
    public T take() {
        T item = tryTake();
        while (item == null) {
            await(takers);
            item = tryTake();
        }
        return item;
    }

    /** Nothing more is put; what is in it can be taken. Twice is no error. */
    public void close() {
        closed = true;
        while (!putters.isEmpty()) {
            wake(putters);
        }
        while (!takers.isEmpty()) {
            wake(takers);
        }
    }

    private static void wake(ArrayDeque<Promise<Void>> queue) {
        Promise<Void> first = queue.poll();
        if (first != null) {
            first.complete(null);
        }
    }

    private static void await(ArrayDeque<Promise<Void>> queue) {
        Promise<Void> turn = new Promise<>();
        queue.add(turn);
        try {
            turn.await();
        } catch (Context.Ended ended) {
            if (!queue.remove(turn)) {
                wake(queue);   // the turn came, and is somebody else's now
            }
            throw ended;
        }
    }
}
