package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.linux.ffi.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.Objects;

/**
 * One io_uring, owned by the thread that opened it: the kernel refuses submissions of others (-EEXIST). A turn is
 *
 * <pre>{@code
 * ring.recv(fd, buffer, 0, 4096, 0, tag);            // queue operations, as many as fit
 * ring.submit();                                     // one system call for all; none when there is nothing to do
 * for (int i = 0, n = ring.peek(); i < n; i++) {
 *     handle(ring.userData(i), ring.result(i), ring.flags(i));
 * }
 * ring.advance(n);                                   // gives the places back
 * }</pre>
 *
 * and to sleep, {@link #submitAndWait} instead of {@link #submit}. Completions that did not fit the queue are kept by
 * the kernel and come with later turns; {@link #overflows} counts how often that was seen. Nothing allocates after
 * {@link #open}.
 */
public final class Uring extends UringOperations implements AutoCloseable {
    /**
     * io_uring_enter(2) twice. The first does not let the JVM reach a safepoint during the call and is used only where
     * the kernel does not wait; the second is for waiting.
     */
    private static final MethodHandle ENTER =
            Native.link("syscall", 7, Linker.Option.firstVariadicArg(1), Linker.Option.critical(false));
    private static final MethodHandle ENTER_AND_WAIT =
            Native.link("syscall", 7, Linker.Option.firstVariadicArg(1));

    /** In {@link #flags}: bits 16 and up are a buffer of a {@link BufferRing}, see {@link BufferRing#take}. */
    public static final int BUFFER = 1;
    /** In {@link #flags}: the operation goes on, more completions will come. */
    public static final int MORE = 1 << 1;
    /** In {@link #flags} of a receive: the socket holds more data. */
    public static final int SOCKET_NONEMPTY = 1 << 2;

    /** For {@link #submitAndWait}: no time limit. */
    public static final long FOR_EVER = Long.MAX_VALUE;

    /** Fewest entries; set-up itself needs some. */
    public static final int MIN_ENTRIES = 4;
    /** The kernel's limits on the two queues; more is cut to it. */
    public static final int MAX_ENTRIES = 1 << 15;
    public static final int MAX_COMPLETIONS = 1 << 16;

    private static final int CANCEL_SECONDS = 2;

    /** What {@link #open} found. */
    public sealed interface Opening {
        /** A ring. */
        record Ready(Uring ring) implements Opening {}

        /** None, and why, in one line for an operator. */
        record Refused(String reason) implements Opening {}
    }

    private final UringKernel kernel;
    private final Arena arena;
    private final MemorySegment state;
    private final MemorySegment wait;
    private final MemorySegment waitTime;
    private final int setupFlags;
    private final boolean messages;
    private final int cqEntries;
    private final int cqMask;
    private final long sqTailAt;
    private final long sqFlagsAt;
    private final long cqHeadAt;
    private final long cqTailAt;
    private final long cqOverflowAt;
    private final long cqesAt;
    private UringProbe probe;

    private int fd;
    /** What enter is called with: a registered index saves the look-up of the descriptor. */
    private int enterFd;
    private int enterFlags = UringLayout.ENTER_GETEVENTS;
    private int cqHead;
    private int available;
    private long overflows;
    private long enters;

    /**
     * Opens a ring for the calling thread.
     *
     * @param entries operations that can be queued between submits; made a power of two of at least
     *        {@value #MIN_ENTRIES}, at most {@value #MAX_ENTRIES}
     * @param completions places for completions, at least twice the entries; made a power of two, at most
     *        {@value #MAX_COMPLETIONS}
     */
    public static Opening open(int entries, int completions) {
        return open(new UringKernel(), entries, completions);
    }

