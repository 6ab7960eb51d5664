package eu.mikelangelo.shard.limits;

import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Promise;
import java.util.ArrayDeque;

/**
 * A limited number of something: requests, bytes. Who asks for more than there is waits, first come, first served: a
 * large wish is not overtaken by small ones.
 *
 * <p>Threading: one shard's alone.
 */
public final class Permits {
    private final long total;
    private final ArrayDeque<Wish> wishes = new ArrayDeque<>();
    private long free;

    private record Wish(long count, Promise<Units> promise) {}

    /** What somebody has; closing gives it back. */
    public final class Units implements AutoCloseable {
        private long count;

        private Units(long count) {
            this.count = count;
        }

        public long count() {
            return count;
        }

        /** Gives a part back early. @param part at most what is left */
        public void release(long part) {
            if (part < 0 || part > count) {
                throw new IllegalArgumentException("of " + count + " permits " + part + " cannot be given back");
            }
            count -= part;
            give(part);
        }

        /** Twice is no error. */
        @Override
        public void close() {
            release(count);
        }
    }

    public Permits(long total) {
        if (total < 1) {
            throw new IllegalArgumentException("permits: " + total);
        }
        this.total = total;
        free = total;
    }

    public long free() {
        return free;
    }

    /** Those who wait. */
    public int waiting() {
        return wishes.size();
    }

    /** @return null when there are not enough now, or others wait */
    public Units tryAcquire(long count) {
        check(count);
        if (!wishes.isEmpty() || count > free) {
            return null;
        }
        free -= count;
        return new Units(count);
    }

    /**
     * On a fiber: waits for permits.
     *
     * @throws Context.Ended when the fiber's context ends first; it has none then
     */
    public Units acquire(long count) {
        Units now = tryAcquire(count);
        if (now != null) {
            return now;
        }
        Wish wish = new Wish(count, new Promise<>());
        wishes.add(wish);
        try {
            return wish.promise.await();
        } catch (Context.Ended ended) {
            forget(wish);
            throw ended;
        }
    }

    private void forget(Wish wish) {
        if (wish.promise.isDone()) {
            wish.promise.value().close();
        } else {
            wishes.remove(wish);
            serve();
        }
    }

    private void check(long count) {
        if (count < 0 || count > total) {
            throw new IllegalArgumentException(count + " permits of " + total + " will never be there");
        }
    }

    private void give(long count) {
        free += count;
        serve();
    }

    private void serve() {
        for (Wish next = wishes.peek(); next != null && next.count <= free; next = wishes.peek()) {
            wishes.poll();
            free -= next.count;
            next.promise.complete(new Units(next.count));
        }
    }
}
