package eu.mikelangelo.shard;

import eu.mikelangelo.metrics.MetricGroup;
import eu.mikelangelo.shard.loop.LaneMetrics;
import eu.mikelangelo.shard.loop.RunQueue;
import java.util.Arrays;

/**
 * A named share of every shard's time. When several lanes have work, each gets time in proportion to its shares,
 * however
 * many tasks it has; a lane that has none costs nothing and saves nothing up. Tasks, fibers and mail stay in the lane
 * in which they were begun.
 *
 * <p>Threading: made by {@link Host#lane}, usable on every shard; {@link #shares} may be changed by any thread.
 */
public final class Lane {
    /** Tasks between two looks at the clock. */
    static final int TASKS_PER_LOOK = 8;
    private final String name;
    private final int index;
    private final Sharded.Call.Request call = new Sharded.Call.Request(this, Long.MAX_VALUE, false);
    private final Sharded.Call.Request fiber = new Sharded.Call.Request(this, Long.MAX_VALUE, true);
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

    /** What a call of this lane is sent as, when it has no deadline. */
    Sharded.Call.Request request(boolean waits) {
        return waits ? fiber : call;
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
        private final Queues all;
        /** Time it had, divided by its shares. */
        private long virtual;
        /** Tasks that ran since the last look at the clock. */
        private int unmeasured;
        /** What a task took in the last batch that was measured, and the smaller of that and the one before. */
        private long lastNs;
        private long typicalNs;

        private Queue(Lane lane, Shard shard, Queues all, LaneMetrics metrics) {
            this.lane = lane;
            this.shard = shard;
            this.all = all;
            this.metrics = metrics;
        }

        void push(Runnable task) {
            if (waiting.size() == 0) {
                catchUp();
            }
            all.waiting++;
            waiting.push(task, shard.nowNs());
        }

        /** As {@link #push}; at once, when mail made it ready and nothing else waits. */
        void pushOrRun(Runnable task) {
            if (!all.runAtOnce(this, task)) {
                push(task);
            }
        }

        /** A lane that comes back to work begins where the others are: it was idle by its own will. */
        private void catchUp() {
            virtual = Math.max(virtual, all.virtual);
        }

        int size() {
            return waiting.size();
        }

        Runnable poll() {
            Runnable task = waiting.poll();
            all.waiting -= task == null ? 0 : 1;
            return task;
        }

        /** When the next task became ready, by the loop's looks at the clock; only when there is one. */
        long readyNs() {
            return waiting.sinceNs();
        }

        /** @param waitedNs how long the first of the tasks waited */
        void charge(long ns, int tasks, long waitedNs) {
            long eachNs = ns / tasks;
            typicalNs = Math.min(eachNs, lastNs);
            lastNs = eachNs;
            add(ns, tasks, waitedNs);
        }

        /**
         * What ran without being measured is taken for as long as what was: by the smaller of two measurements, for one
         * long task or one pause among many short tasks says nothing about them.
         *
         * @param mostNs they took no longer
         */
        private void chargeUnmeasured(long mostNs) {
            int tasks = unmeasured;
            unmeasured = 0;
            add(Math.min(mostNs, tasks * typicalNs), tasks, 0);
        }

        private void add(long ns, int tasks, long waitedNs) {
            virtual += ns * SCALE / lane.shares;
            metrics.batch(tasks, ns, waitedNs);
            all.charged(this);
        }
    }

    /** The lanes that a shard has had work in. */
    static final class Queues {
        /** What more lanes there are counts together. */
        private static final int MEASURED = 15;
        private final Shard shard;
        private final MetricGroup metrics;
        private final Queue[] byIndex = new Queue[Host.MAX_LANES];
        /** Without gaps: looked through for each task. */
        private Queue[] used = {};
        private int waiting;
        /** Where the lanes are: where the last that had a turn began it; at the furthest when none has work. */
        private long virtual;
        /** How far the one is that had most. */
        private long furthest;
        private Queue current;
        /** Tasks since the last look at the clock. */
        private int unlooked;
        /** Whether mail arrives at a loop that has nothing else to do. */
        private boolean atOnce;

        Queues(Shard shard, MetricGroup metrics) {
            this.shard = shard;
            this.metrics = metrics;
        }

        Queue of(Lane lane) {
            Queue queue = byIndex[lane.index];
            return queue == null ? add(lane) : queue;
        }

        private Queue add(Lane lane) {
            // One thread writes all the metrics of a shard, so lanes may share theirs.
            int last = Math.min(lane.index, MEASURED);
            LaneMetrics shared = last < MEASURED || byIndex[last] == null ? null : byIndex[last].metrics;
            String name = last < MEASURED ? lane.name : "(others)";
            Queue queue = new Queue(lane, shard, this, shared == null ? new LaneMetrics(metrics, name) : shared);
            byIndex[lane.index] = queue;
            used = Arrays.copyOf(used, used.length + 1);
            used[used.length - 1] = queue;
            return queue;
        }

        Queue[] used() {
            return used;
        }

        boolean areEmpty() {
            return waiting == 0;
        }

        /** The one whose task runs, or the one that the loop begins with. */
        Queue current() {
            return current;
        }

        void begin(Lane with) {
            current = of(with);
            atOnce = false;
        }

        /** @return how many ran */
        int run(Queue next, int most) {
            Queue home = current;
            current = next;
            virtual = Math.max(virtual, next.virtual);
            int tasks = 0;
            for (Runnable task = next.poll(); task != null; task = ++tasks < most ? next.poll() : null) {
                task.run();
            }
            current = home;
            return tasks;
        }

        /** Whether {@link Queue#pushOrRun} runs what it can: when the loop does nothing but take mail. */
        void atOnce(boolean now) {
            atOnce = now;
        }

        /** How many tasks may run at once before the clock is looked at. */
        int room() {
            return waiting > 0 ? 0 : TASKS_PER_LOOK - unlooked;
        }

        int unlooked() {
            return unlooked;
        }

        /** @param passedNs since the look before this one */
        void looked(long passedNs) {
            if (unlooked == 0) {
                return;
            }
            unlooked = 0;
            for (Queue lane : used) {
                if (lane.unmeasured > 0) {
                    lane.chargeUnmeasured(passedNs);
                }
            }
        }

        private void charged(Queue lane) {
            furthest = Math.max(furthest, lane.virtual);
            if (waiting == 0) {
                virtual = furthest;
            }
        }

        /** @return false when the task must wait for its turn */
        private boolean runAtOnce(Queue of, Runnable task) {
            if (!atOnce || room() <= 0) {
                return false;
            }
            unlooked++;
            of.unmeasured++;
            atOnce = false;   // what becomes ready meanwhile waits until this task is done
            Queue home = current;
            current = of;
            task.run();
            current = home;
            atOnce = true;
            return true;
        }

        /** The one of the lanes with work that had the least. @return null when there is no work */
        Queue next() {
            Queue best = null;
            for (Queue lane : used) {
                if (lane.waiting.size() > 0 && (best == null || lane.virtual < best.virtual)) {
                    best = lane;
                }
            }
            return best;
        }

        void publish() {
            for (Queue lane : used) {
                lane.metrics.publish();
            }
        }
    }
}
