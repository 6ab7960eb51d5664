package eu.mikelangelo.load;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * The CPU time of a process, by the scheduler's account in nanoseconds: user and system time of all its threads, those
 * that have ended included (clock_getcpuclockid(3)). /proc/PID/stat has the same sum in hundredths of a second, which
 * is too coarse for short windows. Thread-safe; a reading allocates nothing.
 */
public final class ProcessCpu {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final MethodHandle GET_CLOCK = link("clock_getcpuclockid", JAVA_INT, ADDRESS);
    private static final MethodHandle GET_TIME = link("clock_gettime", JAVA_INT, ADDRESS);
    private static final long NS_PER_SECOND = 1_000_000_000L;
    /** struct timespec: seconds, nanoseconds. */
    private static final long TIMESPEC_BYTES = 16;

    private final long pid;
    private final int clock;
    private final MemorySegment time = Arena.ofAuto().allocate(TIMESPEC_BYTES, 8);

    private ProcessCpu(long pid, int clock) {
        this.pid = pid;
        this.clock = clock;
    }

    private static MethodHandle link(String name, MemoryLayout... arguments) {
        return LINKER.downcallHandle(LINKER.defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, arguments));
    }

    /** Of a process on this machine. @throws IOException when there is none of that number */
    public static ProcessCpu of(long pid) throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment clock = arena.allocate(JAVA_INT);
            if ((int) GET_CLOCK.invokeExact((int) pid, clock) != 0) {
                throw new IOException("no process " + pid);
            }
            return new ProcessCpu(pid, clock.get(JAVA_INT, 0));
        } catch (IOException gone) {
            throw gone;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    /** Nanoseconds used since it began. @throws IOException when it has ended */
    public synchronized long ns() throws IOException {
        int result;
        try {
            result = (int) GET_TIME.invokeExact(clock, time);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
        if (result != 0) {
            throw new IOException("process " + pid + " has ended");
        }
        return time.get(JAVA_LONG, 0) * NS_PER_SECOND + time.get(JAVA_LONG, 8);
    }
}
