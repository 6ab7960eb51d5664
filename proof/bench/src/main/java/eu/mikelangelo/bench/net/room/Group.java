package eu.mikelangelo.bench.net.room;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** A program and all it starts, in a process group of their own: it is stopped, continued and ended as a whole. */
public final class Group implements AutoCloseable {
    // signal(7), x86 and ARM
    private static final int SIGKILL = 9;
    private static final int SIGCONT = 18;
    private static final int SIGSTOP = 19;
    private static final MethodHandle KILL = Linker.nativeLinker().downcallHandle(
            Linker.nativeLinker().defaultLookup().findOrThrow("kill"),
            FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    public final Process process;
    private final String name;
    private final Room room;
    private boolean closed;
    private Talk talk;

    private Group(Room room, Process process, String name) {
        this.room = room;
        this.process = process;
        this.name = name;
    }

    /** Standard error joins standard output, which the caller has to read. */
    public static Group start(Room room, Path folder, Map<String, String> environment, List<String> command) {
        // It has a process of its own already, so setsid makes no other: its number is that of the group.
        List<String> words = new ArrayList<>(List.of("setsid"));
        words.addAll(command);
        ProcessBuilder builder = new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        try {
            Process process = builder.start();
            room.remember(process.pid());
            return new Group(room, process, command.getFirst());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs it to its end. @return what it printed. @throws IllegalStateException when it fails or takes too long */
    public static String run(Room room, Path folder, Map<String, String> environment, List<String> command,
                             int seconds) {
        try (Group group = start(room, folder, environment, command)) {
            Talk talk = new Talk(group);
            if (!group.process.waitFor(seconds, TimeUnit.SECONDS) || group.process.exitValue() != 0) {
                throw new IllegalStateException(String.join(" ", command) + " failed: " + talk.lastWords());
            }
            return talk.toEnd();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Who reads its output, and so knows its last words. */
    void listener(Talk its) {
        talk = its;
    }

    /** @throws IllegalStateException with its last words, when it has ended */
    public void check() {
        if (!process.isAlive()) {
            throw new IllegalStateException(name + " ended with " + process.exitValue()
                    + (talk == null ? "" : ": " + talk.lastWords()));
        }
    }

    public long pid() {
        return process.pid();
    }

    /**
     * Puts its session before all others of this host where the kernel groups by session (sched(7), autogroup): nice
     * values have no meaning between sessions. For a program that has answered: before, it may still be in our session.
     */
    public void boost() {
        try {
            Files.writeString(Path.of("/proc/" + pid() + "/autogroup"), "-20");
        } catch (IOException without) {
            // A kernel without sessions' groups needs none; without the right to it, others' load shows.
        }
    }

    public void pause() {
        signal(SIGSTOP);
    }

    public void resume() {
        signal(SIGCONT);
    }

    private void signal(int number) {
        if (kill(pid(), number) != 0 && number != SIGKILL) {
            throw new IllegalStateException(name + " has ended");
        }
    }

    /** Ends a group, from any thread. @param group its number */
    static void kill(long group) {
        kill(group, SIGKILL);
    }

    private static int kill(long group, int number) {
        try {
            return (int) KILL.invokeExact((int) -group, number);
        } catch (Throwable e) {
            throw new IllegalStateException(e);
        }
    }

    /** Twice is no error. */
    @Override
    public void close() {
        if (closed) {
            return;
        }
        closed = true;
        signal(SIGKILL);
        try {
            process.waitFor(10, TimeUnit.SECONDS);
            room.forget(pid());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
