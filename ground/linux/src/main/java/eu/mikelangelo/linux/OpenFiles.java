package eu.mikelangelo.linux;

import eu.mikelangelo.linux.ffi.Native;
import eu.mikelangelo.linux.ffi.Setup;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/**
 * Opens files and gives them room; close-on-exec. Set-up calls, thread-safe; they throw {@link LinuxException}. Sizes
 * come from {@link Fds#status}; bytes move through {@link HotCalls} or the ring.
 */
public final class OpenFiles {
    /** int open(const char *, int, ...). */
    private static final MethodHandle OPEN = Native.link("open", 3, Linker.Option.firstVariadicArg(2));
    private static final MethodHandle FALLOCATE = Native.link("fallocate", 4);

    private static final boolean X86 = System.getProperty("os.arch").equals("amd64");

    /** Flags of {@link #open}, to be combined; exactly one of the first three. */
    public static final int O_RDONLY = 0;
    public static final int O_WRONLY = 1;
    public static final int O_RDWR = 2;
    public static final int O_CREAT = 0x40;
    public static final int O_EXCL = 0x80;
    public static final int O_TRUNC = 0x200;
    public static final int O_APPEND = 0x400;
    public static final int O_DSYNC = 0x1000;
    /** Past the page cache: addresses, offsets and lengths must be multiples of the device's block, at most 4096. */
    public static final int O_DIRECT = X86 ? 0x4000 : 0x10000;
    static final int O_CLOEXEC = 0x80000;

    /** Modes of {@link #allocate}, to be combined. */
    public static final int FALLOC_KEEP_SIZE = 1;
    /** Gives blocks back; needs {@link #FALLOC_KEEP_SIZE}. */
    public static final int FALLOC_PUNCH_HOLE = 2;

    private OpenFiles() {}

    /**
     * open(2).
     *
     * @param mode permissions of a file that O_CREAT makes, such as 0600
     * @return the descriptor
     * @throws LinuxException EINVAL also when the file system cannot do O_DIRECT
     */
    public static int open(String path, int flags, int mode) {
        try (Arena arena = Arena.ofConfined()) {
            return LinuxException.check("open", path, open(arena.allocateFrom(path), flags, mode));
        }
    }

    /** As the other, for a path in native memory that ends with a zero byte. @return the descriptor, or -errno */
    public static int open(MemorySegment path, int flags, int mode) {
        return Setup.call(OPEN, Native.address(path, 0, path.byteSize()), flags | O_CLOEXEC, mode);
    }

    /**
     * fallocate(2): reserves (mode 0, or keeping the size) or gives back a range of a file.
     *
     * @return 0, or -errno: -EOPNOTSUPP when the file system cannot, -ENOSPC
     */
    public static int allocate(int fd, int mode, long offset, long length) {
        return Setup.call(FALLOCATE, fd, mode, offset, length);
    }
}
