package eu.mikelangelo.linux.ffi;

import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.util.Arrays;
import java.util.Objects;

/**
 * Links C library functions. Every argument and result is passed as a 64-bit integer: on x86-64 and AArch64 int, long
 * and pointer arguments all travel in general registers and the callee ignores the upper half of an int. So all
 * functions of one arity share one stub, which saves start-up time and memory. A function that returns int leaves the
 * upper half of the result undefined: callers cast to int first.
 */
public final class Native {
    private static final Linker LINKER = Linker.nativeLinker();
    private static final SymbolLookup LIBC = LINKER.defaultLookup();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final long ERRNO_OFFSET = STATE.byteOffset(MemoryLayout.PathElement.groupElement("errno"));
    private static final Linker.Option CAPTURE = Linker.Option.captureCallState("errno");

    private Native() {}

    /** A handle of type (MemorySegment state, long × arity) → long. */
    public static MethodHandle link(String name, int arity, Linker.Option... more) {
        MemoryLayout[] arguments = new MemoryLayout[arity];
        Arrays.fill(arguments, JAVA_LONG);
        Linker.Option[] options = Arrays.copyOf(more, more.length + 1);
        options[more.length] = CAPTURE;
        return LINKER.downcallHandle(LIBC.findOrThrow(name), FunctionDescriptor.of(JAVA_LONG, arguments), options);
    }

    /** Where one thread's calls leave errno. */
    public static MemorySegment newState(Arena arena) {
        return arena.allocate(STATE);
    }

    public static int errno(MemorySegment state) {
        return state.get(JAVA_INT, ERRNO_OFFSET);
    }

    /** The result, or the negative errno when it is -1. */
    public static int result(int result, MemorySegment state) {
        return result == -1 ? -errno(state) : result;
    }

    /** Like {@link #result(int, MemorySegment)} for functions that return ssize_t or a pointer. */
    public static long result(long result, MemorySegment state) {
        return result == -1L ? -(long) errno(state) : result;
    }

    /** The address of a range of a native segment, checked: a heap segment has no address that C could use. */
    public static long address(MemorySegment buffer, long offset, long length) {
        Objects.checkFromIndexSize(offset, length, buffer.byteSize());
        if (!buffer.isNative()) {
            throw new IllegalArgumentException("a heap segment has no address");
        }
        return buffer.address() + offset;
    }

    /**
     * What a call that threw throws: an error of ours, unless a mapped file shrank. That is raised late, at a
     * transition into or out of the VM, which every call is: who serves the memory must see it as what it is.
     */
    public static AssertionError unexpected(Throwable thrown) {
        if (thrown instanceof InternalError vanished) {
            throw vanished;
        }
        return new AssertionError("a linked C function threw", thrown);
    }
}
