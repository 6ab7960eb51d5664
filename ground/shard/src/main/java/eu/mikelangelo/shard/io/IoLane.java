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
 * reads.admit(4096);      // on a fiber: waits for its turn
 * file.read(buffer, 0, 4096, position);
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
        lanes.parts[Shard.current().index()].admit(this, lanes.device.costNs(bytes));
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

    private record Wish(long costNs, Promise<Void> turn) {}

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

        void admit(IoLane lane, long costNs) {
            if (count == 0 && device.take(costNs, Clock.nowNs()) == 0) {
                return;
            }
            Wish wish = new Wish(costNs, new Promise<>());
            ArrayDeque<Wish> queue = waiting.get(lane.index);
            if (queue.isEmpty()) {
                catchUp(lane);
            }
            queue.add(wish);
            count++;
            serve();
            try {
                wish.turn.await();
            } catch (Context.Ended ended) {
                count -= queue.remove(wish) ? 1 : 0;
                throw ended;
            }
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

        private void serve() {
            while (count > 0 && !timed) {
                int next = next();
                Wish wish = waiting.get(next).peek();
                long waitNs = device.take(wish.costNs, Clock.nowNs());
                if (waitNs > 0) {
                    timed = true;
                    Shard.current().after(waitNs, () -> {
                        timed = false;
                        serve();
                    });
                    return;
                }
                waiting.get(next).poll();
                count--;
                virtual[next] += (double) wish.costNs / lanes[next].shares;
                wish.turn.complete(null);
            }
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
