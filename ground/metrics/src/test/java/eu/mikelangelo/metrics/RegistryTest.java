package eu.mikelangelo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.foreign.ValueLayout;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RegistryTest {
    @TempDir
    Path folder;

    @Test
    void textIsAsTheFormatWantsIt() throws IOException {
        try (Metrics metrics = Metrics.inMemory(16, 1 << 20)) {
            MetricGroup zero = metrics.group("shard", "0");
            MetricGroup one = metrics.group("shard", "1");
            Counter turns = zero.counter("shard_turns_total", "Turns of the loop");
            zero.gauge("shard_tasks", "Tasks that wait,\nnow \\ \"here\"", "lane", "a\\b \"c\"\nd").set(-3);
            one.counter("shard_turns_total", "Turns of the loop").add(5);
            metrics.group().counter("bare_total", "").increment();
            turns.add(40);
            turns.increment();
            Histogram waits =
                    one.histogram("shard_wait_seconds", "Time in the queue", 1024, 16_384, 1e-9, "lane", "x");
            waits.record(1023);
            waits.record(1024, 2);
            waits.record(5000);
            waits.record(1_000_000);
            Histogram sizes = metrics.group().histogram("batch", "Batch size", 1, 4, 1);
            sizes.record(0);
            sizes.record(3);
            StringBuilder text = new StringBuilder();
            PrometheusText.write(metrics.reader(), "", text);
            assertEquals("""
                    # HELP shard_turns_total Turns of the loop
                    # TYPE shard_turns_total counter
                    shard_turns_total{shard="0"} 41
                    shard_turns_total{shard="1"} 5
                    # HELP shard_tasks Tasks that wait,\\nnow \\\\ "here"
                    # TYPE shard_tasks gauge
                    shard_tasks{shard="0",lane="a\\\\b \\"c\\"\\nd"} -3
                    # HELP bare_total\s
                    # TYPE bare_total counter
                    bare_total 1
                    # HELP shard_wait_seconds Time in the queue
                    # TYPE shard_wait_seconds histogram
                    shard_wait_seconds_bucket{shard="1",lane="x",le="1.023E-6"} 1
                    shard_wait_seconds_bucket{shard="1",lane="x",le="2.047E-6"} 3
                    shard_wait_seconds_bucket{shard="1",lane="x",le="4.095E-6"} 3
                    shard_wait_seconds_bucket{shard="1",lane="x",le="8.191E-6"} 4
                    shard_wait_seconds_bucket{shard="1",lane="x",le="1.6383E-5"} 4
                    shard_wait_seconds_bucket{shard="1",lane="x",le="+Inf"} 5
                    shard_wait_seconds_sum{shard="1",lane="x"} 0.001008071
                    shard_wait_seconds_count{shard="1",lane="x"} 5
                    # HELP batch Batch size
                    # TYPE batch histogram
                    batch_bucket{le="0"} 1
                    batch_bucket{le="1"} 1
                    batch_bucket{le="3"} 2
                    batch_bucket{le="+Inf"} 2
                    batch_sum 3
                    batch_count 2
                    """, text.toString());
            text.setLength(0);
            PrometheusText.write(metrics.reader(), "bare", text);
            assertEquals("# HELP bare_total \n# TYPE bare_total counter\nbare_total 1\n", text.toString());
        }
    }

    @Test
    void scalesThatAreNoInverseMultiply() throws IOException {
        try (Metrics metrics = Metrics.inMemory(4, 1 << 16)) {
            metrics.group().histogram("pages_bytes", "", 1, 2, 4096).record(2);
            metrics.group().histogram("odd", "", 1, 2, 0.75).record(2);
            StringBuilder text = new StringBuilder();
            PrometheusText.write(metrics.reader(), "", text);
            assertTrue(text.toString().contains("pages_bytes_bucket{le=\"4096.0\"} 0\n"), text.toString());
            assertTrue(text.toString().contains("odd_sum 1.5\n"), text.toString());
        }
    }

    @Test
    void anotherProcessReadsWhileThisOneWrites() throws Exception {
        Path file = folder.resolve("metrics");
        try (Metrics metrics = Metrics.inFile(file)) {
            Counter counter = metrics.group("shard", "7").counter("turns_total", "Turns");
            metrics.group("shard", "7").histogram("wait_seconds", "", 1024, 60_000_000_000L, 1e-9).record(77);
            counter.add(123);
            Process other = new ProcessBuilder(ProcessHandle.current().info().command().orElseThrow(), "-cp",
                    System.getProperty("java.class.path"), Peek.class.getName(), file.toString())
                    .redirectErrorStream(true).start();
            String printed = new String(other.getInputStream().readAllBytes());
            assertTrue(other.waitFor(60, TimeUnit.SECONDS));
            assertEquals(ProcessHandle.current().pid() + " 123 1", printed.strip());
        }
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        try (MetricsReader after = MetricsReader.open(file)) {
            assertEquals(123, after.value("turns_total", -1, "shard", "7"));
            assertEquals(-1, after.value("turns_total", -1, "shard", "8"));
            assertEquals(-1, after.value("wait_seconds", -1, "shard", "7"));
            assertNull(after.distribution("turns_total", "shard", "7"));
            assertNull(after.distribution("nothing"));
            assertEquals(77, after.distribution("wait_seconds", "shard", "7").max());
            assertEquals(2, after.size());
        }
        Metrics.inFile(file).close();
        try (MetricsReader fresh = MetricsReader.open(file);
                java.util.stream.Stream<Path> left = Files.list(folder)) {
            assertEquals(0, fresh.size());
            assertEquals(1, left.count(), "no temporary file is left");
        }
        assertThrows(IOException.class, () -> Metrics.inFile(folder.resolve("absent/metrics")));
    }

    /** Run in a process of its own. */
    static final class Peek {
        private Peek() {}

        public static void main(String[] arguments) throws IOException {
            try (MetricsReader reader = MetricsReader.open(Path.of(arguments[0]))) {
                System.out.println(reader.pid() + " " + reader.value("turns_total", -1, "shard", "7") + " "
                        + reader.distribution("wait_seconds", "shard", "7").count());
            }
        }
    }

    @Test
    void eachMetricIsRegisteredOnce() {
        try (Metrics metrics = Metrics.inMemory(16, 1 << 16)) {
            MetricGroup group = metrics.group("a", "1");
            group.counter("x_total", "help");
            refused(() -> group.counter("x_total", "help"), "already");
            refused(() -> metrics.group().counter("x_total", "help", "a", "1"), "already");
            refused(() -> group.gauge("x_total", "help", "b", "2"), "another kind");
            refused(() -> group.counter("x_total", "other help", "b", "2"), "help text");
            group.counter("x_total", "help", "b", "2");
            refused(() -> group.counter("y_total", "", "a", "2"), "twice");
            refused(() -> group.counter("y_total", "", "b"), "no value");
            refused(() -> group.counter("y_total", "", "le", "2"), "reserved");
            refused(() -> group.counter("y_total", "", "__b", "2"), "reserved");
            refused(() -> group.counter("y_total", "", "b-c", "2"), "form");
            refused(() -> group.counter("1y", ""), "form");
            refused(() -> group.counter("", ""), "form");
            refused(() -> group.counter("y_total", "x".repeat(500)), "limit");
            refused(() -> group.histogram("h", "", 0, 10, 1), "from 0");
            refused(() -> group.histogram("h", "", 10, 9, 1), "from 10");
            refused(() -> metrics.group("a"), "no value");
            assertEquals(2, metrics.reader().size());
        }
    }

    @Test
    void readersSeeOnlyWholeDescriptions() throws InterruptedException {
        try (Metrics metrics = Metrics.inMemory(2000, 1 << 20)) {
            Thread writer = new Thread(() -> {
                MetricGroup group = metrics.group("writer", "1");
                for (int i = 0; i < 2000; i++) {
                    group.counter("c" + i + "_total", "Number " + i).add(i + 1);
                }
            });
            MetricsReader reader = metrics.reader();
            writer.start();
            int seen = 0;
            while (seen < 2000) {
                for (int last = reader.size(); seen < last; seen++) {
                    MetricText text = reader.entries().get(seen).text();
                    assertEquals("c" + seen + "_total", text.name());
                    assertEquals("Number " + seen, text.help());
                    assertEquals("writer=\"1\"", text.labels());
                }
            }
            writer.join();
            assertEquals(2000, reader.value("c1999_total", -1, "writer", "1"));
        }
    }

    @Test
    void roomIsBounded() {
        try (Metrics metrics = Metrics.inMemory(2, 2048)) {
            MetricGroup group = metrics.group();
            group.counter("a", "");
            assertThrows(IllegalStateException.class, () -> group.histogram("h", "", 1, 60_000_000_000L, 1));
            group.counter("b", "");
            assertThrows(IllegalStateException.class, () -> group.counter("c", ""));
        }
        try (Metrics metrics = Metrics.inMemory(400, 2048)) {
            MetricGroup one = metrics.group();
            MetricGroup two = metrics.group();
            two.gauge("other", "").set(5);
            for (int i = 0; i < 128; i++) {
                one.counter("c" + i, "").add(i);
            }
            assertThrows(IllegalStateException.class, () -> one.counter("c128", ""));
            two.gauge("another", "");
            for (int i = 0; i < 128; i++) {
                assertEquals(i, metrics.reader().value("c" + i, -1));
            }
        }
    }

    @Test
    void damagedFilesDoNoHarm() throws IOException {
        byte[] good;
        try (Metrics metrics = Metrics.inMemory(4, 1 << 16)) {
            MetricGroup group = metrics.group("shard", "0");
            group.counter("a_total", "A").add(1);
            group.histogram("b_seconds", "B", 1024, 1 << 20, 1e-9).record(5);
            group.gauge("c", "C").set(9);
            good = metrics.memory().toArray(ValueLayout.JAVA_BYTE);
        }
        assertTrue(MetricsFuzz.read(good));
        Random random = new Random(5);
        int taken = 0;
        for (int round = 0; round < 5000; round++) {
            byte[] bad = good.clone();
            for (int i = random.nextInt(1, 6); i > 0; i--) {
                int at = random.nextInt(4) == 0 ? random.nextInt(24) : 64 + random.nextInt(3 * 512);
                bad[at] = random.nextBoolean() ? (byte) random.nextInt() : (byte) (bad[at] ^ 1 << random.nextInt(8));
            }
            boolean cut = random.nextInt(10) == 0;
            taken += MetricsFuzz.read(cut ? Arrays.copyOf(bad, random.nextInt(bad.length)) : bad) ? 1 : 0;
        }
        assertTrue(taken > 500 && taken < 4900, taken + " taken");
    }

    @Test
    void whatIsNoFileOfMetricsIsRefused() throws IOException {
        Path file = Files.write(folder.resolve("other"), new byte[10_000]);
        assertTrue(assertThrows(IOException.class, () -> MetricsReader.open(file)).getMessage().contains("other"));
        Files.write(file, new byte[0]);
        assertThrows(IOException.class, () -> MetricsReader.open(file));
        assertThrows(IOException.class, () -> MetricsReader.open(folder.resolve("absent")));
    }

    private static void refused(org.junit.jupiter.api.function.Executable action, String part) {
        String message = assertThrows(IllegalArgumentException.class, action).getMessage();
        assertTrue(message.contains(part), message);
    }
}
