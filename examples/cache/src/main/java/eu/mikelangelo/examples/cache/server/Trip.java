package eu.mikelangelo.examples.cache.server;

import eu.mikelangelo.examples.cache.Keeper;
import eu.mikelangelo.examples.cache.Op;
import eu.mikelangelo.examples.cache.Output;
import eu.mikelangelo.examples.cache.Request;
import eu.mikelangelo.examples.cache.Staging;
import eu.mikelangelo.examples.cache.StatsAnswer;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Errand;
import eu.mikelangelo.shard.Shard;
import java.lang.foreign.Arena;

/**
 * A request on its way to the shard that owns its key, or to all of them, and its answer on the way home. Made once and
 * used again. A large answer stands in memory that the owner lends; it is brought back by a second journey.
 */
final class Trip extends Errand {
    static final int EVERYWHERE = -1;
    /** Keys, flags and small values; larger values travel in borrowed memory. */
    private static final int REQUEST_BYTES = 4096;
    private static final int ANSWER_BYTES = 8192;

    private final Site site;
    private final Request small = new Request(new Region(Arena.ofAuto().allocate(REQUEST_BYTES, 8)));
    private final Region home = new Region(Arena.ofAuto().allocate(ANSWER_BYTES, 8));
    private final Output output;
    private final StatsAnswer stats = new StatsAnswer();
    /** Of the shard where the trip is. */
    private Site there;
    private Request request;
    private Region borrowed;
    private Talk client;
    private int owner;
    /** Where a journey to all shards is. */
    private int at;
    private boolean returning;
    /** For a large answer. */
    private final Wish wish = new Wish() {
        @Override
        void askAgain() {
            try {
                executeThere();
            } catch (Throwable thrown) {
                failure = thrown;
                done();
            }
        }
    };
    private Throwable failure;

    Trip(Site site) {
        this.site = site;
        output = new Output(home, new Staging() {
            @Override
            public Region borrow(int bytes) {
                return there.lender.borrow(bytes);
            }

            @Override
            public void giveBack(Region region) {
                there.lender.giveBack(region);
            }

            @Override
            public boolean isWorthWaiting(int bytes) {
                return there.lender.isWorthWaiting(bytes);
            }
        });
    }

    /** Takes a request along: a copy, or what was gathered. @return false when there is no memory for its value */
    boolean load(Request of) {
        request = small;
        if (of.copyBytes() > REQUEST_BYTES) {
            borrowed = of.moveTo(small);
            if (borrowed != null) {
                return true;
            }
            borrowed = site.lender.borrow(of.copyBytes());
            if (borrowed == null) {
                return false;
            }
            request = new Request(borrowed);
        }
        return of.copyTo(request);
    }

    void start(Talk of, int to) {
        client = of;
        owner = to;
        at = 0;
        returning = false;
        failure = null;
        if (to == EVERYWHERE) {
            stats.totals().clear();
        }
        go(Math.max(0, to));
    }

    @Override
    protected void there(Shard here) {
        there = site.here();
        if (returning) {
            output.drop();
            done();
        } else if (owner != EVERYWHERE) {
            executeThere();
        } else {
            visit();
        }
    }

    /** The output is empty: there is room, or memory to be lent, or one waits for it, or the answer is that of none. */
    private void executeThere() {
        Lender lender = there.lender;
        lender.asks(wish);
        int done = there.store.execute(request, output);
        lender.asks(null);
        if (done == Keeper.NO_BUFFER) {
            lender.await(wish, there.shard.nowNs());
        } else {
            lender.leave(wish);
            done();
        }
    }

    private void visit() {
        if (request.op() == Op.STATS && request.kind() != Op.RESET) {
            there.addTo(stats.totals());
        } else {
            output.drop();
            there.store.execute(request, output);
        }
        at++;
        if (at < site.shards()) {
            onTo(at);
        } else {
            done();
        }
    }

    @Override
    protected void home(Throwable thrown) {
        if (returning) {
            forget();
            return;
        }
        there = site;
        if (owner == EVERYWHERE && request.op() == Op.STATS && request.kind() != Op.RESET) {
            stats.write(request.kind(), output);
        }
        Throwable broken = thrown == null ? failure : thrown;
        if (broken != null) {
            site.shard.host().errors().record("a request threw " + broken.getClass().getName(),
                    String.valueOf(broken.getMessage()));
        }
        client.arrived(this, broken == null);
    }

    /** What it brought home: not to be changed, for it may be the owner's memory. */
    Output answer() {
        return output;
    }

    /** The answer has been taken, or nobody wants it. */
    void unload() {
        client = null;
        if (borrowed != null) {
            site.lender.giveBack(borrowed);
            borrowed = null;
        }
        if (owner != EVERYWHERE && output.region() != home) {
            returning = true;
            go(owner);
        } else {
            output.drop();
            forget();
        }
    }

    private void forget() {
        site.giveBack(this);
    }
}
