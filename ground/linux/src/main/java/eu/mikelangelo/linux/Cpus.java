package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/** On which CPUs the calling thread may run. Throws {@link LinuxException}. */
public final class Cpus {
    private static final MethodHandle SETAFFINITY = Native.link("sched_setaffinity", 3);
    private static final MethodHandle GETAFFINITY = Native.link("sched_getaffinity", 3);

    /** The C library's cpu_set_t has room for 1024 CPUs. */
    static final int CPU_SET_BYTES = 128;

    private Cpus() {}

    /** The CPUs that the calling thread may use. */
    public static BitSet allowed() {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = arena.allocate(CPU_SET_BYTES, 8);
            LinuxException.check("sched_getaffinity", "this thread",
                    Setup.call(GETAFFINITY, 0, CPU_SET_BYTES, set.address()));
            return BitSet.valueOf(set.toArray(JAVA_BYTE));
        }
    }

    /** Restricts the calling thread (a platform thread) to {@code cpus}. */
    public static void restrict(BitSet cpus) {
        restrict(0, cpus);
    }

    /** Restricts a thread of this process. @param tid the kernel's number of it, 0 for the calling thread */
    public static void restrict(int tid, BitSet cpus) {
        byte[] bits = cpus.toByteArray();
        if (bits.length == 0 || bits.length > CPU_SET_BYTES) {
            throw new IllegalArgumentException("CPU set " + cpus);
        }
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment set = arena.allocate(CPU_SET_BYTES, 8);
            MemorySegment.copy(bits, 0, set, JAVA_BYTE, 0, bits.length);
            LinuxException.check("sched_setaffinity", cpus, Setup.call(SETAFFINITY, tid, CPU_SET_BYTES, set.address()));
        }
    }

    /** Pins the calling thread to one CPU. */
    public static void pin(int cpu) {
        BitSet one = new BitSet();
        one.set(cpu);
        restrict(one);
    }
}
