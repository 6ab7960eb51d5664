package eu.mikelangelo.linux;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Shared file mappings. Set-up calls, thread-safe; they throw {@link LinuxException}. */
public final class Mappings {
    private static final MethodHandle MMAP = Native.link("mmap", 6);
    private static final MethodHandle MUNMAP = Native.link("munmap", 2);

    static final int PROT_READ = 1;
    static final int PROT_WRITE = 2;
    static final int MAP_SHARED = 1;
    static final int MAP_NORESERVE = 0x4000;

    private Mappings() {}

    /**
     * Maps {@code length} bytes of a file, readable, writable and shared; unmapped when {@code arena} closes. Touching
     * a page that the file no longer has raises {@link InternalError} in Java code (the JVM turns SIGBUS into it),
     * possibly a little after the access.
     *
     * @param offset where in the file to begin; a multiple of the file's page size
     */
    public static MemorySegment shared(int fd, long offset, long length, Arena arena) {
        long address;
        try (Arena calls = Arena.ofConfined()) {
            MemorySegment state = Native.newState(calls);
            long result = (long) MMAP.invokeExact(state, 0L, length, (long) (PROT_READ | PROT_WRITE),
                    (long) (MAP_SHARED | MAP_NORESERVE), (long) fd, offset);
            address = Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
        if (address < 0 && address > -4096) {
            throw new LinuxException("mmap", length + " bytes at " + offset, (int) -address);
        }
        return MemorySegment.ofAddress(address).reinterpret(length, arena, Mappings::unmap);
    }

    private static void unmap(MemorySegment mapped) {
        LinuxException.check("munmap", mapped.byteSize() + " bytes",
                Setup.call(MUNMAP, mapped.address(), mapped.byteSize()));
    }
}
