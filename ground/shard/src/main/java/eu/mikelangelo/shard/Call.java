package eu.mikelangelo.shard;

import java.util.concurrent.Callable;

/**
 * A {@link Sharded} call on its way there and back. All that the other shard needs is in the mail itself: of what the
 * caller made it reads nothing, and writes nothing to it, so that a call costs one cache line each way.
 */
final class Call {
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
            Sharded.Operation<Object, Object> on = (Sharded.Operation<Object, Object>) operation;
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

        private void fiber(Sharded.Operation<Object, Object> on) {
            int to = from;
            Object of = answer;
            Object with = instance;
            Callable<Object> body = () -> on.on(with);
            here.fiber(body).whenDone((value, failure) ->
                    here.post().send(to, failure == null ? VALUE : FAILURE, of, failure == null ? value : failure, null));
        }
    }
}
