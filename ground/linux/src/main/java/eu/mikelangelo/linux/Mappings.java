package eu.mikelangelo.linux;

import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Memory mappings of files and of nothing. Set-up calls, thread-safe; they throw {@link LinuxException}. */
public final class Mappings {
    private static final MethodHandle MMAP = Native.link("mmap", 6);
    private static final MethodHandle MUNMAP = Native.link("munmap", 2);
    private static final MethodHandle MADVISE = Native.link("madvise", 3);

    static final int PROT_READ = 1;
    static final int PROT_WRITE = 2;
    static final int MAP_SHARED = 1;
    static final int MAP_PRIVATE = 2;
    static final int MAP_ANONYMOUS = 0x20;
    static final int MAP_POPULATE = 0x8000;
    static final int MADV_HUGEPAGE = 14;
    static final int MAP_NORESERVE = 0x4000;

    private static final int PAGE = 4096;

    private Mappings() {}

    /**
     * Maps {@code length} bytes of a file, readable, writable and shared; unmapped when {@code arena} closes. Touching
     * a page that the file no longer has raises {@link InternalError} in Java code (the JVM turns SIGBUS into it),
     * possibly a little after the access.
     *
     * @param offset where in the file to begin; a multiple of the file's page size
     */
    public static MemorySegment shared(int fd, long offset, long length, Arena arena) {
        return map(fd, offset, length, MAP_SHARED | MAP_NORESERVE, arena);
    }

    /**
     * Maps {@code length} bytes of private memory, zero, page aligned; unmapped when {@code arena} closes.
     *
     * @param touched take all of it from the system now, not when it is first used: a shortage shows here, and no
     *        page fault comes later
     * @param huge ask for huge pages where the system has transparent ones; a wish, not an error when it cannot
     */
    public static MemorySegment anonymous(long length, boolean touched, boolean huge, Arena arena) {
        int flags = MAP_PRIVATE | MAP_ANONYMOUS;
        if (!huge) {
            return map(-1, 0, length, touched ? flags | MAP_POPULATE : flags, arena);
        }
        MemorySegment mapped = map(-1, 0, length, flags, arena);
        // Before the first touch, so that the pages come as huge ones.
        Setup.call(MADVISE, mapped.address(), length, MADV_HUGEPAGE);
        for (long at = 0; touched && at < length; at += PAGE) {
            mapped.set(JAVA_BYTE, at, (byte) 0);
        }
        return mapped;
    }

    private static MemorySegment map(int fd, long offset, long length, int flags, Arena arena) {
        long address;
        try (Arena calls = Arena.ofConfined()) {
            MemorySegment state = Native.newState(calls);
            long result = (long) MMAP.invokeExact(state, 0L, length, (long) (PROT_READ | PROT_WRITE), (long) flags,
                    (long) fd, offset);
            address = Native.result(result, state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
        if (address < 0 && address > -PAGE) {
            throw new LinuxException("mmap", length + " bytes at " + offset, (int) -address);
        }
        return MemorySegment.ofAddress(address).reinterpret(length, arena, Mappings::unmap);
    }

    private static void unmap(MemorySegment mapped) {
        LinuxException.check("munmap", mapped.byteSize() + " bytes",
                Setup.call(MUNMAP, mapped.address(), mapped.byteSize()));
    }
}
