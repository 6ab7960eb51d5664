package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.limits.Gate;
import eu.mikelangelo.shard.loop.SleepFlag;
import eu.mikelangelo.shard.loop.SpscRing;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Races that need whole shards, or more threads than jcstress has processors for: invariants under load. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class StressTest {
    private static HostOptions options(HostOptions.Fibers fibers) {
        return HostOptions.defaults().withShards(2).withOverprovisioned(true).withMailCapacity(4).withFibers(fibers)
                .withMemoryBytes(1 << 20);
    }

    /** Two callers against one sleeper: it is woken for every letter, and by one of them only at a time. */
    @Test
    void twoCallersWakeOneSleeperExactlyWhenItSleeps() throws InterruptedException {
        int letters = 100_000;
        SleepFlag flag = new SleepFlag();
        Semaphore wakeUps = new Semaphore(0);
        AtomicInteger claims = new AtomicInteger();
        List<SpscRing<Integer>> rings = List.of(new SpscRing<>(8), new SpscRing<>(8));
        List<Thread> callers = new ArrayList<>();
        for (SpscRing<Integer> ring : rings) {
            callers.add(Thread.ofPlatform().start(() -> {
                SplittableRandom random = new SplittableRandom(3);
                for (int i = 0; i < letters; i++) {
                    while (!ring.put(i, null, null, null)) {
                        Thread.yield();
                    }
                    if (flag.claim()) {
                        claims.incrementAndGet();
                        wakeUps.release();
                    }
                    if (random.nextInt(16) == 0) {
                        Thread.yield();
                    }
                }
            }));
        }
        int slept = 0;
        int[] next = new int[2];
        while (next[0] + next[1] < 2 * letters) {
            for (int i = 0; i < 2; i++) {
                int of = i;
                rings.get(i).drain(8, (letter, a, b, c) -> assertEquals(next[of]++, letter));
            }
            flag.announce();
            boolean all = next[0] + next[1] == 2 * letters;
            if (!all && !rings.get(0).hasNews() && !rings.get(1).hasNews()) {
                slept++;
                assertTrue(wakeUps.tryAcquire(60, TimeUnit.SECONDS), "a lost wake-up after " + next[0] + " " + next[1]);
            }
            flag.awake();
            wakeUps.drainPermits();
        }
        for (Thread caller : callers) {
            caller.join();
        }
        assertTrue(slept > 0 && claims.get() >= slept, slept + " sleeps, " + claims + " claims");
    }

    /** Shards that sleep at once: each of many single calls, with pauses of all lengths, wakes the other one. */
    @ParameterizedTest
    @EnumSource
    void noCallToASleepingShardIsLost(HostOptions.Fibers fibers) {
        try (Host host = Host.start(options(fibers).withSpinNs(0))) {
            Sharded<long[]> counts = host.spread(shard -> new long[1]);
            long sum = host.run(() -> {
                SplittableRandom random = new SplittableRandom(1);
                for (int i = 0; i < 20_000; i++) {
                    for (int pause = random.nextInt(1 << random.nextInt(12)); pause > 0; pause--) {
                        Thread.onSpinWait();
                    }
                    counts.on(1).call(count -> ++count[0]).await();
                }
                return counts.on(1).call(count -> count[0]).await();
            });
            assertEquals(20_000, sum);
            assertTrue(host.shard(1).metered().sleeps.get() > 0);
            assertEquals(List.of(), host.errors().entries());
        }
    }

    /** Foreign threads at the doors of sleeping shards: every call is done once, and answered. */
    @Test
    void everyCallThroughTheDoorIsDoneOnce() throws Exception {
        try (Host host = Host.start(options(HostOptions.Fibers.AUTO).withSpinNs(0))) {
            Sharded<long[]> counts = host.spread(shard -> new long[1]);
            List<Thread> callers = new ArrayList<>();
            List<Throwable> failures = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                int shard = i % 2;
                callers.add(Thread.ofPlatform().start(() -> {
                    try {
                        for (int n = 0; n < 5_000; n++) {
                            CompletableFuture<Long> answer = host.outside(shard).call(() -> ++counts.here()[0]);
                            answer.get(60, TimeUnit.SECONDS);
                        }
                    } catch (Exception failed) {
                        synchronized (failures) {
                            failures.add(failed);
                        }
                    }
                }));
            }
            for (Thread caller : callers) {
                caller.join();
            }
            assertEquals(List.of(), failures);
            assertEquals(List.of(10_000L, 10_000L), host.run(() -> counts.gather(count -> count[0]).await()));
        }
    }

    /** Foreign threads unpark fibers at random: no signal is lost, none is seen twice, no gate opens early. */
    @Test
    @SuppressWarnings("try")
    void spuriousUnparksBreakNeitherSignalsNorGates() throws InterruptedException {
        try (Host host = Host.start(options(HostOptions.Fibers.AUTO))) {
            Thread[] fibers = new Thread[2];
            boolean[] over = new boolean[1];
            Thread pest = Thread.ofPlatform().start(() -> {
                while (!Thread.interrupted()) {
                    for (Thread fiber : fibers) {
                        LockSupport.unpark(fiber);
                    }
                    LockSupport.parkNanos(20_000);
                }
            });
            host.run(() -> {
                Signal ping = new Signal();
                Signal pong = new Signal();
                Gate gate = new Gate();
                int[] seen = new int[2];
                Fiber<?> other = Shard.current().fiber(() -> {
                    fibers[1] = Thread.currentThread();
                    try (Gate.Pass pass = gate.enter()) {
                        for (int i = 0; i < 20_000; i++) {
                            ping.await();
                            assertFalse(ping.isRaised());
                            seen[1]++;
                            pong.raise();
                        }
                    }
                    over[0] = true;
                    return null;
                });
                fibers[0] = Thread.currentThread();
                Fiber.yieldNow();
                Future<Void> closed = gate.close();
                for (int i = 0; i < 20_000; i++) {
                    ping.raise();
                    pong.await();
                    assertEquals(++seen[0], seen[1]);
                }
                closed.await();
                assertTrue(over[0] || gate.inside() == 0);
                other.await();
                return null;
            });
            pest.interrupt();
            pest.join();
            assertEquals(List.of(), host.errors().entries());
        }
    }

    /** Buffers of both shards, released by both and by a third thread, while the mailboxes are full: all get home. */
    @Test
    void buffersFromEverywhereGetHome() throws Exception {
        Host host = Host.start(options(HostOptions.Fibers.AUTO));
        try (host) {
            Sharded<long[]> counts = host.spread(shard -> new long[1]);
            for (int round = 0; round < 200; round++) {
                List<Memory.Buffer> some = host.run(() -> {
                    List<Memory.Buffer> mine = new ArrayList<>();
                    for (int i = 0; i < 60; i++) {
                        mine.add(Shard.current().memory().take(i % 2 == 0 ? 100 : 3_000));
                    }
                    return mine;
                });
                host.run(() -> {
                    List<Future<Long>> calls = new ArrayList<>();
                    for (Memory.Buffer each : some.subList(0, 50)) {
                        calls.add(counts.on(1).call(count -> {
                            each.close();
                            return ++count[0];
                        }));
                    }
                    return Future.all(calls).await();
                });
                some.subList(50, 60).forEach(Memory.Buffer::close);
            }
        }
        assertEquals(List.of(), host.errors().entries());
    }
}
