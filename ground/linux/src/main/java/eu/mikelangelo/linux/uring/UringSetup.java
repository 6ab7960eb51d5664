package eu.mikelangelo.linux.uring;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_SHORT;

import eu.mikelangelo.linux.Errno;
import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.memory.Region;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;

/**
 * Makes a ring with as much as this kernel has, found out by asking and never from its version. What is optional is
 * dropped flag by flag; what is not ends in {@link #reason}.
 */
final class UringSetup {
    /**
     * What may be dropped, one after the other, when the kernel answers EINVAL: the youngest first, so that those
     * another one needs go after it (DEFER_TASKRUN needs SINGLE_ISSUER, TASKRUN_FLAG needs COOP_TASKRUN).
     */
    private static final int[] OPTIONAL = {UringLayout.SETUP_DEFER_TASKRUN, UringLayout.SETUP_SINGLE_ISSUER,
        UringLayout.SETUP_COOP_TASKRUN | UringLayout.SETUP_TASKRUN_FLAG, UringLayout.SETUP_SUBMIT_ALL,
        UringLayout.SETUP_CLAMP, UringLayout.SETUP_CQSIZE};
    private static final String[] OPTIONAL_NAMES = {"DEFER_TASKRUN", "SINGLE_ISSUER", "COOP_TASKRUN", "SUBMIT_ALL",
        "CLAMP", "CQSIZE"};

    private static final int[] NEEDED = {UringLayout.FEAT_SINGLE_MMAP, UringLayout.FEAT_NODROP,
        UringLayout.FEAT_SUBMIT_STABLE, UringLayout.FEAT_FAST_POLL, UringLayout.FEAT_EXT_ARG};
    private static final String[] NEEDED_NAMES = {"SINGLE_MMAP", "NODROP", "SUBMIT_STABLE", "FAST_POLL", "EXT_ARG"};

    private final UringKernel kernel;
    /** Whether the one operation is known that is not needed. */
    boolean messages;
    /** Why there is no ring; null when there is one. */
    String reason;
    int fd = -1;
    int flags;
    int sqEntries;
    int cqEntries;
    Region rings;
    Region sqes;
    long sqHeadAt;
    long sqTailAt;
    long sqFlagsAt;
    long cqHeadAt;
    long cqTailAt;
    long cqOverflowAt;
    long cqesAt;

    /** On failure the descriptor is closed and {@link #reason} set; what {@code arena} has mapped is the caller's. */
    UringSetup(UringKernel kernel, int entries, int completions, Arena arena) {
        this.kernel = kernel;
        try (Arena scratch = Arena.ofConfined()) {
            MemorySegment params = scratch.allocate(UringLayout.PARAMS_SIZE, 8);
            if (create(params, entries, completions) && hasFeatures(params) && hasOperations(scratch)) {
                map(params, arena);
            }
        }
        if (reason != null) {
            Fds.close(fd);
        }
    }

    /** The names of the optional flags that were granted. */
    static String names(int flags) {
        StringBuilder names = new StringBuilder();
        for (int i = 0; i < OPTIONAL.length; i++) {
            if ((flags & OPTIONAL[i]) != 0) {
                names.append(' ').append(OPTIONAL_NAMES[i]);
            }
        }
        return names.toString();
    }

    private boolean create(MemorySegment params, int entries, int completions) {
        int wanted = 0;
        for (int optional : OPTIONAL) {
            wanted |= optional;
        }
        int result = setup(params, entries, completions, wanted);
        for (int i = 0; i < OPTIONAL.length && result == -Errno.EINVAL; i++) {
            wanted &= ~OPTIONAL[i];
            result = setup(params, entries, completions, wanted);
        }
        if (result < 0) {
            reason = "io_uring_setup: " + Errno.name(-result) + ": " + cause(-result);
            return false;
        }
        fd = result;
        flags = wanted;
        return true;
    }

    private int setup(MemorySegment params, int entries, int completions, int wanted) {
        params.fill((byte) 0);
        params.set(JAVA_INT, UringLayout.PARAMS_FLAGS, wanted);
        boolean sized = (wanted & UringLayout.SETUP_CQSIZE) != 0;
        params.set(JAVA_INT, UringLayout.PARAMS_CQ_ENTRIES, sized ? completions : 0);
        return kernel.setup(entries, params);
    }