    static Opening open(UringKernel kernel, int entries, int completions) {
        int wanted = Math.clamp(entries, MIN_ENTRIES, MAX_ENTRIES);
        int room = Math.clamp(completions, 2 * wanted, MAX_COMPLETIONS);
        // Shared, for fibers carried by the owner's thread queue operations too; closed once, at the end.
        Arena arena = Arena.ofShared();
        UringSetup setup = new UringSetup(kernel, wanted, room, arena);
        if (setup.reason != null) {
            arena.close();
            return new Opening.Refused(setup.reason);
        }
        Uring ring = new Uring(kernel, setup, arena);
        try {
            ring.probe = UringProbe.of(ring);
            return new Opening.Ready(ring);
        } catch (LinuxException failed) {
            ring.close();
            return new Opening.Refused("io_uring was made but does not work: " + failed.getMessage());
        }
    }

    private Uring(UringKernel kernel, UringSetup setup, Arena arena) {
        super(setup, arena);
        this.kernel = kernel;
        this.arena = arena;
        // Not in the shared arena: each call would pin that, twice an atomic operation.
        state = Native.newState(Arena.ofAuto());
        wait = arena.allocate(UringLayout.WAIT_SIZE, 8);
        waitTime = arena.allocate(UringLayout.TIMESPEC_SIZE, 8);
        setupFlags = setup.flags;
        messages = setup.messages;
        cqEntries = setup.cqEntries;
        cqMask = setup.cqEntries - 1;
        sqTailAt = setup.sqTailAt;
        sqFlagsAt = setup.sqFlagsAt;
        cqHeadAt = setup.cqHeadAt;
        cqTailAt = setup.cqTailAt;
        cqOverflowAt = setup.cqOverflowAt;
        cqesAt = setup.cqesAt;
        fd = setup.fd;
        enterFd = fd;
        registerRing();
    }

    /** One line for an operator: sizes, the kernel's flags and abilities in use. */
    public String describe() {
        return "io_uring, " + entries() + " entries, " + cqEntries + " completions," + UringSetup.names(setupFlags)
                + ((enterFlags & UringLayout.ENTER_REGISTERED_RING) == 0 ? "" : " REGISTERED_RING") + probe.names()
                + (messages ? ", messages between rings" : ", no messages between rings");
    }

    /** Whether this kernel has {@link #acceptMultishot}. */
    public boolean canAcceptMultishot() {
        return probe.acceptMultishot;
    }

    /** Whether this kernel has {@link BufferRing}, and {@link #recvSelected} with it. */
    public boolean canProvideBuffers() {
        return probe.bufferRings;
    }

    /** Whether this kernel has {@link #recvMultishot}. */
    public boolean canRecvMultishot() {
        return probe.recvMultishot;
    }

    /** Whether this kernel has {@link #cancelFd}. */
    public boolean canCancelByFd() {
        return probe.cancelByFd;
    }

    /** Whether this kernel has {@link #message}. */
    public boolean canMessage() {
        return messages;
    }

    /** The ring's descriptor, for {@link #message} from other rings; -1 when closed. */
    public int descriptor() {
        return fd;
    }

    /** Places for completions. */
    public int completions() {
        return cqEntries;
    }

