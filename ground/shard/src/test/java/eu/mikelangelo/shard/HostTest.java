package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.metrics.DistinctErrors;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HostTest {
    private Host host;

    @BeforeEach
    void start() {
        host = Host.start(options());
    }

    HostOptions options() {
        return HostOptions.defaults().withShards(3).withOverprovisioned(true);
    }

    boolean carried() {
        return true;
    }

    Host host() {
        return host;
    }

    @AfterEach
    void stop() {
        host.close();
        for (int i = 0; i < host.size(); i++) {
            assertFalse(host.shard(i).thread().isAlive());
        }
    }

    private List<String> errors() {
        return host.errors().entries().stream().map(DistinctErrors.Entry::what).toList();
    }

    @Test
    void aFiberRunsOnItsShardAndStaysThere() {
        host.run(() -> {
            Shard here = Shard.current();
            assertSame(host.shard(0), here);
            assertEquals(carried(), Thread.currentThread().isVirtual(), host.toString());
            for (int i = 0; i < 100; i++) {
                Fiber.yieldNow();
                assertSame(here, Shard.current());
            }
            return null;
        });
        assertNull(Shard.current());
    }

    @Test
    void futuresCompose() {
        host.run(() -> {
            Promise<Integer> promise = new Promise<>();
            Future<String> text = promise.map(n -> n + 1).then(n -> Future.of("n=" + n));
            assertFalse(text.isDone());
            assertTrue(promise.complete(41));
            assertFalse(promise.complete(5), "the first outcome stays");
            assertEquals("n=42", text.await());
            assertEquals("x", Future.failed(new IOException("x")).recover(Throwable::getMessage).await());
            Future.Failure failure = assertThrows(Future.Failure.class,
                    () -> Future.failed(new IOException("y")).await());
            assertEquals("y", failure.getCause().getMessage());
            Promise<Integer> late = new Promise<>();
            Future<List<Integer>> all = Future.all(List.of(Future.of(1), late, Future.of(3)));
            late.complete(2);
            assertEquals(List.of(1, 2, 3), all.await());
            assertEquals(List.of(), Future.all(List.<Future<Integer>>of()).await());
            assertThrows(IllegalStateException.class, () -> new Promise<>().value());
            return null;
        });
    }

    @Test
    void awaitOffAFiberIsAnErrorAndNoDeadlock() {
        assertThrows(NullPointerException.class, Promise::new);
        Throwable thrown = host.run(() -> {
            Promise<Throwable> seen = new Promise<>();
            Shard.current().execute(() -> {
                try {
                    new Promise<Void>().await();
                } catch (IllegalStateException expected) {
                    seen.complete(expected);
                }
            });
            return seen.await();
        });
        assertTrue(thrown.getMessage().contains("off a fiber"), thrown.getMessage());
    }

    @Test
    void callsReachTheOwnerAndComeBack() {
        Sharded<Map<String, Integer>> maps = host.spread(shard -> new HashMap<>());
        host.run(() -> {
            for (int i = 0; i < 1_000; i++) {
                String key = "key" + i;
                int value = i;
                maps.owner(key).call(map -> map.put(key, value)).await();
            }
            List<Integer> sizes = maps.gather(Map::size).await();
            assertEquals(1_000, sizes.stream().mapToInt(Integer::intValue).sum());
            assertTrue(sizes.stream().allMatch(size -> size > 250), sizes.toString());
            assertEquals(77, maps.owner("key77").call(map -> map.get("key77")).await());
            maps.onEach(map -> {
                map.clear();
                return null;
            }).await();
            assertEquals(List.of(0, 0, 0), maps.gather(Map::size).await());
            Future.Failure failure = assertThrows(Future.Failure.class, () -> maps.on(2).call(map -> {
                throw new IOException("far away");
            }).await());
            assertEquals("far away", failure.getCause().getMessage());
            assertEquals(2, maps.on(2).fiber(map -> {
                Fiber.sleepNs(2_000_000);
                return Shard.current().index();
            }).await());
            return null;
        });
    }

    @Test
    void aLongComputationLetsOthersInWhenItIsDue() {
        host.run(() -> {
            Shard here = Shard.current();
            int[] others = new int[1];
            here.fiber(() -> ++others[0]);
            long begunNs = here.nowNs();
            while (!Fiber.yieldIfDue()) {
                assertEquals(0, others[0], "nobody else runs before that");
            }
            assertEquals(1, others[0]);
            assertTrue(here.clockNs() - begunNs >= Shard.BUDGET_NS, "it was due");
            return null;
        });
    }

    @Test
    void fullMailboxesHoldCallsBackAndLoseNone() {
        host.close();
        host = Host.start(options().withShards(2).withMailCapacity(2));
        Sharded<int[]> counts = host.spread(shard -> new int[1]);
        host.run(() -> {
            List<Future<Integer>> calls = new ArrayList<>();
            for (int i = 0; i < 10_000; i++) {
                calls.add(counts.on(1).call(count -> ++count[0]));
            }
            List<Integer> answers = Future.all(calls).await();
            assertEquals(10_000, answers.getLast());
            assertEquals(10_000, counts.on(1).call(count -> count[0]).await());
            return null;
        });
        assertTrue(host.shard(0).metered().mailRefused.get() > 0);
    }

    @Test
    void tooManyWaitingCallsFail() {
        host.close();
        host = Host.start(options().withShards(2).withMailCapacity(2)
                .withStallNs(0));
        Sharded<int[]> counts = host.spread(shard -> new int[1]);
        long failed = host.run(() -> {
            List<Future<Integer>> calls = new ArrayList<>();
            for (int i = 0; i < Sharded.MAX_WAITING + 1_000; i++) {
                calls.add(counts.on(1).call(count -> ++count[0]));
            }
            long late = calls.stream().filter(call -> call.isDone() && call.failure() != null).count();
            Future.all(calls).recover(failure -> null).await();
            return late;
        });
        assertTrue(failed > 0, "refused " + failed);
    }

    @Test
    void aThrowingTaskIsRecordedAndTheLoopGoesOn() {
        host.run(() -> {
            Shard.current().execute(() -> {
                throw new IllegalStateException("mine");
            });
            Fiber.yieldNow();
            return null;
        });
        assertTrue(errors().stream().anyMatch(what -> what.contains("HostTest")), errors().toString());
        assertEquals(1, host.run(() -> 1));
        assertThrows(ArithmeticException.class, () -> host.run(() -> 1 / (host.size() - 3)));
    }

    @Test
    void timersFireInOrderAndCanBeCalledOff() {
        List<Integer> order = host.run(() -> {
            List<Integer> fired = new ArrayList<>();
            Shard here = Shard.current();
            here.after(20_000_000, () -> fired.add(3));
            here.after(1, () -> fired.add(1));
            here.after(8_000_000, () -> fired.add(2));
            Timer never = here.after(5_000_000, () -> fired.add(-1));
            never.close();
            Timer often = here.every(2_000_000, () -> fired.add(0));
            while (Collections.frequency(fired, 0) < 3 || !fired.contains(3)) {   // a busy machine is late
                Fiber.sleepNs(1_000_000);
            }
            often.close();
            int all = fired.size();
            Fiber.sleepNs(10_000_000);
            assertEquals(all, fired.size(), "called off");
            return fired;
        });
        order.removeIf(n -> n == 0);
        assertEquals(List.of(1, 2, 3), order);
    }

    @Test
    void aDeadlineEndsWhatWaitsHereAndThere() {
        Sharded<Object> things = host.spread(shard -> new Object());
        host.run(() -> {
            Context.Ended late = assertThrows(Context.Ended.class,
                    () -> Context.within(10_000_000, () -> new Promise<>().await()));
            assertTrue(late.isDeadline());
            assertThrows(Context.Ended.class, () -> Context.within(10_000_000,
                    () -> things.on(1).fiber(thing -> new Promise<>().await()).await()));
            // The far fiber has the same deadline, and ends by it.
            for (int i = 0; i < 1_000 && things.on(1).call(thing -> Shard.current().fibers()).await() > 0; i++) {
                Fiber.sleepNs(1_000_000);
            }
            assertEquals(0, things.on(1).call(thing -> Shard.current().fibers()).await());
            assertEquals(5, Context.within(1_000_000_000, () -> 5));
            return null;
        });
    }

    @Test
    void aGroupEndsTogether() {
        host.run(() -> {
            try (Together group = new Together()) {
                Fiber<Integer> a = group.fork(() -> 1);
                Fiber<Integer> b = group.fork(() -> {
                    Fiber.sleepNs(3_000_000);
                    return 2;
                });
                group.join();
                assertEquals(3, a.value() + b.value());
            }
            Fiber<?>[] endless = new Fiber<?>[1];
            try (Together group = new Together()) {
                endless[0] = group.fork(() -> new Promise<>().await());
                group.fork(() -> {
                    throw new IllegalStateException("first");
                });
                assertEquals("first", assertThrows(IllegalStateException.class, group::join).getMessage());
            }
            assertTrue(endless[0].failure() instanceof Context.Ended);
            try (Together group = new Together()) {
                endless[0] = group.fork(() -> new Promise<>().await());
            }
            assertTrue(endless[0].isDone(), "the block ended without a join");
            return null;
        });
    }

    @Test
    void foreignThreadsUnparkFibersThroughTheDoor() {
        assumeTrue(carried(), "what blocks a pooled fiber blocks its shard");
        host.run(() -> {
            Shard here = Shard.current();
            Thread fiber = Thread.currentThread();
            for (int i = 0; i < 200; i++) {
                boolean[] done = new boolean[1];
                Thread.ofPlatform().start(() -> {
                    done[0] = true;
                    LockSupport.unpark(fiber);
                });
                LockSupport.park();
                assertSame(here, Shard.current());
            }
            Thread.sleep(3);   // the JDK's own timer unparks
            assertSame(here, Shard.current());
            return null;
        });
    }

    @Test
    void anInstanceThatCanBeClosedIsClosedOnItsShard() {
        List<Integer> closed = new ArrayList<>();
        host.spread(shard -> (AutoCloseable) () -> {
            assertSame(shard, Shard.current());
            closed.add(shard.index());
        });
        host.close();
        assertEquals(List.of(2, 1, 0), closed);
        assertThrows(Exception.class, () -> host.run(() -> 1));
    }

    @Test
    void aTaskThatNeverYieldsIsNamed() {
        host.run(() -> {
            long end = System.nanoTime() + 2_000_000_000L;
            while (System.nanoTime() < end && errors().stream().noneMatch(what -> what.startsWith("stall"))) {
                burn();
            }
            return null;
        });
        assertTrue(errors().stream().anyMatch(what -> what.startsWith("stall at") && what.contains("HostTest")),
                errors().toString());
        assertEquals(1, host.shard(0).metered().stalls.get());
    }

    private static void burn() {
        for (int i = 0; i < 1_000_000; i++) {
            Thread.onSpinWait();
        }
    }

    @Test
    void lanesGetTimeByTheirShares() {
        Lane big = host.lane("big", 3_000);
        Lane small = host.lane("small", 1_000);
        double ratio = host.run(() -> {
            Shard here = Shard.current();
            long end = System.nanoTime() + 1_500_000_000L;
            for (int i = 0; i < 8; i++) {
                here.fiber(small, () -> spinUntil(end));   // four times as many tasks, a third of the shares
                if (i % 4 == 0) {
                    here.fiber(big, () -> spinUntil(end));
                }
            }
            while (System.nanoTime() < end) {
                Fiber.sleepNs(10_000_000);
            }
            return (double) here.queue(big).metrics.runNs()
                    / here.queue(small).metrics.runNs();
        });
        assertTrue(ratio > 2.3 && ratio < 3.9, "3 to 1 became " + ratio);
        assertNotNull(host.lane("big", 10));
        assertEquals(10, big.shares());
    }

    private static Void spinUntil(long end) {
        while (System.nanoTime() < end) {
            for (int i = 0; i < 1_000; i++) {
                Thread.onSpinWait();
            }
            Fiber.yieldNow();
        }
        return null;
    }

    @Test
    void sleepingShardsAreWoken() throws Exception {
        Sharded<int[]> counts = host.spread(shard -> new int[1]);
        for (int i = 0; i < 2_000; i++) {
            int target = 1 + i % 2;
            assertEquals(target, host.run(() -> counts.on(target).call(count -> Shard.current().index()).await()));
            if (i % 100 == 0) {
                Thread.sleep(2);
            }
        }
        assertTrue(host.shard(1).metered().sleeps.get() > 0);
    }
}
