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
    /** USER_HZ, the unit of times in /proc, is 100 on every architecture Linux has for us. */
    private static final long TICK_NANOS = 10_000_000;
    /** Of the time between two looks; on a host that is short of processors a circle gets less than all. */
    private static final int LEAST_SHARE_PERCENT = 20;
    /** In the kernel, for interrupts and page faults: so much of its own time, and so many ticks. */
    private static final int KERNEL_SHARE_PERCENT = 5;
    private static final int KERNEL_TICKS = 2;
    private final ProcessId process;
    private Sample last;

    private record Sample(long nanos, long userTicks, long kernelTicks, long waits) { }

    public SpinWatch(ProcessId process) {
        this.process = process;
    }

    /** Whether it did nothing but compute since the last look; false at the first, and when it is gone. */
    public boolean look() {
        Sample before = last;
        last = sample();
        if (before == null || last == null || last.waits != before.waits) {
            return false;
        }
        long user = (last.userTicks - before.userTicks) * TICK_NANOS;
        long kernel = (last.kernelTicks - before.kernelTicks - KERNEL_TICKS) * TICK_NANOS;
        return user * 100 >= (last.nanos - before.nanos) * LEAST_SHARE_PERCENT
                && kernel * 100 <= user * KERNEL_SHARE_PERCENT;
    }

    private Sample sample() {
        try {
            long now = System.nanoTime();
            String stat = read("stat");
            // Behind the program's name in parentheses, which may hold blanks, is field 3.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            long waits = read("status").lines().filter(line -> line.startsWith("voluntary_ctxt_switches:"))
                    .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
                    .findFirst().orElseThrow();
            Sample sample = new Sample(now, Long.parseLong(fields[11]), Long.parseLong(fields[12]), waits);
            return process.alive() ? sample : null;
        } catch (IOException | RuntimeException e) {
            return null;
        }
    }

    private String read(String file) throws IOException {
        return Files.readString(Path.of("/proc", String.valueOf(process.pid()), file), StandardCharsets.ISO_8859_1);
    }
}
