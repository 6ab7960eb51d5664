package eu.mikelangelo.cli;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * How large a terminal is, asked of the kernel each time: ioctl(2), TIOCGWINSZ.
 *
 * @param rows    at least 1
 * @param columns at least 1
 */
public record WindowSize(int rows, int columns) {
    public static final WindowSize USUAL = new WindowSize(24, 80);
    /** asm-generic/ioctls.h, the same on x86-64 and ARM. */
    private static final long TIOCGWINSZ = 0x5413;
    /** struct winsize: rows, columns and two that nobody uses, 16 bits each. */
    private static final int STRUCT_BYTES = 8;

    /** Bound when a size is first asked for: most commands never do. */
    private static final class Ioctl {
        static final MethodHandle CALL = Linker.nativeLinker().downcallHandle(
                Linker.nativeLinker().defaultLookup().findOrThrow("ioctl"),
                FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_LONG,
                        ValueLayout.ADDRESS),
                Linker.Option.firstVariadicArg(2));
    }

    /** Of the terminal behind a file descriptor; {@link #USUAL} when it is none or does not know. */
    public static WindowSize of(int descriptor) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment size = arena.allocate(STRUCT_BYTES, 2);
            int result = (int) Ioctl.CALL.invokeExact(descriptor, TIOCGWINSZ, size);
            int rows = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, 0));
            int columns = Short.toUnsignedInt(size.get(ValueLayout.JAVA_SHORT, 2));
            return result == 0 && rows > 0 && columns > 0 ? new WindowSize(rows, columns) : USUAL;
        } catch (Throwable e) {
            // A width is a courtesy: nothing may fail for want of it.
            return USUAL;
        }
    }
}
