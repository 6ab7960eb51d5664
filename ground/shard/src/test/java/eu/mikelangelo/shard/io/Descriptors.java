package eu.mikelangelo.shard.io;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;
import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.File;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;

/** The descriptors of this process: how many there are, and how many there may be. */
final class Descriptors {
    private static final int NOFILE = 7;
    private static final long PATIENCE_NS = 20_000_000_000L;

    private Descriptors() {}

    static int count() {
        String[] names = new File("/proc/self/fd").list();
        return names == null ? -1 : names.length;
    }

    /** Waits, for what is closed elsewhere or late, until there are so many. */
    static void await(int wanted) throws InterruptedException {
        long end = System.nanoTime() + PATIENCE_NS;
        while (count() != wanted && System.nanoTime() < end) {
            Thread.sleep(5);
        }
        assertEquals(wanted, count(), "descriptors");
    }

    /** Sets the limit of this process. @return the limit before */
    static long limit(long soft) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment limit = arena.allocate(16, 8);
            assertEquals(0, (int) handle("getrlimit").invokeExact(NOFILE, limit));
            long before = limit.get(JAVA_LONG, 0);
            limit.set(JAVA_LONG, 0, soft);
            assertEquals(0, (int) handle("setrlimit").invokeExact(NOFILE, limit));
            return before;
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    private static MethodHandle handle(String name) {
        return Linker.nativeLinker().downcallHandle(Linker.nativeLinker().defaultLookup().findOrThrow(name),
                FunctionDescriptor.of(JAVA_INT, JAVA_INT, ADDRESS));
    }
}
