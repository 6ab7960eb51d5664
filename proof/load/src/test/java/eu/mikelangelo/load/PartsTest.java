package eu.mikelangelo.load;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Histogram, keys and command line. */
class PartsTest {
    @Test
    void quantilesAreWithinTheirError() {
        Random random = new Random(3);
        Latencies latencies = new Latencies();
        long[] all = new long[100_000];
        for (int i = 0; i < all.length; i++) {
            all[i] = (long) Math.exp(random.nextDouble() * 22);
            latencies.add(all[i]);
        }
        Arrays.sort(all);
        for (double share : new double[] {0.001, 0.5, 0.9, 0.99, 0.999, 1}) {
            long exact = all[(int) Math.ceil(share * all.length) - 1];
            assertEquals(exact, latencies.quantile(share), exact / 60.0 + 1, "" + share);
        }
        assertEquals(all[all.length - 1], latencies.max());
        assertEquals(all.length, latencies.count());
        latencies.clear();
        assertEquals(0, latencies.quantile(0.5));
        latencies.add(Long.MAX_VALUE);
        latencies.add(-5);
        assertEquals((1L << 40) - 1, latencies.quantile(1));
        assertEquals(0, latencies.quantile(0.5));
    }

    @Test
    void keysFollowTheirLaw() {
        int draws = 1_000_000;
        int[] uniform = new int[100];
        int[] zipf = new int[100];
        Keys even = new Keys(100, 0, 1);
        Keys skewed = new Keys(100, 1, 1);
        for (int i = 0; i < draws; i++) {
            uniform[even.next()]++;
            zipf[skewed.next()]++;
        }
        double harmonic = 0;
        for (int i = 1; i <= 100; i++) {
            harmonic += 1.0 / i;
        }
        for (int i = 0; i < 100; i++) {
            assertEquals(draws / 100.0, uniform[i], 600, "uniform " + i);
            assertEquals(draws / harmonic / (i + 1), zipf[i], 600 + draws / harmonic / (i + 1) * 0.02, "zipf " + i);
        }
    }

    @Test
    void theCommandLineIsReadAndChecked() {
        LoadOptions options = LoadOptions.parse(new String[] {"--port", "5", "--rate", "1e4", "--json", "--no-fill"});
        assertEquals(5, options.port());
        assertTrue(options.isOpen() && options.json() && !options.fill());
        assertEquals(0.9, options.getShare());
        for (String[] wrong : new String[][] {{"--port"}, {"--port", "x"}, {"--port", "0"}, {"--get-share", "1.5"},
                {"--seconds", "NaN"}, {"--bogus"}}) {
            assertThrows(IllegalArgumentException.class, () -> LoadOptions.parse(wrong), Arrays.toString(wrong));
        }
        assertEquals(64, LoadMain.run(new String[] {"--bogus"}));
        assertEquals(0, LoadMain.run(new String[] {"--help"}));
    }

    @Test
    void jsonIsOneLineEvenAboutBadBytes() {
        Tally tally = new Tally();
        tally.firstComplaint = "a \"quoted\" \\ line\r\nwith \u00e4";
        Report report = new Report(LoadOptions.parse(new String[0]), tally, 10, 2, 0.5);
        String json = report.json();
        assertTrue(json.contains("\"complaint\":\"a \\\"quoted\\\" \\\\ line\\u000d\\u000awith \\u00e4\"}"), json);
        assertTrue(json.contains("\"perSecond\":5.0,\"serverCpu\":0.500000000,"), json);
        assertEquals(1, json.lines().count());
    }

    @Test
    void cpuTimeIsThatOfAllThreadsOfAProcess() throws Exception {
        ProcessCpu own = ProcessCpu.of(ProcessHandle.current().pid());
        long before = own.ns();
        double statBefore = stat();
        Thread spinner = new Thread(() -> {
            long end = System.nanoTime() + 300_000_000L;
            while (System.nanoTime() < end) {
                Thread.onSpinWait();
            }
        });
        spinner.start();
        spinner.join();
        double used = (own.ns() - before) / 1e9;
        double statUsed = stat() - statBefore;
        // The thread has ended, and counts; the other account is kept in ticks of 1/100 s.
        assertTrue(used > 0.001, used + " s");
        assertEquals(statUsed, used, 0.04 + statUsed * 0.2);
        assertThrows(IOException.class, () -> ProcessCpu.of(1 << 23));
        Process brief = new ProcessBuilder("sleep", "60").start();
        ProcessCpu ofBrief = ProcessCpu.of(brief.pid());
        assertTrue(ofBrief.ns() < 1_000_000_000L);
        brief.destroyForcibly().waitFor();
        assertThrows(IOException.class, ofBrief::ns);
    }

    /** Seconds of user and system time by proc(5), /proc/PID/stat, fields 14 and 15. */
    private static double stat() throws IOException {
        String stat = Files.readString(Path.of("/proc/self/stat"));
        String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
        return (Long.parseLong(fields[11]) + Long.parseLong(fields[12])) / 100.0;
    }
}
