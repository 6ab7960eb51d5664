package eu.mikelangelo.shard.loop;

import java.lang.foreign.MemorySegment;

/**
 * Something asked of the kernel about a file that ends later. The object is used again and again: nothing is allocated
 * per request. One shard's alone; memory and descriptor belong to the kernel from {@link Operations#begin} until
 * {@link #done}.
 */
public abstract class Operation {
    static final int READ = 0;
    static final int WRITE = 1;
    static final int SYNC = 2;
    static final int OPEN = 3;
    static final int CLOSE = 4;

    static final int IDLE = 0;
    static final int WAITS = 1;
    static final int BEGUN = 2;

    int kind;
    int fd;
    MemorySegment memory;
    long offset;
    int length;
    long position;
    int state = IDLE;
    /** The one that waits behind this one. */
    Operation next;
    /** The ring's name for it. */
    long token;
    /** The pool's: where it belongs, what came of it, and whether nobody wants it any more. */
    PoolOperations owner;
    int result;
    volatile boolean unwanted;

    /** @param result of the system call of the same name, or -errno. Must be short and not throw; may begin again */
    protected abstract void done(int result);

    /** pread(2) of {@code length} bytes into {@code memory} at {@code offset}. */
    protected final void asRead(int file, MemorySegment into, long at, int bytes, long from) {
        set(READ, file, into, at, bytes, from);
    }

    /** pwrite(2). */
    protected final void asWrite(int file, MemorySegment source, long at, int bytes, long to) {
        set(WRITE, file, source, at, bytes, to);
    }

    /** fdatasync(2). */
    protected final void asDataSync(int file) {
        set(SYNC, file, null, 0, 0, 0);
    }

    /** open(2). @param path native, ends with a zero byte */
    protected final void asOpen(MemorySegment path, int flags, int mode) {
        set(OPEN, mode, path, 0, flags, 0);
    }

    /** close(2). */
    protected final void asClose(int file) {
        set(CLOSE, file, null, 0, 0, 0);
    }

    private void set(int newKind, int file, MemorySegment bytes, long at, int count, long where) {
        if (state != IDLE) {
            throw new IllegalStateException("this request has not ended; one object is one request at a time");
        }
        kind = newKind;
        fd = file;
        memory = bytes;
        offset = at;
        length = count;
        position = where;
    }

    final void end(int outcome) {
        state = IDLE;
        memory = null;
        done(outcome);
    }
}
