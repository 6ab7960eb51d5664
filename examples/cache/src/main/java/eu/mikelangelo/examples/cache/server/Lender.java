package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.Staging;
import eu.mikelangelo.examples.cache.StagingPool;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Again;
import eu.mikelangelo.shard.Shard;
import java.util.ArrayDeque;

/**
 * Lends the large buffers of a shard: a value on its way in, an answer on its way out. Who finds none waits, first
 * come, first served, and is not read from meanwhile; nobody overtakes.
 *
 * <p>It cannot lock up: what is lent comes back as clients send and read, never only when its holder has got a second
 * one; and when clients do neither, who waits is refused after a while, as if there had been no waiting. One shard's
 * alone.
 */
final class Lender implements Staging {
    /** How long anybody waits. */
    static final long PATIENCE_NS = 1_000_000_000;

    private final StagingPool pool;
    private final int bytes;
    private final Again news;
    private final ArrayDeque<Wish> wishes = new ArrayDeque<>();
    private Wish asking;
    private boolean closed;
    private long waited;

    Lender(Shard shard, StagingPool pool, int bytes) {
        this.pool = pool;
        this.bytes = bytes;
        news = shard.again(this::tell);
    }

    /** Whose wishes come next; null for nobody who could wait. */
    void asks(Wish wish) {
        asking = wish;
    }

    @Override
    public Region borrow(int wanted) {
        if (!wishes.isEmpty() && wishes.peek() != asking) {
            return null;
        }
        Region lent = pool.borrow(wanted);
        if (lent != null && asking != null) {
            leave(asking);
        }
        return lent;
    }

    @Override
    public boolean isWorthWaiting(int wanted) {
        if (asking == null || closed || wanted > bytes || asking.inVain) {
            if (asking != null) {
                asking.inVain = false;
            }
            return false;
        }
        return true;
    }

    @Override
    public void giveBack(Region region) {
        pool.giveBack(region);
        if (!wishes.isEmpty()) {
            news.soon();
        }
    }

    /** Asks it again when its turn has come. Who waits already keeps its place. */
    void await(Wish wish, long nowNs) {
        if (!wish.waiting) {
            wish.waiting = true;
            wish.sinceNs = nowNs;
            wishes.add(wish);
            waited++;
        }
    }

    /** It waits no more. Who does not wait is no error. */
    void leave(Wish wish) {
        if (wish.waiting) {
            wish.waiting = false;
            wishes.remove(wish);
            if (!wishes.isEmpty() && pool.free() > 0) {
                news.soon();
            }
        }
    }

    private void tell() {
        Wish first = wishes.peek();
        if (first != null && pool.free() > 0) {
            first.askAgain();
        }
    }

    /** Sends those away who have waited too long. */
    void clock(long nowNs) {
        while (!wishes.isEmpty() && (closed || nowNs - wishes.peek().sinceNs >= PATIENCE_NS)) {
            Wish wish = wishes.poll();
            wish.waiting = false;
            wish.inVain = true;
            wish.askAgain();
        }
    }

    /** Buffers that nobody has. */
    int free() {
        return pool.free();
    }

    /** Those who wait. */
    int waiting() {
        return wishes.size();
    }

    /** How often somebody had to wait so far. */
    long waited() {
        return waited;
    }

    /** Nobody waits any more. */
    void close() {
        closed = true;
        clock(0);
    }
}