    /**
     * Gives the queued operations to the kernel and lets it post what has completed; never waits. Makes no system call
     * when nothing is queued and nothing is due.
     *
     * @return how many operations the kernel took, perhaps fewer than queued when it lacks memory (the rest goes with
     *         the next submit), or -errno: -EBADR completions were lost for want of memory, -EEXIST not the owner
     */
    public int submit() {
        int queued = pending();
        // Opaque would do: both bits are hints that a later turn sees as well.
        int due = rings.u32Acquire(sqFlagsAt) & (UringLayout.SQ_CQ_OVERFLOW | UringLayout.SQ_TASKRUN);
        if (queued == 0 && due == 0) {
            return 0;
        }
        countOverflow(due);
        // Pairs with the kernel's acquire of the tail: entries are complete before they are seen.
        rings.u32Release(sqTailAt, tail);
        enters++;
        try {
            return outcome((int) (long) ENTER.invokeExact(state, UringLayout.SYS_ENTER, (long) enterFd, (long) queued,
                    0L, (long) enterFlags, 0L, 0L));
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /**
     * Like {@link #submit}, then waits until {@code wanted} completions are there, the time is over or a signal came.
     *
     * @param timeoutNs not longer than this; {@link #FOR_EVER}; 0 and less do not wait
     */
    public int submitAndWait(int wanted, long timeoutNs) {
        if (timeoutNs <= 0 || wanted <= 0) {
            return submit();
        }
        countOverflow(rings.u32Acquire(sqFlagsAt));
        int queued = pending();
        rings.u32Release(sqTailAt, tail);
        long time = 0;
        if (timeoutNs != FOR_EVER) {
            setTime(waitTime, 0, timeoutNs);
            time = waitTime.address();
        }
        wait.set(JAVA_LONG, UringLayout.WAIT_TS, time);
        enters++;
        try {
            return outcome((int) (long) ENTER_AND_WAIT.invokeExact(state, UringLayout.SYS_ENTER, (long) enterFd,
                    (long) queued, (long) Math.min(wanted, cqEntries),
                    (long) (enterFlags | UringLayout.ENTER_EXT_ARG), wait.address(), UringLayout.WAIT_SIZE));
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /** How many completions can be read now; makes no system call. */
    public int peek() {
        // Pairs with the kernel's release of the tail: completions below it are complete.
        available = rings.u32Acquire(cqTailAt) - cqHead;
        return available;
    }

    /** The caller's value of completion {@code index}, 0 to what {@link #peek} said less one. */
    public long userData(int index) {
        return rings.u64(completion(index) + UringLayout.CQE_USER_DATA);
    }

    /** The result, or -errno, of completion {@code index}. */
    public int result(int index) {
        return rings.u32(completion(index) + UringLayout.CQE_RES);
    }

    /** {@link #BUFFER}, {@link #MORE}, {@link #SOCKET_NONEMPTY} of completion {@code index}. */
    public int flags(int index) {
        return rings.u32(completion(index) + UringLayout.CQE_FLAGS);
    }

    /** Gives back the places of the first {@code count} completions; the next one is number 0 then. */
    public void advance(int count) {
        Objects.checkFromIndexSize(0, count, available);
        cqHead += count;
        available -= count;
        // Pairs with the kernel's acquire of the head: what was read may be overwritten.
        rings.u32Release(cqHeadAt, cqHead);
    }

    /** How many submits found completions that had not fitted the queue; more places help. */
    public long overflows() {
        return overflows;
    }

    /** Completions that the kernel could not even keep, for want of memory. */
    public long lost() {
        return Integer.toUnsignedLong(rings.u32Acquire(cqOverflowAt));
    }

    /** System calls made so far. */
    public long enters() {
        return enters;
    }

    /**
     * Adds to an eventfd whenever completions come, or can be had by {@link #submit}: for an owner that sleeps in
     * epoll. Once per ring; there may be news without completions.
     *
     * @return 0 or -errno
     */
    public int signalTo(int eventFd) {
        try (Arena scratch = Arena.ofConfined()) {
            return register(UringLayout.REGISTER_EVENTFD, scratch.allocateFrom(JAVA_INT, eventFd), 1);
        }
    }

    /**
     * Gives the kernel a place for {@code slots} descriptors, empty at first. Operations name a slot instead of a
     * descriptor and carry {@link #FIXED_FILE}.
     *
     * @return 0 or -errno: -EINVAL this kernel cannot, -EBUSY done before, -EMFILE more than ulimit -n
     */
    public int registerFiles(int slots) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment resources = scratch.allocate(UringLayout.RESOURCES_SIZE, 8);
            resources.set(JAVA_INT, UringLayout.RESOURCES_COUNT, slots);
            resources.set(JAVA_INT, UringLayout.RESOURCES_FLAGS, UringLayout.RESOURCES_SPARSE);
            return register(UringLayout.REGISTER_FILES2, resources, (int) UringLayout.RESOURCES_SIZE);
        }
    }

    /** Puts a descriptor into a slot, or empties it with -1; the descriptor may be closed then. @return 0 or -errno */
    public int updateFile(int slot, int descriptor) {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment update = scratch.allocate(UringLayout.UPDATE_SIZE, 8);
            update.set(JAVA_INT, UringLayout.UPDATE_OFFSET, slot);
            update.set(JAVA_LONG, UringLayout.UPDATE_DATA, scratch.allocateFrom(JAVA_INT, descriptor).address());
            int result = register(UringLayout.REGISTER_FILES_UPDATE, update, 1);
            return result < 0 ? result : 0;
        }
    }

    /**
     * Cancels what is in flight, waits for its end (at most {@value #CANCEL_SECONDS} seconds: a disk may hang), and
     * closes. Owner only; completions not yet read are gone. Buffers may be freed afterwards if this returns true.
     *
     * @return whether nothing was left in flight
     */
    public boolean closeAndCancel() {
        if (fd < 0) {
            return true;
        }
        boolean ended;
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment cancel = scratch.allocate(UringLayout.SYNC_CANCEL_SIZE, 8);
            cancel.set(JAVA_INT, UringLayout.SYNC_CANCEL_FLAGS, UringLayout.CANCEL_ALL | UringLayout.CANCEL_ANY);
            cancel.set(JAVA_LONG, UringLayout.SYNC_CANCEL_TIMEOUT, CANCEL_SECONDS);
            int result = register(UringLayout.REGISTER_SYNC_CANCEL, cancel, 1);
            ended = result >= 0 || result == -Errno.ENOENT;
        }
        unregisterRing();
        Fds.close(fd);
        fd = -1;
        enterFd = -1;
        arena.close();
        return ended;
    }

