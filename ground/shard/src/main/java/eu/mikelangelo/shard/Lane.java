package eu.mikelangelo.shard;

import eu.mikelangelo.shard.loop.LaneMetrics;
import eu.mikelangelo.shard.loop.RunQueue;

/**
 * A named share of every shard's time. When several lanes have work, each gets time in proportion to its shares,
 * however
 * many tasks it has; a lane that has none costs nothing and saves nothing up. Tasks, fibers and mail stay in the lane
 * in which they were begun.
 *
 * <p>Threading: made by {@link Host#lane}, usable on every shard; {@link #shares} may be changed by any thread.
 */
public final class Lane {
    private final String name;
    private final int index;
    private volatile int shares;

    Lane(String name, int index, int shares) {
        this.name = name;
        this.index = index;
        shares(shares);
    }

    public String name() {
        return name;
    }

    int index() {
        return index;
    }

    public int shares() {
        return shares;
    }

    /** Takes effect within a turn of each loop. @param shares 1 to 100,000 */
    public void shares(int shares) {
        if (shares < 1 || shares > 100_000) {
            throw new IllegalArgumentException("shares of lane " + name + " are 1 to 100000, not " + shares);
        }
        this.shares = shares;
    }

    @Override
    public String toString() {
        return name;
    }

    /** A lane on one shard: what waits, and how much time it had. */
    static final class Queue {
        /** Virtual time runs at this pace for a lane of so many shares. */
        private static final long SCALE = 1024;

        final Lane lane;
        final LaneMetrics metrics;
        private final RunQueue waiting = new RunQueue();
        private final Shard shard;
        private final Queue[] all;
        /** Time it had, divided by its shares. */
        private long virtual;

        /** @param all the shard's lanes, this one among them */
        Queue(Lane lane, Shard shard, Queue[] all, LaneMetrics metrics) {
            this.lane = lane;
            this.shard = shard;
            this.all = all;
            this.metrics = metrics;
        }

        void push(Runnable task) {
            if (waiting.size() == 0) {
                catchUp();
            }
            waiting.push(task, shard.nowNs());
        }

        /** A lane that comes back to work begins where the others are: it was idle by its own will. */
        private void catchUp() {
            long least = Long.MAX_VALUE;
            for (Queue other : all) {
                if (other != null && other != this && other.waiting.size() > 0) {
                    least = Math.min(least, other.virtual);
                }
            }
            if (least != Long.MAX_VALUE) {
                virtual = Math.max(virtual, least);
            }
        }

        int size() {
            return waiting.size();
        }

        Runnable poll() {
            return waiting.poll();
        }

        /** When the next task became ready, by the loop's looks at the clock; only when there is one. */
        long readyNs() {
            return waiting.sinceNs();
        }

        /** The one of the lanes with work that had the least. @return null when there is no work */
        static Queue next(Queue[] lanes) {
            Queue best = null;
            for (Queue lane : lanes) {
                if (lane != null && lane.waiting.size() > 0 && (best == null || lane.virtual < best.virtual)) {
                    best = lane;
                }
            }
            return best;
        }

        static void publish(Queue[] lanes) {
            for (Queue lane : lanes) {
                if (lane != null) {
                    lane.metrics.publish();
                }
            }
        }

        /** @param waitedNs how long the first of the tasks waited */
        void charge(long ns, int tasks, long waitedNs) {
            virtual += ns * SCALE / lane.shares;
            metrics.batch(tasks, ns, waitedNs);
        }
    }
}
