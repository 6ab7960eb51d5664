package eu.mikelangelo.shard.io;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.OpenFiles;
import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Context;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Promise;
import eu.mikelangelo.shard.Shard;
import java.lang.foreign.Arena;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;

/**
 * A file that is read and written without waiting: through the io_uring of the shard, or where there is none through a
 * few threads of the host ({@link eu.mikelangelo.shard.Host#toString} says which).
 * {@snippet :
 * try (File file = File.open(path, File.Open.READ, File.Open.WRITE, File.Open.CREATE).awaitAnyway()) {
 *     Region block = File.buffer(4096);
 *     file.write(block, 0, 4096, 0).await();
 *     file.dataSync().await();
 * }
 * }
 *
 * <p>From the beginning of a request until its future is done, the bytes of its buffer belong to the kernel: nobody may
 * use them, and their arena must stay open. A fiber that may be cancelled, or has a deadline, waits with
 * {@link #await(Future)}: it does not leave before the buffer is free.
 *
 * <p>Requests of one file run side by side, in no order: who wants one waits for the first before the second.
 *
 * <p>Threading: one shard's alone; any number of its fibers.
 */
public final class File implements AutoCloseable {
    /** Of a file opened {@link Open#DIRECT}: addresses, lengths and positions are multiples of so many bytes. */
    public static final int ALIGNMENT = 4096;
    private static final int MODE = 0600;

    /** How to open a file; {@link #READ} when neither that nor {@link #WRITE} is said. */
    public enum Open {
        READ, WRITE,
        /** Makes it, for its owner alone (mode 0600), when there is none. */
        CREATE,
        /** Makes it, and fails when there is one. */
        NEW,
        /** Begins with an empty file. */
        TRUNCATE,
        /** Past the page cache (O_DIRECT); see {@link File#ALIGNMENT}. */
        DIRECT,
        /** Each write ends when its data is on the disk (O_DSYNC). */
        SYNCHRONOUS
    }

    private final String path;
    private final boolean direct;
    private int fd;
    private IoLane lane;
    private FileRequest first;
    private boolean closing;
    private Promise<Void> closed;

    private File(String path, boolean direct, int fd) {
        this.path = path;
        this.direct = direct;
        this.fd = fd;
    }

    /**
     * Opens a file, on a shard. A fiber waits with {@link Future#awaitAnyway}, or closes the file that comes later.
     *
     * @return fails with {@link LinuxException}: ENOENT, EACCES, EMFILE; EINVAL when the file system cannot do
     *     {@link Open#DIRECT}
     */
    public static Future<File> open(String path, Open... how) {
        Set<Open> wanted = EnumSet.noneOf(Open.class);
        wanted.addAll(List.of(how));
        Opening opening = new Opening(path, wanted.contains(Open.DIRECT), flags(wanted));
        opening.begin();
        return opening.opened;
    }

    private static int flags(Set<Open> how) {
        boolean writes = how.contains(Open.WRITE);
        int flags = !writes ? OpenFiles.O_RDONLY : how.contains(Open.READ) ? OpenFiles.O_RDWR : OpenFiles.O_WRONLY;
        flags |= how.contains(Open.CREATE) ? OpenFiles.O_CREAT : 0;
        flags |= how.contains(Open.NEW) ? OpenFiles.O_CREAT | OpenFiles.O_EXCL : 0;
        flags |= how.contains(Open.TRUNCATE) ? OpenFiles.O_TRUNC : 0;
        flags |= how.contains(Open.DIRECT) ? OpenFiles.O_DIRECT : 0;
        return flags | (how.contains(Open.SYNCHRONOUS) ? OpenFiles.O_DSYNC : 0);
    }

