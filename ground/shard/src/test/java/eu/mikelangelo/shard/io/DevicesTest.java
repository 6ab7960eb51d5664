package eu.mikelangelo.shard.io;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.Region;
import eu.mikelangelo.shard.Fiber;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Together;
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
            case NO_FILES -> throw new AssertionError("see NoFilesTest");
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

    /** They may ask, but only their loop may submit. */
    @Test
    void fibersOnThreadsOfTheirOwnReadAndListenToo() {
        host.close();
        host = Host.start(options().withFibers(HostOptions.Fibers.POOLED));
        run(() -> {
            try (Together all = new Together()) {
                for (int i = 0; i < 40; i++) {
                    String path = folder.resolve("f" + i).toString();
                    all.fork(() -> {
                        readAndListen(path);
                        return null;
                    });
                }
                all.join();
            }
            return null;
        });
    }

    private static void readAndListen(String path) {
        Region block = File.buffer(File.ALIGNMENT);
        try (File file = File.open(path, File.Open.WRITE, File.Open.READ, File.Open.CREATE).awaitAnyway();
                Listener listener = Listener.unix(path + ".s");
                Stream near = Stream.connect(path + ".s");
                Stream far = listener.accept()) {
            block.u64(0, path.hashCode());
            assertEquals(8, file.write(block, 0, 8, 0).await());
            assertEquals(8, file.read(block, 8, 8, 0).await());
            near.write(block, 8, 8);
            assertEquals(8, far.read(block, 16, 8));
            assertEquals(path.hashCode(), block.u64(16));
        }
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
