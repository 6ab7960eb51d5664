package eu.mikelangelo.cli.host;

import eu.mikelangelo.base.Failure;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/** execve(2): this process becomes another program, with its number, its terminal and its parent. */
final class Exec {
    private Exec() { }

    /** Does not return when it succeeds; returns the failure to throw when it does not. */
    static Failure replace(List<String> command, Map<String, String> env) {
        List<String> variables = new ArrayList<>();
        env.forEach((name, value) -> variables.add(name + "=" + value));
        try (Arena arena = Arena.ofConfined()) {
            Linker linker = Linker.nativeLinker();
            MethodHandle execve = linker.downcallHandle(linker.defaultLookup().findOrThrow("execve"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.ADDRESS, ValueLayout.ADDRESS,
                            ValueLayout.ADDRESS));
            System.out.flush();
            System.err.flush();
            int result = (int) execve.invokeExact(arena.allocateFrom(command.getFirst()), vector(arena, command),
                    vector(arena, variables));
            return new Failure(Failure.Kind.UNAVAILABLE, "cannot run " + command.getFirst() + " (" + result + ")",
                    "is the Java installation complete?");
        } catch (Throwable e) {
            return new Failure(Failure.Kind.UNAVAILABLE, "cannot run " + command.getFirst() + ": " + e, "", e);
        }
    }

    /** A NULL-terminated array of C strings. */
    private static MemorySegment vector(Arena arena, List<String> words) {
        MemorySegment vector = arena.allocate(ValueLayout.ADDRESS, words.size() + 1L);
        for (int i = 0; i < words.size(); i++) {
            vector.setAtIndex(ValueLayout.ADDRESS, i, arena.allocateFrom(words.get(i)));
        }
        return vector;
    }
}
