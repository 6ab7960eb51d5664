package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import eu.mikelangelo.linux.ffi.Native;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.ref.Reference;

/**
 * Kernel threads of this process and the CPU time they have used: a stall detector asks whether a loop that has not
 * turned was running or merely not scheduled. No allocation; one object belongs to one thread at a time.
 */
public final class Threads {
    private static final MethodHandle GETTID = Native.link("gettid", 0);
    private static final MethodHandle CLOCK_GETTIME = Native.link("clock_gettime", 2);

    private static final long NS_PER_SECOND = 1_000_000_000L;
    /** {@code struct timespec}: seconds, nanoseconds. */
    private static final long TIMESPEC_SIZE = 16;

    private final MemorySegment state = Native.newState(Arena.ofAuto());
    private final MemorySegment time = Arena.ofAuto().allocate(TIMESPEC_SIZE, 8);

    /** The kernel's id of the calling thread; of its carrier when the caller is virtual. */
    public int current() {
        try {
            return (int) (long) GETTID.invokeExact(state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    /**
     * CPU time, user and system, used by a thread of this process since it started, in nanoseconds; exact also while
     * the thread runs.
     *
     * @return nanoseconds, or -EINVAL when the thread has ended
     */
    public long cpuNs(int tid) {
        // clock_getcpuclockid(3), pthread_getcpuclockid(3): the complement of the id above three bits that say
        // "one thread, not its process" (4) and "scheduler's account" (2).
        long clock = ~tid << 3 | 6;
        try {
            int result = (int) (long) CLOCK_GETTIME.invokeExact(state, clock, time.address());
            Reference.reachabilityFence(time);
            return result < 0 ? -Native.errno(state)
                    : time.get(JAVA_LONG, 0) * NS_PER_SECOND + time.get(JAVA_LONG, 8);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