    /** Memory that suits {@link Open#DIRECT}, zero. @param bytes rounded up to {@link #ALIGNMENT} */
    public static Region buffer(long bytes) {
        return new Region(Arena.ofAuto().allocate((bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT, ALIGNMENT));
    }

    private static final class Opening extends eu.mikelangelo.shard.loop.Operation {
        private final Promise<File> opened = new Promise<>();
        private final Shard shard = Shard.current();
        private final String path;
        private final boolean direct;
        private final int flags;

        Opening(String path, boolean direct, int flags) {
            this.path = path;
            this.direct = direct;
            this.flags = flags;
        }

        void begin() {
            asOpen(Arena.ofAuto().allocateFrom(path), flags, MODE);
            shard.operations().begin(this);
        }

        @Override
        protected void done(int result) {
            if (result == -Errno.EINTR) {
                begin();
            } else if (result < 0) {
                boolean refused = direct && result == -Errno.EINVAL;
                opened.fail(new LinuxException("open", refused ? path + ", past the page cache: its file system cannot"
                        + " do O_DIRECT; open it without DIRECT" : path, -result));
            } else if (shard.operations().isShut()) {
                Fds.close(result);
                opened.fail(new LinuxException("open", path, Errno.ECANCELED));
            } else {
                opened.complete(new File(path, direct, result));
            }
        }
    }

    /** What {@link #closed} waits for. */
    private static final class Closing extends eu.mikelangelo.shard.loop.Operation {
        private final int fd;
        private final Promise<Void> closed;

        Closing(int fd, Promise<Void> closed) {
            this.fd = fd;
            this.closed = closed;
        }

        void begin() {
            asClose(fd);
            Shard.current().operations().begin(this);
        }

        @Override
        protected void done(int result) {
            if (result == -Errno.ECANCELED) {
                Fds.close(fd);   // the loop ends: nobody else does it any more
            }
            closed.complete(null);
        }
    }

    /** A request with a future. */
    private static final class Transfer extends FileRequest {
        private final Promise<Integer> promise = new Promise<>();
        private final String what;
        private final String path;
        private final int length;
        private final long position;

        Transfer(String what, String path, int length, long position) {
            this.what = what;
            this.path = path;
            this.length = length;
            this.position = position;
        }

        @Override
        protected void ended(int result) {
            if (result < 0) {
                promise.fail(new LinuxException(what, path + ", " + length + " bytes at " + position, -result));
            } else {
                promise.complete(result);
            }
        }
    }

    /** The path that it was opened with. */
    public String path() {
        return path;
    }

    /** Whether it was opened {@link Open#DIRECT}. */
    public boolean isDirect() {
        return direct;
    }

    /** Requests from now on wait for their turn in a lane, by their bytes; null for none. @return this file */
    public File lane(IoLane newLane) {
        lane = newLane;
        return this;
    }

    /**
     * Reads: as many bytes as asked for, fewer only at the end of the file.
     *
     * @param at where in {@code to} the first byte goes
     * @param position where in the file to begin
     * @return how many; 0 at the end of the file. Fails with {@link LinuxException}: EIO, ECANCELED
     * @throws IllegalArgumentException when the file is direct and something is not aligned
     * @throws IllegalStateException when it is closed
     */
    public Future<Integer> read(Region to, long at, int length, long position) {
        Transfer transfer = new Transfer("read", path, length, position);
        transfer.read(this, to, at, length, position);
        return transfer.promise;
    }

    /**
     * Writes all; the rest as with {@link #read}.
     *
     * @return {@code length}. Fails with {@link LinuxException}: ENOSPC, EFBIG, EIO, ECANCELED; a part may have been
     *     written then
     */
    public Future<Integer> write(Region from, long at, int length, long position) {
        Transfer transfer = new Transfer("write", path, length, position);
        transfer.write(this, from, at, length, position);
        return transfer.promise;
    }

    /**
     * Brings what has been written, by requests that are done, to the disk (fdatasync).
     *
     * @return 0; fails with {@link LinuxException}. After EIO nobody knows what is on the disk: write it
     *     again elsewhere
     */
    public Future<Integer> dataSync() {
        Transfer transfer = new Transfer("fdatasync", path, 0, 0);
        transfer.dataSync(this);
        return transfer.promise;
    }

    /** Asks for the end of a request: its future fails with ECANCELED, or is done as ever when it was too late. */
    public void cancel(Future<Integer> request) {
        for (FileRequest each = first; each != null; each = each.following) {
            if (each instanceof Transfer transfer && transfer.promise == request) {
                transfer.cancel();
                return;
            }
        }
    }

    /**
     * On a fiber: waits for a request of this file. When the fiber's context ends first, the request is cancelled and
     * waited for: afterwards its buffer is free in any case.
     *
     * @throws Context.Ended when the context has ended
     * @throws LinuxException as the request's
     */
    public int await(Future<Integer> request) {
        try {
            return request.await();
        } catch (Context.Ended ended) {
            cancel(request);
            try {
                request.awaitAnyway();
            } catch (LinuxException cancelled) {
                // As it was asked to.
            }
            throw ended;
        }
    }

    /** Its size in bytes now. A quick system call, no request. @throws IllegalStateException when it is closed */
    public long size() {
        checkOpen();
        return Fds.status(fd).size();
    }

    /** Requests in flight. */
    public int inFlight() {
        int count = 0;
        for (FileRequest each = first; each != null; each = each.following) {
            count++;
        }
        return count;
    }

    /**
     * Takes no more requests and cancels those in flight. The descriptor is closed when the last of them has ended:
     * {@link #closed}. Twice is no error.
     */
    @Override
    public void close() {
        if (closing) {
            return;
        }
        closing = true;
        closed = new Promise<>();
        List<FileRequest> ending = new ArrayList<>();
        for (FileRequest each = first; each != null; each = each.following) {
            ending.add(each);
        }
        for (FileRequest each : ending) {
            each.cancel();
        }
        settle();
    }

    /** Done when nothing is in flight and the descriptor is free. @throws IllegalStateException before the closing */
    public Future<Void> closed() {
        if (!closing) {
            throw new IllegalStateException("nobody has closed " + path);
        }
        return closed;
    }

    int fd() {
        return fd;
    }

    IoLane lane() {
        return lane;
    }

    /** @param buffer null for a request without */
    void check(Region buffer, long at, int length, long position) {
        checkOpen();
        if (position < 0) {
            throw new IllegalArgumentException("position " + position + " in " + path);
        }
        if (direct && buffer != null) {
            aligned("address", buffer.segment().address() + at);
            aligned("length", length);
            aligned("position", position);
        }
    }

    private void checkOpen() {
        if (closing) {
            throw new IllegalStateException(path + " is closed");
        }
    }

    private void aligned(String what, long value) {
        if ((value & ALIGNMENT - 1) != 0) {
            throw new IllegalArgumentException("the " + what + " " + value + " is no multiple of " + ALIGNMENT
                    + ", but " + path + " was opened DIRECT; File.buffer gives aligned memory");
        }
    }

    void enter(FileRequest request) {
        request.previous = null;
        request.following = first;
        if (first != null) {
            first.previous = request;
        }
        first = request;
    }

    void leave(FileRequest request) {
        if (request.previous == null) {
            first = request.following;
        } else {
            request.previous.following = request.following;
        }
        if (request.following != null) {
            request.following.previous = request.previous;
        }
        request.previous = null;
        request.following = null;
    }

    /** Closes the descriptor when nobody uses it any more. */
    void settle() {
        if (closing && first == null && fd >= 0) {
            int last = fd;
            fd = -1;
            new Closing(last, closed).begin();
        }
    }
}
