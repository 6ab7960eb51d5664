package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.JavaCommand;
import eu.mikelangelo.bench.net.room.Pause;
import eu.mikelangelo.bench.net.room.Room;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Bytes that the thread of our switch's core allocates per frame. The JVM itself is asked, from outside:
 * {@code jcmd PID Thread.print -e=true} says of each thread what it has allocated since it began, to the KiB.
 */
final class AllocationRow {
    private static final int RUNS = 5;
    private static final int MOST_WARM_UP_RUNS = 20;
    private static final double LOOK_SECONDS = 0.5;
    private static final double MOST_SECONDS_A_RUN = 60;
    /** A line of a thread dump: "NAME" #N [TID] … allocated=123K … */
    private static final Pattern CORE = Pattern.compile(
            "^\"[^\"\\n]*-shard-0\".*?\\ballocated=(\\d+)([BKMG])", Pattern.MULTILINE);

    private AllocationRow() {}

    static Row measure(String row, double aim, Room room, NetPlan plan, Cores cores) {
        try (Side<Testpmd> ours = Circuit.ours(room, cores, new Testpmd.Shape(64, false))) {
            long pid = ours.serverPid();
            // What is interpreted may allocate: rounds until one of them did not, or the last that are allowed.
            int rounds = 0;
            while (perFrame(pid, ours, plan.allocationFrames()) > 0 && rounds < MOST_WARM_UP_RUNS) {
                rounds++;
            }
            double[] runs = new double[RUNS];
            for (int i = 0; i < RUNS; i++) {
                runs[i] = perFrame(pid, ours, plan.allocationFrames());
            }
            return new Row(NetBench.NAME, row, "", Row.BYTES_PER_OPERATION, true, runs, new double[0], aim,
                    "the core's thread, " + plan.allocationFrames() + " frames a run at least, after " + rounds
                    + " runs of warm-up in which it allocated");
        }
    }

    private static double perFrame(long pid, Side<Testpmd> side, long frames) {
        Testpmd client = side.client();
        long framesBefore = client.received();
        final long before = allocated(pid);
        long start = System.nanoTime();
        long done = 0;
        while (done < frames) {
            Pause.seconds(LOOK_SECONDS);
            side.check();
            done = client.received() - framesBefore;
            if ((System.nanoTime() - start) / 1e9 > MOST_SECONDS_A_RUN) {
                throw new IllegalStateException("only " + done + " of " + frames + " frames in a minute");
            }
        }
        return (double) (allocated(pid) - before) / done;
    }

    private static long allocated(long pid) {
        Path jcmd = Path.of(System.getProperty("java.home"), "bin", "jcmd");
        return parse(String.join("\n",
                JavaCommand.lines(List.of(jcmd.toString(), String.valueOf(pid), "Thread.print", "-e=true"))));
    }

    /** @param dump of all threads. @return bytes, of the shard's */
    static long parse(String dump) {
        Matcher matcher = CORE.matcher(dump);
        if (!matcher.find()) {
            throw new IllegalStateException("the thread dump has no shard, or does not say what it allocated");
        }
        long number = Long.parseLong(matcher.group(1));
        return switch (matcher.group(2)) {
            case "B" -> number;
            case "K" -> number << 10;
            default -> throw new IllegalStateException("the core has allocated " + matcher.group(1) + matcher.group(2)
                    + ", which is too much to be seen exactly");
        };
    }
}
