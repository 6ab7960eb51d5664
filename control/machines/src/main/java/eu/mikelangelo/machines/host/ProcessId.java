package eu.mikelangelo.machines.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * A process that is recognised again after its number was used anew: the number, the clock tick of its start (field 22
 * of /proc/PID/stat, proc(5)) and the boot of the host.
 */
public record ProcessId(long pid, long startTicks, String bootId) {
    private static final Path BOOT_ID = Path.of("/proc/sys/kernel/random/boot_id");

    /** The process of that number, if it runs now (a zombie does not). */
    public static Optional<ProcessId> of(long pid) {
        try {
            String stat = Files.readString(Path.of("/proc/" + pid + "/stat"), StandardCharsets.ISO_8859_1);
            // The second field, the program's name in parentheses, may hold blanks and parentheses itself.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            if (fields[0].equals("Z") || fields[0].equals("X")) {
                return Optional.empty();
            }
            return Optional.of(new ProcessId(pid, Long.parseLong(fields[19]), currentBootId()));
        } catch (IOException | RuntimeException e) {
            return Optional.empty();
        }
    }

    /** Whether it is still this process that runs under the number. */
    public boolean alive() {
        return of(pid).filter(this::equals).isPresent();
    }

    /** The live process, to wait for; empty when it is gone. */
    public Optional<ProcessHandle> handle() {
        return alive() ? ProcessHandle.of(pid) : Optional.empty();
    }

    /** Sends SIGKILL if it is still this process. */
    public void kill() {
        handle().ifPresent(ProcessHandle::destroyForcibly);
    }

    static String currentBootId() throws IOException {
        return Files.readString(BOOT_ID).strip();
    }
}
