package eu.mikelangelo.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class MetricsTest {
    @Test
    void readersSeeCountersGrow() throws InterruptedException {
        Counters counters = new Counters(3);
        Thread writer = new Thread(() -> {
            for (int i = 0; i < 200_000; i++) {
                counters.add(1, 2);
            }
        });
        writer.start();
        long last = 0;
        while (writer.isAlive()) {
            long now = counters.get(1);
            assertTrue(now >= last && now % 2 == 0);
            last = now;
        }
        writer.join();
        assertEquals(400_000, counters.get(1));
        assertEquals(0, counters.get(0));
        assertEquals(0, counters.get(2));
        assertEquals(3, counters.count());
    }

    @Test
    void equalErrorsAreOneEntry() {
        DistinctErrors errors = new DistinctErrors();
        errors.record("port a", "first");
        errors.record("port b", "");
        errors.record("port a", "second");
        List<DistinctErrors.Entry> entries = errors.entries();
        assertEquals(2, entries.size());
        assertEquals(2, entries.getFirst().count());
        assertEquals("second", entries.getFirst().detail());
        assertTrue(entries.getFirst().toString().contains("2 times since"));
        assertEquals(3, errors.recorded());
    }

    @Test
    void entriesAndTextAreBounded() {
        DistinctErrors errors = new DistinctErrors();
        for (int i = 0; i < 10_000; i++) {
            errors.record("error " + i, "x".repeat(5_000));
        }
        List<DistinctErrors.Entry> entries = errors.entries();
        assertEquals(DistinctErrors.MAX_ENTRIES + 1, entries.size());
        assertEquals(DistinctErrors.OTHERS, entries.getLast().what());
        assertEquals(10_000 - DistinctErrors.MAX_ENTRIES, entries.getLast().count());
        assertTrue(entries.stream().allMatch(entry -> entry.detail().length() <= DistinctErrors.MAX_DETAIL + 1));
    }
}
