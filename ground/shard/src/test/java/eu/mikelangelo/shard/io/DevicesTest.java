package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever a shard sleeps in, it wakes. */
class DevicesTest extends DevicesFixture {
    @TempDir
    Path folder;

    @Test
    void theHostSaysWhatItSleepsIn() {
        String said = host.toString();
        assertTrue(said.contains(switch (devices) {
            case AUTO -> "devices: epoll, files through ";
            case URING -> "devices: io_uring";
            case EPOLL -> "devices: epoll, files through 4 threads (--devices epoll)";
        }), said);
    }

    @Test
    void foreignThreadsWakeAShardWheneverTheyCome() throws Exception {
        Random random = new Random(11);
        for (int i = 0; i < 3_000; i++) {
            int number = i;
            assertEquals(number, host.outside(i % 3).call(() -> number).get(60, TimeUnit.SECONDS));
            // About as long as it takes a loop to come to rest: the wake-up meets it at each step.
            LockSupport.parkNanos(random.nextInt(60_000));
        }
    }

    @Test
    void shardsWakeEachOther() {
        Sharded<int[]> counters = host.spread(shard -> new int[1]);
        run(() -> {
            for (int i = 0; i < 3_000; i++) {
                counters.on(1 + i % 2).call(mine -> mine[0]++).await();
                if (i % 50 == 0) {
                    Fiber.sleepNs(100_000);
                }
            }
            return null;
        });
        int sum = run(() -> counters.gather(mine -> mine[0]).await().stream().mapToInt(Integer::intValue).sum());
        assertEquals(3_000, sum);
    }

    @Test
    void theEndOfARequestWakesAShardThatSleeps() {
        run(() -> {
            try (File file = File.open(folder.resolve("f").toString(), File.Open.READ, File.Open.WRITE,
                    File.Open.CREATE, File.Open.SYNCHRONOUS).awaitAnyway()) {
                Region block = File.buffer(File.ALIGNMENT);
                for (int i = 0; i < 300; i++) {
                    assertEquals(4096, file.write(block, 0, 4096, 4096L * i).await());
                    assertEquals(0, file.dataSync().await());
                }
            }
            return null;
        });
    }

    @Test
    void timersAreNotLateBecauseTheLoopSleeps() {
        run(() -> {
            for (int i = 0; i < 50; i++) {
                long start = System.nanoTime();
                Fiber.sleepNs(1_500_000);
                long slept = System.nanoTime() - start;
                assertTrue(slept >= 1_500_000 && slept < 10_000_000_000L, slept + " ns");
            }
            assertEquals(1, Shard.current().fibers());
            return null;
        });
    }
}
