package eu.mikelangelo.machines.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Tells a process that runs in a circle from one that is busy: the first computes and asks nothing of the kernel, it
 * neither waits (voluntary_ctxt_switches of /proc/PID/status) nor spends time in system calls (fields 14 and 15 of
 * /proc/PID/stat, proc(5)). A relay of packets never does that for seconds, whatever its load. A circle with system
 * calls in it cannot be told from work. Used by one thread.
 */
public final class SpinWatch {
    /**
     * Times are in ticks of 10 ms: USER_HZ is 100 on every architecture that Linux has for us. So much in user mode
     * from one look to the next means something; on a host that is short of processors a circle gets no more.
     */
    private static final long LEAST_USER_TICKS = 10;
    /** In the kernel, for interrupts and page faults: so much of its own time, and so many ticks. */
    private static final int KERNEL_SHARE_PERCENT = 5;
    private static final int KERNEL_TICKS = 2;
    private final ProcessId process;
    private Sample last;

    private record Sample(long userTicks, long kernelTicks, long waits) { }

    public SpinWatch(ProcessId process) {
        this.process = process;
    }

    /**
     * Whether it did nothing but compute since the last look, some seconds ago; false at the first, and when it is
     * gone.
     */
    public boolean look() {
        Sample before = last;
        last = sample();
        if (before == null || last == null || last.waits != before.waits) {
            return false;
        }
        long user = last.userTicks - before.userTicks;
        long kernel = last.kernelTicks - before.kernelTicks - KERNEL_TICKS;
        return user >= LEAST_USER_TICKS && kernel * 100 <= user * KERNEL_SHARE_PERCENT;
    }

    private Sample sample() {
        try {
            String stat = read("stat");
            // Behind the program's name in parentheses, which may hold blanks, is field 3.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long waits = read("status").lines().filter(line -> line.startsWith("voluntary_ctxt_switches:"))
                    .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                    .findFirst().orElseThrow();
            Sample sample = new Sample(Long.parseLong(fields[11]), Long.parseLong(fields[12]), waits);
            return process.alive() ? sample : null;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private String read(String file) throws IOException {
        return Files.readString(Path.of("/proc", String.valueOf(process.pid()), file), StandardCharsets.ISO_8859_1);
    }
}
