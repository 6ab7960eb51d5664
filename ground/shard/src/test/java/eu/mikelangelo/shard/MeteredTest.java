package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.metrics.Counter;
import eu.mikelangelo.metrics.Distribution;
import eu.mikelangelo.metrics.Metrics;
import eu.mikelangelo.metrics.MetricsReader;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What shards and lanes count about themselves, and applications beside them. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class MeteredTest {
    private static final HostOptions OPTIONS = HostOptions.defaults().withName("metered").withShards(2)
            .withOverprovisioned(true);
    private Host host = Host.start(OPTIONS);

    @AfterEach
    void stop() {
        host.close();
    }

    /** Shards show what they have counted every 64 turns and before they sleep. */
    private static void eventually(BooleanSupplier so) {
        long until = System.nanoTime() + 30_000_000_000L;
        while (!so.getAsBoolean()) {
            assertTrue(System.nanoTime() < until, "it did not become so");
            Thread.yield();
        }
    }

    private long value(String name, int shard, String... more) {
        String[] labels = new String[4 + more.length];
        System.arraycopy(new String[] {"host", "metered", "shard", String.valueOf(shard)}, 0, labels, 0, 4);
        System.arraycopy(more, 0, labels, 4, more.length);
        return host.metrics().reader().value(name, -1, labels);
    }

    @Test
    void aShardCountsWhatItDoes() {
        Sharded<int[]> counts = host.spread(shard -> new int[1]);
        host.run(() -> {
            for (int i = 0; i < 100; i++) {
                counts.on(1).call(count -> ++count[0]).await();
            }
            Fiber.sleepNs(3_000_000);
            Shard.current().after(3_600_000_000_000L, () -> { });
            Shard.current().fiber(() -> {
                Fiber.sleepNs(500_000_000);
                return null;
            });
            Fiber.sleepNs(10_000_000);
            return null;
        });
        eventually(() -> value("shard_turns_total", 0) > 100 && value("shard_fibers", 0) == 1);
        assertEquals(100, value("shard_mail_in_total", 0));
        assertEquals(100, value("shard_mail_in_total", 1));
        assertEquals(2, value("shard_door_total", 0));
        assertTrue(value("shard_sleeps_total", 0) > 0);
        assertTrue(value("shard_wakes_total", 0) > 0);
        assertTrue(value("shard_events_total", 0) > 0);
        assertTrue(value("shard_timers_fired_total", 0) >= 2);
        assertTrue(value("shard_timers", 0) >= 1, "published before the loop sleeps");
        assertTrue(value("shard_fibers", 0) >= 1);
        assertEquals(4 << 20, value("shard_memory_bytes", 1));
        assertEquals(0, value("shard_memory_live_bytes", 1));
        assertEquals(0, value("shard_mail_refused_total", 0));
        assertEquals(0, value("shard_mail_held", 0));
        assertEquals(0, value("shard_stalls_total", 0));
    }

    @Test
    void aLaneCountsTasksTimeAndHowLongTheyWaited() {
        Lane slow = host.lane("slow", 100);
        host.run(() -> {
            Shard here = Shard.current();
            Promise<Void> done = new Promise<>();
            // Each keeps the loop for a millisecond, so the last of 40, in batches of 8, waits for at least 32.
            for (int i = 0; i < 40; i++) {
                int me = i;
                here.execute(slow, () -> {
                    long until = here.clockNs() + 1_000_000;
                    while (here.clockNs() < until) {
                        Thread.onSpinWait();
                    }
                    if (me == 39) {
                        done.complete(null);
                    }
                });
            }
            done.await();
            return null;
        });
        eventually(() -> host.metrics().reader().distribution("shard_lane_wait_seconds", "host", "metered", "shard",
                "0", "lane", "slow").count() == 40);
        assertEquals(40, value("shard_lane_tasks_total", 0, "lane", "slow"));
        assertTrue(value("shard_lane_run_seconds_total", 0, "lane", "slow") >= 40_000_000);
        Distribution waits = host.metrics().reader().distribution("shard_lane_wait_seconds", "host", "metered", "shard",
                "0", "lane", "slow");
        assertEquals(40, waits.count());
        assertTrue(waits.max() >= 32_000_000 && waits.percentile(20) < waits.max() - 20_000_000,
                waits.percentile(20) + " to " + waits.max());
    }

    /** A sleep is not time that a task waited: its descriptor became ready at its end. */
    @Test
    void sleepIsNoWaiting() {
        host.run(() -> {
            for (int i = 0; i < 5; i++) {
                Fiber.sleepNs(300_000_000);
            }
            return null;
        });
        Distribution waits = host.metrics().reader().distribution("shard_lane_wait_seconds", "host", "metered", "shard",
                "0", "lane", "default");
        assertTrue(waits.percentile(50) < 150_000_000, "waited " + waits.percentile(50));
    }

    @Test
    void lanesBeyondTheMeasuredOnesAreCountedTogether() {
        host.run(() -> {
            Shard here = Shard.current();
            for (int i = 0; i < Host.MAX_LANES - 1; i++) {
                here.fiber(host.lane("lane" + i, 100), () -> 1).await();
            }
            return null;
        });
        // Default, lane0 to lane13, and 17 that share.
        eventually(() -> value("shard_lane_tasks_total", 0, "lane", "(others)") >= 17
                && value("shard_lane_tasks_total", 0, "lane", "lane13") >= 1);
        assertEquals(-1, value("shard_lane_tasks_total", 0, "lane", "lane14"));
    }

    @Test
    void applicationsCountBesideTheEngineAndAllIsPrometheusText() {
        Sharded<Counter> sold = host.spread(shard -> shard.metrics().counter("shop_sold_total", "Things sold"));
        host.run(() -> sold.onEach(counter -> {
            counter.increment();
            return null;
        }).await());
        String text = host.metricsText();
        for (String line : new String[] {
            "shop_sold_total{host=\"metered\",shard=\"1\"} 1",
            "# TYPE shard_lane_wait_seconds histogram",
            "# HELP shard_turns_total Turns of the loop",
            "shard_info{host=\"metered\",fibers=\"carried\",reason=\"carried (virtual threads on their shard)\"} 2"}) {
            assertTrue(text.contains(line), "no " + line + " in\n" + text);
        }
    }

    @Test
    void anotherProcessCouldReadThem(@TempDir Path folder) throws Exception {
        host.close();
        Path file = folder.resolve("metrics");
        try (Metrics metrics = Metrics.inFile(file)) {
            host = Host.start(OPTIONS, metrics);
            host.run(() -> 1);
            try (MetricsReader reader = MetricsReader.open(file)) {
                assertEquals(1, reader.value("shard_door_total", -1, "host", "metered", "shard", "0"));
            }
            host.close();
        }
    }
}
