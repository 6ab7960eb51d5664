package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.loop.Operation;
import eu.mikelangelo.shard.loop.Operations;
import java.lang.foreign.MemorySegment;
import java.util.Objects;

/**
 * A request to a {@link File} for those who count allocations, such as agents: an object that is made once and is one
 * request after the other; beginning and ending it allocates nothing. {@link File#read} and its like are easier.
 *
 * <p>From its beginning until {@link #ended} the bytes of the buffer belong to the kernel: nobody may use them, and
 * their arena must stay open.
 *
 * <p>Threading: one shard's alone.
 */
public abstract class FileRequest extends Operation {
    /** Past the page cache, what is transferred is whole blocks; a part of one is the end of the file. */
    private static final int BLOCK_MASK = File.ALIGNMENT - 1;
    private static final int NONE = 0;
    private static final int READ = 1;
    private static final int WRITE = 2;
    private static final int SYNC = 3;

    private final Turn turn = new Turn();
    private Operations operations;
    private File file;
    /** In the list of its file's. */
    FileRequest previous;
    FileRequest following;
    private int kind;
    private MemorySegment memory;
    private long at;
    private int length;
    private long position;
    private int transferred;
    private IoLane waitsIn;
    private boolean cancelled;

    /** What lets a lane hold it back. */
    private final class Turn extends IoLane.Wish {
        @Override
        void granted() {
            waitsIn = null;
            go();
        }
    }

    /** For subclasses; any thread. */
    protected FileRequest() {
    }

    /**
     * It has ended, and may begin anew at once. On the loop: short and without waiting; what it throws is recorded.
     * When the host closes it may be told while it begins: -ECANCELED.
     *
     * @param result bytes read or written, 0 for a data sync; or -errno, -ECANCELED when it was cancelled
     */
    protected abstract void ended(int result);

    /** Whether it has begun and not ended. */
    public final boolean isInFlight() {
        return kind != NONE;
    }

    /**
     * Begins to read: as many bytes as asked for, fewer only at the end of the file.
     *
     * @param at where in {@code to} the first byte goes
     * @param from where in the file to begin, in bytes
     * @throws IllegalStateException when it is in flight, or the file is closed
     * @throws IllegalArgumentException when the file is {@link File.Open#DIRECT} and something is not aligned
     * @throws IndexOutOfBoundsException when the bytes are not in the region
     */
    public final void read(File of, Region to, long at, int length, long from) {
        begin(READ, of, to, at, length, from);
    }

    /** Begins to write all of the bytes; the rest as with {@link #read}. */
    public final void write(File of, Region source, long at, int length, long to) {
        begin(WRITE, of, source, at, length, to);
    }

    /** Begins to bring what has been written (requests that have ended) to the disk, with the size to find it. */
    public final void dataSync(File of) {
        begin(SYNC, of, null, 0, 0, 0);
    }

    /**
     * Asks for its end: {@link #ended} is told -ECANCELED, now or later, or its result when it was too late. One that
     * is not in flight is no error.
     */
    public final void cancel() {
        cancelled = kind != NONE;
        if (waitsIn != null) {
            waitsIn.forget(turn);
            waitsIn = null;
            finish(-Errno.ECANCELED);
        } else if (cancelled) {
            operations.cancel(this);
        }
    }

    private void begin(int what, File of, Region buffer, long start, int bytes, long where) {
        if (kind != NONE) {
            throw new IllegalStateException("this request is in flight; one object is one request at a time");
        }
        if (buffer != null) {
            Objects.checkFromIndexSize(start, bytes, buffer.size());
        }
        of.check(buffer, start, bytes, where);
        operations = Shard.current().operations();
        file = of;
        kind = what;
        memory = buffer == null ? null : buffer.segment();
        at = start;
        length = bytes;
        position = where;
        transferred = 0;
        cancelled = false;
        file.enter(this);
        IoLane lane = file.lane();
        if (lane == null || lane.ask(turn, bytes)) {
            go();
        } else {
            waitsIn = lane;
        }
    }

    /** Begins what is left of it. */
    private void go() {
        switch (kind) {
            case READ -> asRead(file.fd(), memory, at + transferred, length - transferred, position + transferred);
            case WRITE -> asWrite(file.fd(), memory, at + transferred, length - transferred, position + transferred);
            default -> asDataSync(file.fd());
        }
        operations.begin(this);
    }

    /** For the loop. */
    @Override
    protected final void done(int result) {
        boolean again = result == -Errno.EINTR;
        if (result > 0) {
            transferred += result;
            again = transferred < length && !(file.isDirect() && (transferred & BLOCK_MASK) != 0);
        }
        if (again && !cancelled) {
            go();
        } else if (result < 0) {
            finish(result == -Errno.EINTR ? -Errno.ECANCELED : result);
        } else if (again) {
            finish(-Errno.ECANCELED);
        } else {
            finish(kind == WRITE && transferred < length ? -Errno.EIO : transferred);
        }
    }

    private void finish(int result) {
        File of = file;
        kind = NONE;
        memory = null;
        file = null;
        of.leave(this);
        try {
            ended(result);
        } catch (Throwable thrown) {
            Shard.current().host().errors().record("a file request's end threw", thrown.toString());
        }
        of.settle();
    }
}
