package eu.mikelangelo.machines.qemu;

import java.io.ByteArrayOutputStream;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.function.Predicate;

/** Finds and runs short-lived programs, bounded in time and output. Stateless. */
public final class Programs {
    private static final int MOST_OUTPUT_BYTES = 256 * 1024;

    private Programs() { }

    /**
     * @param exit     exit code (128 + signal as the JDK gives it), or -1 when it was killed for lateness or by
     * {@code enough}
     * @param output   standard output and error, mixed, at most 256 KiB of it
     * @param timedOut it was killed because its time was over
     */
    public record Result(int exit, String output, boolean timedOut) { }

    /** The program's path: in PATH, then in {@code places}; empty when it is in none. */
    public static Optional<Path> find(String program, Map<String, String> env, List<String> places) {
        for (String folder : env.getOrDefault("PATH", "").split(File.pathSeparator)) {
            if (folder.startsWith("/") && Files.isExecutable(Path.of(folder, program))) {
                return Optional.of(Path.of(folder, program));
            }
        }
        return places.stream().map(Path::of).filter(Files::isExecutable).findFirst();
    }

    /** Runs a program to its end; see {@link #run(List, String, Duration, Predicate)}. */
    public static Result run(List<String> argv, Duration limit) throws IOException {
        return run(argv, "", limit, text -> false);
    }

    /**
     * Runs a program and returns when it ended, its time is over or the output so far is {@code enough}; in the last
     * two cases it is killed.
     */
    public static Result run(List<String> argv, String input, Duration limit, Predicate<String> enough)
            throws IOException {
        Process process = new ProcessBuilder(argv).redirectErrorStream(true).start();
        boolean[] satisfied = new boolean[1];
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        Thread reader = Thread.ofVirtual().start(() -> satisfied[0] = drain(process, output, enough));
        boolean ended = false;
        try {
            write(process, input);
            ended = reader.join(limit) && process.waitFor(satisfied[0] ? 0 : 2000, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while " + argv.getFirst() + " ran");
        } finally {
            process.destroyForcibly();
        }
        String text;
        synchronized (output) {
            text = output.toString(StandardCharsets.UTF_8);
        }
        return new Result(ended ? process.exitValue() : -1, text, !ended && !enough.test(text));
    }

    private static void write(Process process, String input) {
        try (OutputStream stdin = process.getOutputStream()) {
            stdin.write(input.getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            // It ended without reading: its exit code says more than a broken pipe.
        }
    }

    private static boolean drain(Process process, ByteArrayOutputStream output, Predicate<String> enough) {
        byte[] buffer = new byte[8192];
        try (InputStream in = process.getInputStream()) {
            for (int n = in.read(buffer); n >= 0; n = in.read(buffer)) {
                synchronized (output) {
                    output.write(buffer, 0, Math.min(n, MOST_OUTPUT_BYTES - output.size()));
                    if (enough.test(output.toString(StandardCharsets.UTF_8))) {
                        return true;
                    }
                }
            }
        } catch (IOException e) {
            // The pipe closes under us when the program is killed.
        }
        return false;
    }
}
