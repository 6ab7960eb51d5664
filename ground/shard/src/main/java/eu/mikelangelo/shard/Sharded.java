package eu.mikelangelo.shard;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.RejectedExecutionException;

/**
 * One {@code S} per shard. An instance is touched on its own shard only: what others want done they send there.
 *
 * <p>The one thing that Java does not check is what an operation captures: let it be values that do not change.
 *
 * <p>Threading: {@link Ref#call} and its like on any shard of the host; other threads go through {@link Outside}.
 */
public final class Sharded<S> {
    /** Calls of one shard that may wait for room in a mailbox; more fail. */
    static final int MAX_WAITING = 1 << 14;
    private final Host host;
    private final List<Ref> refs = new ArrayList<>();

    /** Something to do with an instance, on its shard. */
    @FunctionalInterface
    public interface Operation<S, R> {
        R on(S instance) throws Exception;
    }

    Sharded(Host host, Object[] instances) {
        this.host = host;
        for (int i = 0; i < instances.length; i++) {
            @SuppressWarnings("unchecked")
            S instance = (S) instances[i];
            refs.add(new Ref(i, instance));
        }
    }

    /** The instance of the shard that calls. */
    public S here() {
        return refs.get(Shard.current().index()).instance;
    }

    /** The instance of a shard. */
    public Ref on(int shard) {
        return refs.get(shard);
    }

    /** The instance that owns a key: the same for the same hash code. */
    public Ref owner(Object key) {
        return owner((long) key.hashCode());
    }

    /** The instance that owns a hash; all bits count. */
    public Ref owner(long hash) {
        // The high half of a product by the golden ratio spreads poor hashes; then a multiplication instead of a
        // division.
        long spread = hash * 0x9e3779b97f4a7c15L >>> 32;
        return refs.get((int) (spread * refs.size() >>> 32));
    }

    /** Does something on each shard. @return done when all have; fails as the first that fails */
    public Future<Void> onEach(Operation<? super S, ?> operation) {
        return gather(operation).map(results -> null);
    }

    /** Asks each shard. @return the answers in the order of the shards */
    public <R> Future<List<R>> gather(Operation<? super S, ? extends R> operation) {
        List<Future<R>> parts = new ArrayList<>(refs.size());
        for (Ref ref : refs) {
            parts.add(ref.call(operation));
        }
        return Future.all(parts);
    }

    public int size() {
        return host.size();
    }

    /** The instance of one shard, to be reached from any. */
    public final class Ref {
        private final int shard;
        private final Shard there;
        private final S instance;

        private Ref(int shard, S instance) {
            this.shard = shard;
            there = host.shard(shard);
            this.instance = instance;
        }

        public int shard() {
            return shard;
        }

        /** Whether the caller is on its shard. */
        public boolean isHere() {
            return there.isCurrent();
        }

        /**
         * Does something with the instance in the caller's lane, at once when it is here. The operation must not wait.
         *
         * @return what it returned; fails with what it threw, or with {@link RejectedExecutionException} when the other
         *     shard is so far behind that {@value #MAX_WAITING} calls wait for room in its mailbox
         */
        public <R> Future<R> call(Operation<? super S, ? extends R> operation) {
            Shard from = Shard.current();
            Promise<R> answer = new Promise<>(from);
            if (from == there) {
                answer.take(operation::on, instance);
            } else {
                send(from, answer, operation, false);
            }
            return answer;
        }

        /** As {@link #call}, for an operation that waits: it runs as a fiber there. */
        public <R> Future<R> fiber(Operation<? super S, ? extends R> operation) {
            Shard from = Shard.current();
            if (from == there) {
                return there.fiber(() -> operation.on(instance));
            }
            Promise<R> answer = new Promise<>(from);
            send(from, answer, operation, true);
            return answer;
        }

        private <R> void send(Shard from, Promise<R> answer, Operation<? super S, ? extends R> operation,
                boolean waits) {
            if (from.post().waitingForRoom(shard) >= MAX_WAITING) {
                answer.fail(new RejectedExecutionException("shard " + shard + " is behind: " + MAX_WAITING
                        + " calls wait for room in its mailbox"));
                return;
            }
            Lane lane = from.lane().lane;
            long deadlineNs = from.context().deadlineNs();
            Call.Request request = deadlineNs == Long.MAX_VALUE ? lane.request(waits)
                    : new Call.Request(lane, deadlineNs, waits);
            from.post().send(shard, request, answer, operation, instance);
        }
    }

    /**
     * A call on its way there and back. All that the other shard needs is in the mail itself: of what the
     * caller made it reads nothing, and writes nothing to it, so that a call costs one cache line each way.
     */
    static final class Call {
        /** Mail: an answer's promise, and the value. */
        private static final Mailbox.Mail VALUE = (here, from, answer, value, c) -> ((Promise<?>) answer).arrive(value);
        /** Mail: an answer's promise, and why there is no value. */
        private static final Mailbox.Mail FAILURE = (here, from, answer, cause, c) ->
                ((Promise<?>) answer).settleFailed((Throwable) cause);

        private Call() {}

        /**
         * Mail: the answer's promise, the operation and the instance.
         *
         * @param lane in which it runs
         * @param deadlineNs of its context; {@link Long#MAX_VALUE} without one
         * @param waits whether it needs a fiber
         */
        record Request(Lane lane, long deadlineNs, boolean waits) implements Mailbox.Mail {
            @Override
            public void arrive(Shard here, int from, Object answer, Object operation, Object instance) {
                Visit visit = here.post().visit();
                visit.request = this;
                visit.from = from;
                visit.answer = answer;
                visit.operation = operation;
                visit.instance = instance;
                here.queue(lane).pushOrRun(visit);
            }

            private Context context() {
                return deadlineNs == Long.MAX_VALUE ? Context.NONE : new Context(deadlineNs);
            }
        }

        /** A call that waits for its turn on the other shard: a task of that, used again. */
        static final class Visit implements Runnable {
            private final Shard here;
            private Request request;
            private int from;
            private Object answer;
            private Object operation;
            private Object instance;

            Visit(Shard here) {
                this.here = here;
            }

            @Override
            public void run() {
                Context before = here.enter(request.context());
                try {
                    work();
                } finally {
                    here.enter(before);
                    answer = null;
                    operation = null;
                    instance = null;
                    here.post().visited(this);
                }
            }

            private void work() {
                @SuppressWarnings("unchecked")
                Operation<Object, Object> on = (Operation<Object, Object>) operation;
                if (request.waits) {
                    fiber(on);
                    return;
                }
                Object value;
                try {
                    value = on.on(instance);
                } catch (Throwable thrown) {
                    here.post().send(from, FAILURE, answer, thrown, null);
                    return;
                }
                here.post().send(from, VALUE, answer, value, null);
            }

            private void fiber(Operation<Object, Object> on) {
                int to = from;
                Object of = answer;
                Object with = instance;
                Callable<Object> body = () -> on.on(with);
                here.fiber(body).whenDone((value, failure) -> here.post().send(to,
                        failure == null ? VALUE : FAILURE, of, failure == null ? value : failure, null));
            }
        }
    }
}