    private String cause(int errno) {
        return switch (errno) {
            case Errno.ENOSYS -> "this kernel has no io_uring, or a container's filter hides it";
            case Errno.EPERM -> switch (kernel.disabled()) {
                case "2" -> "switched off on this host (sysctl kernel.io_uring_disabled=2)";
                case "1" -> "only for the group in sysctl kernel.io_uring_group (kernel.io_uring_disabled=1)";
                default -> "forbidden by a container's filter or a security module";
            };
            case Errno.ENOMEM -> "over the limit of locked memory (ulimit -l) or out of memory";
            case Errno.EMFILE -> "this process has too many open files (ulimit -n)";
            default -> Errno.likelyCause(errno);
        };
    }

    private boolean hasFeatures(MemorySegment params) {
        int features = params.get(JAVA_INT, UringLayout.PARAMS_FEATURES);
        for (int i = 0; i < NEEDED.length; i++) {
            if ((features & NEEDED[i]) == 0) {
                reason = "this kernel's io_uring is too old: no " + NEEDED_NAMES[i];
                return false;
            }
        }
        return true;
    }

    private boolean hasOperations(Arena scratch) {
        MemorySegment probe = scratch.allocate(
                UringLayout.PROBE_SIZE + UringLayout.PROBE_OP_SIZE * UringLayout.PROBE_OPS, 8);
        int result = kernel.register(fd, UringLayout.REGISTER_PROBE, probe.address(), UringLayout.PROBE_OPS);
        if (result < 0) {
            reason = "io_uring cannot tell its operations (REGISTER_PROBE: " + Errno.name(-result) + ")";
            return false;
        }
        messages = supported(probe, UringLayout.OP_MSG_RING);
        for (int i = 0; i < UringLayout.opCount(); i++) {
            if (!supported(probe, UringLayout.op(i))) {
                reason = "this kernel's io_uring lacks the operation " + UringLayout.opName(i);
                return false;
            }
        }
        return true;
    }

    private static boolean supported(MemorySegment probe, int operation) {
        long at = UringLayout.PROBE_SIZE + UringLayout.PROBE_OP_SIZE * operation + UringLayout.PROBE_OP_FLAGS;
        return (probe.get(JAVA_SHORT, at) & UringLayout.OP_SUPPORTED) != 0;
    }

    private void map(MemorySegment params, Arena arena) {
        sqEntries = params.get(JAVA_INT, UringLayout.PARAMS_SQ_ENTRIES);
        cqEntries = params.get(JAVA_INT, UringLayout.PARAMS_CQ_ENTRIES);
        long sqArrayAt = sqOffset(params, UringLayout.SQ_ARRAY);
        cqesAt = cqOffset(params, UringLayout.CQ_CQES);
        long ringBytes = Math.max(sqArrayAt + 4L * sqEntries, cqesAt + UringLayout.CQE_SIZE * cqEntries);
        try {
            rings = new Region(kernel.map(fd, UringLayout.OFF_SQ_RING, ringBytes, arena));
            sqes = new Region(kernel.map(fd, UringLayout.OFF_SQES, UringLayout.SQE_SIZE * sqEntries, arena));
        } catch (LinuxException failed) {
            reason = "io_uring's rings could not be mapped: " + failed.getMessage();
            return;
        }
        sqHeadAt = sqOffset(params, UringLayout.SQ_HEAD);
        sqTailAt = sqOffset(params, UringLayout.SQ_TAIL);
        sqFlagsAt = sqOffset(params, UringLayout.SQ_FLAGS);
        cqHeadAt = cqOffset(params, UringLayout.CQ_HEAD);
        cqTailAt = cqOffset(params, UringLayout.CQ_TAIL);
        cqOverflowAt = cqOffset(params, UringLayout.CQ_OVERFLOW);
        // The queue holds indices of entries; entry i always sits in place i.
        for (int i = 0; i < sqEntries; i++) {
            rings.u32(sqArrayAt + 4L * i, i);
        }
    }

    private static long sqOffset(MemorySegment params, long field) {
        return Integer.toUnsignedLong(params.get(JAVA_INT, UringLayout.PARAMS_SQ_OFF + field));
    }

    private static long cqOffset(MemorySegment params, long field) {
        return Integer.toUnsignedLong(params.get(JAVA_INT, UringLayout.PARAMS_CQ_OFF + field));
    }
}
