package eu.mikelangelo.linux.uring;

import eu.mikelangelo.linux.Mappings;
import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;

/** What set-up asks of the kernel; tests put an older or stricter kernel in between. Results, or -errno. */
class UringKernel {
    private static final MethodHandle SETUP = Native.link("syscall", 3, Linker.Option.firstVariadicArg(1));
    private static final MethodHandle REGISTER = Native.link("syscall", 5, Linker.Option.firstVariadicArg(1));
    private static final Path DISABLED = Path.of("/proc/sys/kernel/io_uring_disabled");

    /** io_uring_setup(2). @return the ring's descriptor (close-on-exec), or -errno */
    int setup(int entries, MemorySegment params) {
        return Setup.call(SETUP, UringLayout.SYS_SETUP, entries, params.address());
    }

    /** io_uring_register(2). */
    int register(int fd, int operation, long argument, int count) {
        return Setup.call(REGISTER, UringLayout.SYS_REGISTER, fd, operation, argument, count);
    }

    /** Maps a part of the ring. */
    MemorySegment map(int fd, long offset, long length, Arena arena) {
        return Mappings.shared(fd, offset, length, arena);
    }

    /** The setting kernel.io_uring_disabled (0, 1 or 2), or empty when this kernel has none. */
    String disabled() {
        try {
            return Files.readString(DISABLED).strip();
        } catch (IOException absent) {
            return "";
        }
    }
}