    @Override
    public void close() {
        closeAndCancel();
    }

    int register(int operation, MemorySegment argument, int count) {
        return kernel.register(fd, operation, argument.address(), count);
    }

    private long completion(int index) {
        return cqesAt + (cqHead + Objects.checkIndex(index, available) & cqMask) * UringLayout.CQE_SIZE;
    }

    private void countOverflow(int sqFlags) {
        if ((sqFlags & UringLayout.SQ_CQ_OVERFLOW) != 0) {
            overflows++;
        }
    }

    /** What enter returned; the passing troubles are no errors: the next turn tries again. */
    private int outcome(int result) {
        if (result >= 0) {
            return result;
        }
        int errno = Native.errno(state);
        return switch (errno) {
            case Errno.ETIME, Errno.EINTR, Errno.EAGAIN, Errno.EBUSY -> 0;
            default -> -errno;
        };
    }

    private void registerRing() {
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment update = ringUpdate(scratch, -1);
            update.set(JAVA_LONG, UringLayout.UPDATE_DATA, fd);
            if (register(UringLayout.REGISTER_RING_FDS, update, 1) == 1) {
                enterFd = update.get(JAVA_INT, UringLayout.UPDATE_OFFSET);
                enterFlags |= UringLayout.ENTER_REGISTERED_RING;
            }
        }
    }

    /** Must be: the registration holds the ring, and a thread has only sixteen. */
    private void unregisterRing() {
        if ((enterFlags & UringLayout.ENTER_REGISTERED_RING) != 0) {
            try (Arena scratch = Arena.ofConfined()) {
                register(UringLayout.UNREGISTER_RING_FDS, ringUpdate(scratch, enterFd), 1);
            }
        }
    }

    private static MemorySegment ringUpdate(Arena scratch, int index) {
        MemorySegment update = scratch.allocate(UringLayout.UPDATE_SIZE, 8);
        update.set(JAVA_INT, UringLayout.UPDATE_OFFSET, index);
        return update;
    }

    /** For set-up. */
    static int check(String what, int result) {
        if (result < 0) {
            throw new LinuxException("io_uring_enter", what, -result);
        }
        return result;
    }
}
