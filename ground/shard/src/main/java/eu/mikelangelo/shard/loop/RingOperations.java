package eu.mikelangelo.shard.loop;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.uring.Uring;
import java.util.Arrays;

/** Operations through a ring. It only queues; the device that owns the ring submits and hands completions over. */
final class RingOperations extends Operations {
    /** A user data with this bit is an operation's; the rest is its token. */
    private static final long OURS = Long.MIN_VALUE;
    /** Of cancellations, which tell nothing. No token is that high: its index would be negative. */
    private static final long CANCELLATION = -1;

    private final Uring ring;
    private final Watchers<Operation> begun = new Watchers<>();
    /** Operations to be stopped that found no room in the ring. */
    private long[] late = new long[8];
    private int lateCount;

    RingOperations(Uring ring) {
        this.ring = ring;
    }

    @Override
    boolean start(Operation it) {
        if (ring.room() == 0) {
            return false;
        }
        it.token = begun.add(it);
        long name = it.token | OURS;
        return switch (it.kind) {
            case Operation.READ -> ring.read(it.fd, it.memory, it.offset, it.length, it.position, name);
            case Operation.WRITE -> ring.write(it.fd, it.memory, it.offset, it.length, it.position, name);
            case Operation.SYNC -> ring.fsync(it.fd, true, name);
            case Operation.OPEN -> ring.open(it.memory, it.length, it.fd, name);
            default -> ring.close(it.fd, name);
        };
    }

    @Override
    void stop(Operation operation) {
        if (!ring.cancel(operation.token | OURS, CANCELLATION)) {
            if (lateCount == late.length) {
                late = Arrays.copyOf(late, lateCount * 2);
            }
            late[lateCount++] = operation.token;
        }
    }

    /** Before the device polls, by the ring's owner. @return whether all that can be queued is */
    boolean queue() {
        while (lateCount > 0 && ring.cancel(late[lateCount - 1] | OURS, CANCELLATION)) {
            lateCount--;
        }
        pump();
        if (!isBehind()) {
            return true;
        }
        ring.submit();
        pump();
        return false;
    }

    /** Whether there is more to queue at once. */
    boolean isBehind() {
        return lateCount > 0 || waitsForRoom();
    }

    /** Hands over a completion. */
    void completed(long userData, int result) {
        if (userData == CANCELLATION) {
            return;
        }
        long token = userData & ~OURS;
        Operation operation = begun.get(token);
        begun.remove(token);
        ended(operation, result);
    }

    /** Asks for the end of all that has begun but closes. */
    void stopAll() {
        for (int i = 0; i < begun.places(); i++) {
            Operation operation = begun.at(i);
            if (operation != null && operation.kind != Operation.CLOSE) {
                stop(operation);
            }
        }
    }

    /** When the ring is gone. */
    void endAll() {
        for (int i = 0; i < begun.places(); i++) {
            Operation operation = begun.at(i);
            if (operation != null) {
                begun.remove(operation.token);
                ended(operation, -Errno.ECANCELED);
            }
        }
    }

    @Override
    public String name() {
        return "io_uring";
    }
}
