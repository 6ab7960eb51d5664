package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.JavaCommand;
import eu.mikelangelo.bench.net.room.Pause;
import eu.mikelangelo.bench.net.room.Room;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import jdk.jfr.consumer.RecordingFile;

/**
 * Bytes that the thread of our switch's core allocates per frame. The JVM itself is asked, from outside: its Flight
 * Recorder says of each thread what it has allocated since it began, to the byte (a thread dump rounds to megabytes).
 */
final class AllocationRow {
    private static final int RUNS = 5;
    private static final int MOST_WARM_UP_RUNS = 20;
    private static final double LOOK_SECONDS = 0.5;
    private static final double MOST_SECONDS_A_RUN = 60;
    private static final String EVENT = "jdk.ThreadAllocationStatistics";
    private static final String RECORDING = "allocation";

    private AllocationRow() {}

    static Row measure(String row, double aim, Room room, NetPlan plan, Cores cores) {
        try (Side<Testpmd> ours = Circuit.ours(room, cores, new Testpmd.Shape(64, false))) {
            long pid = ours.serverPid();
            record(pid);
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

    static void record(long pid) {
        jcmd(pid, "JFR.start", "name=" + RECORDING, "settings=none", "+" + EVENT + "#enabled=true",
                "+" + EVENT + "#period=everyChunk");
    }

    /** @return bytes, of the shard's thread, of a process that {@link #record} was called of */
    static long allocated(long pid) {
        try {
            Path file = Files.createTempFile("mike-bench", ".jfr");
            try {
                // A dump ends a chunk, so that the statistics are of now.
                jcmd(pid, "JFR.dump", "name=" + RECORDING, "filename=" + file);
                return RecordingFile.readAllEvents(file).stream()
                        .filter(event -> event.getEventType().getName().equals(EVENT))
                        .filter(event -> String.valueOf(event.getThread("thread").getJavaName()).endsWith("-shard-0"))
                        .mapToLong(event -> event.getLong("allocated")).max()
                        .orElseThrow(() -> new IllegalStateException("the Flight Recorder saw no shard"));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void jcmd(long pid, String... command) {
        List<String> words = new ArrayList<>();
        words.add(Path.of(System.getProperty("java.home"), "bin", "jcmd").toString());
        words.add(String.valueOf(pid));
        words.addAll(List.of(command));
        JavaCommand.lines(words);
    }
}
