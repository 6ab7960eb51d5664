package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Promise;
import eu.mikelangelo.shard.Shard;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;

/**
 * A named share of a {@link Device}. On each shard the lanes that have requests are let through in proportion to their
 * shares; among shards, who comes first.
 * {@snippet :
 * file.lane(reads).read(buffer, 0, 4096, position).await();   // waits for its turn, then for the disk
 * reads.admit(4096);                                          // the turn alone
 * }
 *
 * <p>Threading: made by {@link Lanes#lane}; used on every shard of the device's host.
 */
public final class IoLane {
    private final Lanes lanes;
    private final String name;
    private final int index;
    private volatile int shares;

    private IoLane(Lanes lanes, String name, int index, int shares) {
        this.lanes = lanes;
        this.name = name;
        this.index = index;
        shares(shares);
    }

    public String name() {
        return name;
    }

    /** Any thread. @param shares 1 to 100,000 */
    public void shares(int shares) {
        if (shares < 1 || shares > 100_000) {
            throw new IllegalArgumentException("shares of I/O lane " + name + " are 1 to 100000, not " + shares);
        }
        this.shares = shares;
    }

    /**
     * On a fiber: waits until the device may do a request of so many bytes for this lane.
     *
     * @throws Context.Ended when the fiber's context ends first
     */
    public void admit(long bytes) {
        Waiting wish = new Waiting();
        if (!ask(wish, bytes)) {
            try {
                wish.turn.await();
            } catch (Context.Ended ended) {
                forget(wish);
                throw ended;
            }
        }
    }

    /** Asks for a turn. @return whether it is granted now; otherwise the wish is told on the loop */
    boolean ask(Wish wish, long bytes) {
        return lanes.parts[Shard.current().index()].ask(this, wish, lanes.device.costNs(bytes));
    }

    /** Takes back a wish that waits; one that does not is no error. */
    void forget(Wish wish) {
        lanes.parts[Shard.current().index()].forget(this, wish);
    }

    /** The lanes of a device. */
    public static final class Lanes {
        static final int MAX = 32;
        private final Device device;
        private final Part[] parts;
        private final List<IoLane> all = new ArrayList<>();

        public Lanes(Device device) {
            this.device = device;
            parts = new Part[device.host().size()];
            for (int i = 0; i < parts.length; i++) {
                parts[i] = new Part(device);
            }
        }

        /** Before the lanes are used; one thread. @throws IllegalStateException beyond {@value #MAX} */
        public IoLane lane(String name, int shares) {
            if (all.size() == MAX) {
                throw new IllegalStateException("a device has at most " + MAX + " lanes");
            }
            IoLane lane = new IoLane(this, name, all.size(), shares);
            all.add(lane);
            return lane;
        }
    }

    /** Something that waits for its turn; used again and again. */
    abstract static class Wish {
        private long costNs;

        /** It is let through. On the loop; may ask again. */
        abstract void granted();
    }

    /** A fiber that waits for its turn. */
    private static final class Waiting extends Wish {
        private final Promise<Void> turn = new Promise<>();

        @Override
        void granted() {
            turn.complete(null);
        }
    }

    /** A device's lanes on one shard. */
    private static final class Part {
        private final Device device;
        private final List<ArrayDeque<Wish>> waiting = new ArrayList<>();
        private final IoLane[] lanes = new IoLane[Lanes.MAX];
        private final double[] virtual = new double[Lanes.MAX];
        private int count;
        private boolean timed;

        Part(Device device) {
            this.device = device;
            for (int i = 0; i < Lanes.MAX; i++) {
                waiting.add(new ArrayDeque<>());
            }
        }

        boolean ask(IoLane lane, Wish wish, long costNs) {
            if (count == 0 && device.take(costNs, Clock.nowNs()) == 0) {
                return true;
            }
            wish.costNs = costNs;
            ArrayDeque<Wish> queue = waiting.get(lane.index);
            if (queue.isEmpty()) {
                catchUp(lane);
            }
            queue.add(wish);
            count++;
            arm();
            return false;
        }

        void forget(IoLane lane, Wish wish) {
            count -= waiting.get(lane.index).remove(wish) ? 1 : 0;
        }

        /** A lane that comes back begins where the others are. */
        private void catchUp(IoLane lane) {
            lanes[lane.index] = lane;
            double least = Double.MAX_VALUE;
            for (int i = 0; i < Lanes.MAX; i++) {
                least = waiting.get(i).isEmpty() ? least : Math.min(least, virtual[i]);
            }
            if (least != Double.MAX_VALUE) {
                virtual[lane.index] = Math.max(virtual[lane.index], least);
            }
        }

        /** Somebody waits: asks the device again when it has had time. A wish is never granted within its asking. */
        private void arm() {
            if (!timed && count > 0) {
                timed = true;
                Shard.current().after(Math.max(1, device.waitNs(Clock.nowNs())), this::serve);
            }
        }

        private void serve() {
            timed = false;
            while (count > 0) {
                int next = next();
                Wish wish = waiting.get(next).peek();
                if (device.take(wish.costNs, Clock.nowNs()) > 0) {
                    break;
                }
                waiting.get(next).poll();
                count--;
                virtual[next] += (double) wish.costNs / lanes[next].shares;
                wish.granted();
            }
            arm();
        }

        private int next() {
            int best = -1;
            for (int i = 0; i < Lanes.MAX; i++) {
                if (!waiting.get(i).isEmpty() && (best < 0 || virtual[i] < virtual[best])) {
                    best = i;
                }
            }
            return best;
        }
    }
}
