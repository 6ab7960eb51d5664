package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** How lanes are charged for what they run, and where those begin that come back. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LaneTest {
    private final Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true).withStallNs(0));

    @AfterEach
    void stop() {
        host.close();
        assertEquals(List.of(), host.errors().entries());
    }

    private static long burn(long ns) {
        long end = System.nanoTime() + ns;
        while (System.nanoTime() < end) {
            Thread.onSpinWait();
        }
        return ns;
    }

    private static long had(Shard here, Lane lane) {
        return here.queue(lane).metrics.runNs();
    }

    /** Several fibers, so that something always waits. @return the last of them */
    private static Fiber<Void> work(Shard here, Lane in) {
        Fiber<Void> last = null;
        for (int i = 0; i < 3; i++) {
            last = here.fiber(in, () -> {
                while (had(here, in) < 200_000_000) {
                    burn(100_000);
                    Fiber.yieldNow();
                }
                return null;
            });
        }
        return last;
    }

    /** Its one task is under way when the other lane begins: no lane has anything that waits then. */
    @Test
    void aLaneThatBeginsHasNothingSavedUp() {
        Lane old = host.lane("old", 1_000);
        Lane young = host.lane("young", 1_000);
        long meanwhile = host.run(() -> {
            Shard here = Shard.current();
            return here.fiber(old, () -> {
                while (had(here, old) < 400_000_000) {
                    burn(100_000);
                    Fiber.yieldNow();
                }
                Fiber<Void> other = work(here, young);
                long before = had(here, old);
                while (!other.isDone()) {
                    burn(100_000);
                    Fiber.yieldNow();
                }
                return had(here, old) - before;
            }).await();
        });
        assertTrue(meanwhile > 50_000_000, "had " + meanwhile + " ns while another lane of as many shares had 200 ms");
    }

    /** Both have ended when the one that had less begins again. */
    @Test
    void norHasOneThatBeginsAfterARest() {
        Lane one = host.lane("one", 1_000);
        Lane other = host.lane("other", 1_000);
        long meanwhile = host.run(() -> {
            Shard here = Shard.current();
            here.fiber(one, () -> burn(400_000_000)).await();
            Fiber.sleepNs(5_000_000);
            long before = had(here, one);
            Fiber<Void> ahead = work(here, other);
            here.fiber(one, () -> {
                while (!ahead.isDone()) {
                    burn(100_000);
                    Fiber.yieldNow();
                }
                return null;
            });
            ahead.await();
            return had(here, one) - before;
        });
        assertTrue(meanwhile > 50_000_000, "had " + meanwhile + " ns while another lane of as many shares had 200 ms");
    }

    /** Thousands of short tasks that were not measured, and one long one that is. */
    @Test
    void oneLongTaskDoesNotMakeShortOnesLong() {
        Lane lane = host.lane("calls", 1_000);
        long[] times = host.run(() -> {
            Shard here = Shard.current();
            long began = System.nanoTime();
            int[] ran = new int[1];
            for (int i = 0; i < 2_000; i++) {
                here.lanes().atOnce(true);
                for (int j = 0; j < Lane.TASKS_PER_LOOK; j++) {
                    here.queue(lane).pushOrRun(() -> ran[0]++);
                }
                here.lanes().atOnce(false);
                here.look();
            }
            assertEquals(2_000 * Lane.TASKS_PER_LOOK, ran[0], "they ran at once");
            for (int i = 0; i < 3; i++) {
                here.fiber(lane, () -> burn(20_000_000)).await();
                Fiber.yieldNow();
            }
            return new long[] {had(here, lane), System.nanoTime() - began};
        });
        assertTrue(times[0] >= 60_000_000, times[0] + " ns");
        assertTrue(times[0] <= times[1], times[0] + " ns of " + times[1] + " that passed");
    }

    /** Counted, not timed: how far the one is when the other is done. */
    @Test
    void lanesKeepTheirSharesWhenAllWorkComesByCalls() {
        int calls = 7_000;
        Sharded<int[]> counts = host.spread(shard -> new int[2]);
        Lane big = host.lane("big", 3_000);
        Lane small = host.lane("small", 1_000);
        int behind = host.run(() -> {
            Shard here = Shard.current();
            Future<Integer> last = here.fiber(big, () -> {
                Future<Integer> call = null;
                for (int i = 0; i < calls; i++) {
                    call = counts.on(1).call(count -> {
                        burn(60_000);
                        count[0]++;
                        return count[1];
                    });
                }
                return call;
            }).await();
            List<Future<Long>> others = here.fiber(small, () -> {
                List<Future<Long>> all = new ArrayList<>();
                for (int i = 0; i < calls; i++) {
                    all.add(counts.on(1).call(count -> burn(60_000) + 0 * ++count[1]));
                }
                return all;
            }).await();
            int done = last.await();
            Future.all(others).await();
            return done;
        });
        assertTrue(behind > calls / 10 && behind < calls * 6 / 10, behind + " of " + calls
                + " with a third of the shares");
    }
}
