package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Errno;

/**
 * The operations of one loop: at most {@value #LIMIT} are with the kernel, the others wait in their order. The loop's
 * thread, or a fiber it waits for.
 */
public abstract sealed class Operations permits RingOperations, PoolOperations {
    /** With the kernel, or its threads, at a time. */
    public static final int LIMIT = 128;
    private Operation first;
    private Operation last;
    private int begun;
    private boolean closed;

    /** Takes an operation; when it is closed the operation ends at once with -ECANCELED. */
    public final void begin(Operation operation) {
        if (closed) {
            operation.end(-Errno.ECANCELED);
            return;
        }
        operation.state = Operation.WAITS;
        operation.next = null;
        if (first == null) {
            first = operation;
        } else {
            last.next = operation;
        }
        last = operation;
        pump();
    }

    /**
     * One that waits ends now with -ECANCELED. One that has begun ends later, with -ECANCELED if it could be stopped.
     */
    public final void cancel(Operation operation) {
        if (operation.state == Operation.BEGUN) {
            stop(operation);
        } else if (operation.state == Operation.WAITS) {
            unlink(operation);
            operation.end(-Errno.ECANCELED);
        }
    }

    /** Whether it takes nothing any more: the loop ends. */
    public final boolean isShut() {
        return closed;
    }

    /** Nothing has begun or waits. */
    public final boolean isIdle() {
        return begun == 0 && first == null;
    }

    /** Whether some wait that could not begin for want of room in the ring. */
    final boolean waitsForRoom() {
        return first != null && begun < LIMIT;
    }

    /** Begins what waits, while there is room. */
    final void pump() {
        while (first != null && begun < LIMIT && start(first)) {
            Operation started = first;
            first = started.next;
            started.next = null;
            started.state = Operation.BEGUN;
            begun++;
        }
    }

    /** For those who carry it out. */
    final void ended(Operation operation, int result) {
        begun--;
        operation.end(result);
        pump();
    }

    /** Takes nothing any more: what waits ends. */
    final void shut() {
        closed = true;
        while (first != null) {
            Operation waiting = first;
            first = waiting.next;
            waiting.next = null;
            waiting.end(-Errno.ECANCELED);
        }
    }

    private void unlink(Operation operation) {
        Operation before = null;
        for (Operation each = first; each != operation; each = each.next) {
            before = each;
        }
        if (before == null) {
            first = operation.next;
        } else {
            before.next = operation.next;
        }
        if (last == operation) {
            last = before;
        }
        operation.next = null;
    }

    /** @return false when there is no room now */
    abstract boolean start(Operation operation);

    abstract void stop(Operation operation);

    /** Who carries them out, for an operator. */
    public abstract String name();
}
