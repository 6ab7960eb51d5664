package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.shard.Again;
import eu.mikelangelo.shard.Shard;
import java.util.function.IntConsumer;

/**
 * Takes what comes to a listening socket, in the loop. Without descriptors for it, or when it fails otherwise, it
 * pauses: connections wait in the kernel's queue meanwhile, and the clients there are go on. Such a shortage is
 * reported once, however long it lasts. One shard's alone.
 */
final class Accepts {
    /** What the kernel keeps for us. */
    static final int BACKLOG = 4096;
    /** How long to take nobody when there are no descriptors. */
    static final long PAUSE_NS = 50_000_000;
    private static final int PER_TURN = 64;

    private final Shard shard;
    private final int listener;
    private final IntConsumer taker;
    private final Again turn;
    private final long token;
    /** Asked for now: without descriptors a class that lies in a file cannot be loaded any more. */
    private final String tooMany = Errno.name(Errno.EMFILE);
    private boolean pausing;
    private boolean reported;
    private boolean closed;

    /**
     * Begins, in the lane of the caller.
     *
     * @param listener is closed by {@link #close}
     * @param taker is given the descriptors
     */
    Accepts(Shard shard, int listener, IntConsumer taker) {
        this.shard = shard;
        this.listener = listener;
        this.taker = taker;
        turn = shard.again(this::accept);
        token = shard.watch(listener, what -> turn.soon());
    }

    /** Whether an error of accept(2) says that there is no room for one more, which may pass. */
    static boolean isShortage(int errno) {
        return errno == Errno.EMFILE || errno == Errno.ENFILE || errno == Errno.ENOMEM || errno == Errno.ENOBUFS;
    }

    /** Whether the client has given up, or nothing has happened at all. */
    private static boolean isPassing(int errno) {
        return errno == Errno.EINTR || errno == Errno.ECONNABORTED;
    }

    private void accept() {
        if (pausing || closed) {
            return;   // the end of the pause looks again: news that come meanwhile must not begin another
        }
        for (int i = 0; i < PER_TURN; i++) {
            int fd = shard.calls().accept(listener);
            if (fd >= 0) {
                reported = false;
                taker.accept(fd);
            } else if (fd == -Errno.EAGAIN) {
                return;
            } else if (!isPassing(-fd)) {
                pause(-fd);
                return;
            }
        }
        turn.soon();
    }

    private void pause(int errno) {
        if (!reported) {
            reported = true;
            String what = isShortage(errno) ? "no descriptor for a new connection" : "accepting a connection failed";
            shard.host().errors().record(what, errno == Errno.EMFILE ? tooMany : Errno.name(errno));
        }
        pausing = true;
        shard.after(PAUSE_NS, () -> {
            pausing = false;
            accept();
        });
    }

    /** Takes those who have come already, and no more. Twice is no error. */
    void close() {
        if (closed) {
            return;
        }
        closed = true;
        for (int i = 0; i < BACKLOG; i++) {
            int fd = shard.calls().accept(listener);
            if (fd >= 0) {
                taker.accept(fd);
            } else if (!isPassing(-fd)) {
                break;
            }
        }
        shard.unwatch(listener, token);
        Fds.close(listener);
    }
}
