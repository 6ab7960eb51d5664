package eu.mikelangelo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.lang.management.ManagementFactory;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HistogramTest {
    private static final long MINUTE = 60_000_000_000L;

    @Test
    void bucketsAreContiguousAndNarrow() {
        long expected = 0;
        for (int bucket = 0; bucket < Buckets.count(Long.MAX_VALUE); bucket++) {
            long low = Buckets.low(bucket);
            long high = Buckets.high(bucket);
            assertEquals(expected, low, "bucket " + bucket);
            assertEquals(bucket, Buckets.of(low));
            assertEquals(bucket, Buckets.of(high));
            assertTrue(high - low <= low / 128, low + " to " + high);
            expected = high + 1;
        }
        assertEquals(Long.MIN_VALUE, expected, "the last bucket ends at the largest long");
    }

    @Test
    void percentilesAgreeWithASortedList() {
        Random random = new Random(3);
        for (int round = 0; round < 20; round++) {
            long[] values = new long[1 + random.nextInt(5000)];
            Histogram histogram = new Histogram(MINUTE);
            for (int i = 0; i < values.length; i++) {
                values[i] = random.nextLong(1L << random.nextInt(1, 36));
                histogram.record(values[i]);
            }
            Arrays.sort(values);
            Distribution seen = new Distribution(MINUTE);
            histogram.addTo(seen);
            assertEquals(values.length, seen.count());
            assertEquals(Arrays.stream(values).sum(), seen.sum());
            assertEquals(values[values.length - 1], seen.max());
            assertTrue(seen.min() <= values[0] && values[0] - seen.min() <= values[0] / 128);
            for (double percent : new double[] {0, 1, 50, 90, 99, 99.9, 100}) {
                long exact = values[Math.max(0, (int) Math.ceil(values.length * (percent / 100)) - 1)];
                long told = seen.percentile(percent);
                assertTrue(told >= exact && told - exact <= exact / 128, percent + " %: " + told + ", not " + exact);
            }
        }
    }

    @Test
    void theEdgesAreKept() {
        Histogram histogram = new Histogram(1000);
        Distribution seen = new Distribution(1000);
        histogram.addTo(seen);
        assertEquals(0, seen.count());
        assertEquals(0, seen.percentile(99));
        assertEquals(0, seen.mean());
        assertEquals(0, seen.min());
        histogram.record(-5);
        histogram.record(5_000_000);
        histogram.record(10, 3);
        histogram.addTo(seen);
        assertEquals(5, seen.count());
        assertEquals(5_000_030, seen.sum());
        assertEquals(1_000_006, seen.mean());
        assertEquals(0, seen.percentile(20));
        assertEquals(10, seen.percentile(80));
        assertEquals(5_000_000, seen.percentile(100));
        assertEquals(5_000_000, seen.max());
        assertThrows(IllegalArgumentException.class, () -> seen.percentile(100.1));
        assertThrows(IllegalArgumentException.class, () -> seen.percentile(-1));
        assertThrows(IllegalArgumentException.class, () -> seen.percentile(Double.NaN));
        assertThrows(IllegalArgumentException.class, () -> new Histogram(0));
        histogram.clear();
        seen.clear();
        histogram.addTo(seen);
        assertEquals(0, seen.count() + seen.max());
    }

    @Test
    void histogramsMerge() {
        Histogram low = new Histogram(1000);
        Histogram high = new Histogram(MINUTE);
        Histogram both = new Histogram(MINUTE);
        for (int i = 1; i <= 1000; i++) {
            low.record(i);
            high.record(i * 1_000_000L);
            both.record(i);
            both.record(i * 1_000_000L);
        }
        Distribution one = new Distribution(MINUTE);
        Distribution two = new Distribution(MINUTE);
        Distribution expected = new Distribution(MINUTE);
        low.addTo(one);
        high.addTo(two);
        one.add(two);
        both.addTo(expected);
        for (int percent = 0; percent <= 100; percent++) {
            assertEquals(expected.percentile(percent), one.percentile(percent));
        }
        assertEquals(expected.count(), one.count());
        assertEquals(expected.sum(), one.sum());
        Distribution small = new Distribution(100);
        small.add(one);
        assertEquals(2000, small.count());
        assertEquals(one.max(), small.percentile(99));
    }

    @Test
    void readersSeeWhatIsRecordedMeanwhile() throws InterruptedException {
        Histogram histogram = new Histogram(MINUTE);
        Thread writer = new Thread(() -> {
            for (int i = 0; i < 300_000; i++) {
                histogram.record(i);
            }
        });
        writer.start();
        Distribution seen = new Distribution(MINUTE);
        long last = 0;
        while (writer.isAlive()) {
            seen.clear();
            histogram.addTo(seen);
            assertTrue(seen.count() >= last && seen.count() <= 300_000);
            last = seen.count();
        }
        writer.join();
        seen.clear();
        histogram.addTo(seen);
        assertEquals(300_000, seen.count());
        assertEquals(299_999, seen.max());
    }

    @Test
    void recordingAllocatesNothing() {
        ThreadMXBean bean = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        Histogram histogram = new Histogram(MINUTE);
        Metrics metrics = Metrics.inMemory(4, 1 << 16);
        Counter counter = metrics.group().counter("a_total", "");
        Gauge gauge = metrics.group().gauge("b", "");
        long least = Long.MAX_VALUE;
        for (int window = 0; window < 30 && least > 0; window++) {
            long before = bean.getCurrentThreadAllocatedBytes();
            for (int i = 0; i < 10_000; i++) {
                histogram.record(i * 977L);
                counter.increment();
                gauge.set(i);
            }
            least = Math.min(least, bean.getCurrentThreadAllocatedBytes() - before);
        }
        assertEquals(0, least);
        metrics.close();
    }
}
