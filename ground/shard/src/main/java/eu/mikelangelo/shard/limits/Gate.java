package eu.mikelangelo.shard.limits;

import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Promise;

/**
 * Counts those who are inside, and closes: from then on nobody enters, and the closing is done when the last has left.
 * {@snippet :
 * try (Gate.Pass pass = gate.enter()) {
 *     // what must be over before the service ends
 * }
 * }
 *
 * <p>Threading: one shard's alone.
 */
public final class Gate {
    private int inside;
    private Promise<Void> closing;

    /** Thrown at a gate that is closed. */
    public static final class Closed extends RuntimeException {
        private static final long serialVersionUID = 1L;

        Closed() {
            super("the gate is closed");
        }
    }

    /** Somebody who is inside; closing it means leaving. */
    public final class Pass implements AutoCloseable {
        private boolean left;

        private Pass() {}

        /** Twice is no error. */
        @Override
        public void close() {
            if (!left) {
                left = true;
                inside--;
                settle();
            }
        }
    }

    /** @throws Closed when it is */
    public Pass enter() {
        if (closing != null) {
            throw new Closed();
        }
        inside++;
        return new Pass();
    }

    public int inside() {
        return inside;
    }

    public boolean isClosed() {
        return closing != null;
    }

    /** Lets nobody in any more. @return done when nobody is inside; the same future each time */
    public Future<Void> close() {
        if (closing == null) {
            closing = new Promise<>();
            settle();
        }
        return closing;
    }

    private void settle() {
        if (closing != null && inside == 0) {
            closing.complete(null);
        }
    }
}
