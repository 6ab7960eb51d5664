package eu.mikelangelo.system.peers;

import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A program that is talked to over its standard input and output, and that ends with this object. */
final class Program implements AutoCloseable {
    static final int PATIENCE_SECONDS = 120;
    private static final int END_SECONDS = 20;

    private final Process process;
    private final PrintStream in;
    private final StringBuilder said = new StringBuilder();
    private boolean ended;

    Program(Path folder, Map<String, String> environment, List<String> words) throws IOException {
        ProcessBuilder builder = new ProcessBuilder(words).directory(folder.toFile()).redirectErrorStream(true);
        builder.environment().putAll(environment);
        process = builder.start();
        in = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        Thread.ofVirtual().start(() -> listen(new InputStreamReader(process.getInputStream(),
                StandardCharsets.UTF_8)));
    }

    /** Runs a program to its end. @return what it said. @throws AssertionError when it fails or takes too long */
    static String run(Path folder, Map<String, String> environment, List<String> words) throws IOException {
        try (Program program = new Program(folder, environment, words)) {
            program.in.close();
            return program.toEnd();
        }
    }

    private void listen(Reader out) {
        char[] chars = new char[8192];
        try {
            for (int count = out.read(chars); count >= 0; count = out.read(chars)) {
                hear(new String(chars, 0, count), false);
            }
        } catch (IOException gone) {
            // It was ended.
        }
        hear("", true);
    }

    private synchronized void hear(String text, boolean last) {
        said.append(text);
        ended |= last;
        notifyAll();
    }

    /** Says a line and waits for an answer behind it. */
    Matcher ask(String line, Pattern answer) {
        synchronized (this) {
            said.setLength(0);
        }
        in.println(line);
        return await(answer);
    }

    /** Waits until something was said since the last question. @throws AssertionError when it is not in time */
    synchronized Matcher await(Pattern what) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
        while (true) {
            Matcher matcher = what.matcher(said);
            if (matcher.find()) {
                return matcher;
            }
            if (ended) {
                throw new AssertionError("it ended; it said: " + said);
            }
            pause(deadline);
        }
    }

    /** Says its last line and waits for its end. @throws AssertionError when it fails or does not end */
    void end(String line) {
        in.println(line);
        in.close();
        toEnd();
    }

    private synchronized String toEnd() {
        for (long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS); !ended;) {
            pause(deadline);
        }
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS) || process.exitValue() != 0) {
                throw new AssertionError(process + ": " + said);
            }
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
        return said.toString();
    }

    private void pause(long deadlineNs) {
        long left = TimeUnit.NANOSECONDS.toMillis(deadlineNs - System.nanoTime());
        if (left <= 0) {
            throw new AssertionError("no answer in " + PATIENCE_SECONDS + " s; it said: " + said);
        }
        try {
            wait(left);
        } catch (InterruptedException e) {
            throw new AssertionError(e);
        }
    }

    synchronized String said() {
        return said.toString();
    }

    boolean runs() {
        return process.isAlive();
    }

    /** Asks it and its children to end, and sees to it. */
    @Override
    public void close() {
        List<ProcessHandle> children = process.descendants().toList();
        process.destroy();
        children.forEach(ProcessHandle::destroy);
        try {
            if (!process.waitFor(END_SECONDS, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        children.forEach(ProcessHandle::destroyForcibly);
    }
}
