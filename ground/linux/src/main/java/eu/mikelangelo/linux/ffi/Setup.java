package eu.mikelangelo.linux.ffi;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** Calls of functions that return int, for set-up: a place for errno is made per call. Result or -errno. */
public final class Setup {
    private Setup() {}

    public static int call(MethodHandle handle, long a) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Native.newState(arena);
            return Native.result((int) (long) handle.invokeExact(state, a), state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int call(MethodHandle handle, long a, long b) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Native.newState(arena);
            return Native.result((int) (long) handle.invokeExact(state, a, b), state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int call(MethodHandle handle, long a, long b, long c) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Native.newState(arena);
            return Native.result((int) (long) handle.invokeExact(state, a, b, c), state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int call(MethodHandle handle, long a, long b, long c, long d) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Native.newState(arena);
            return Native.result((int) (long) handle.invokeExact(state, a, b, c, d), state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }

    public static int call(MethodHandle handle, long a, long b, long c, long d, long e) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment state = Native.newState(arena);
            return Native.result((int) (long) handle.invokeExact(state, a, b, c, d, e), state);
        } catch (Throwable thrown) {
            throw Native.unexpected(thrown);
        }
    }
}
