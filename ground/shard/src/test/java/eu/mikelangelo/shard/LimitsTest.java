package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.limits.Gate;
import eu.mikelangelo.shard.limits.Permits;
import eu.mikelangelo.shard.limits.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Gates, permits, pipes and signals. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class LimitsTest {
    private final Host host = Host.start(HostOptions.defaults().withShards(1).withOverprovisioned(true));

    @AfterEach
    void stop() {
        assertEquals(List.of(), host.errors().entries());
        host.close();
    }

    @Test
    void aGateClosesWhenTheLastHasLeft() {
        host.run(() -> {
            Gate gate = new Gate();
            Gate.Pass a = gate.enter();
            Gate.Pass b = gate.enter();
            Future<Void> closed = gate.close();
            assertSame(closed, gate.close());
            assertTrue(gate.isClosed());
            assertThrows(Gate.Closed.class, gate::enter);
            a.close();
            a.close();
            assertFalse(closed.isDone());
            assertEquals(1, gate.inside());
            b.close();
            assertTrue(closed.isDone());
            assertTrue(new Gate().close().isDone());
            return null;
        });
    }

    @Test
    void permitsAreGivenInTurnAndNeverTwice() {
        host.run(() -> {
            Permits permits = new Permits(10);
            SplittableRandom random = new SplittableRandom(1);
            long[] held = new long[1];
            List<Integer> order = new ArrayList<>();
            try (Together group = new Together()) {
                for (int i = 0; i < 300; i++) {
                    int me = i;
                    long wish = random.nextLong(11);
                    long time = random.nextLong(2_000_000);
                    group.fork(() -> {
                        try (Permits.Units units = permits.acquire(wish)) {
                            order.add(me);
                            held[0] += wish;
                            assertTrue(held[0] <= 10, "held " + held[0]);
                            Fiber.sleepNs(time / 10);
                            units.release(wish / 2);
                            held[0] -= wish / 2;
                            Fiber.yieldNow();
                            held[0] -= wish - wish / 2;
                        }
                        return null;
                    });
                }
                group.join();
            }
            assertEquals(order.stream().sorted().toList(), order);
            assertEquals(10, permits.free());
            assertNull(permits.tryAcquire(10).count() == 10 ? permits.tryAcquire(1) : "");
            assertThrows(IllegalArgumentException.class, () -> permits.tryAcquire(11));
            assertThrows(IllegalArgumentException.class, () -> new Permits(0));
            return null;
        });
    }

    @Test
    void aWishThatLostItsPatienceHoldsNobodyUp() {
        host.run(() -> {
            Permits permits = new Permits(2);
            Permits.Units one = permits.acquire(1);
            Fiber<?> large = Shard.current().fiber(() -> Context.within(500_000_000, () -> permits.acquire(2)));
            Fiber.yieldNow();
            Fiber<Permits.Units> small = Shard.current().fiber(() -> permits.acquire(1));
            Fiber.yieldNow();
            assertFalse(small.isDone(), "the large wish came first");
            assertThrows(Context.Ended.class, large::await);
            small.await().close();
            one.close();
            assertEquals(2, permits.free());
            assertEquals(0, permits.waiting());
            return null;
        });
    }

    @Test
    void aPipeKeepsOrderAndBounds() {
        host.run(() -> {
            Pipe<Integer> pipe = new Pipe<>(3);
            List<Integer> got = new ArrayList<>();
            try (Together both = new Together()) {
                both.fork(() -> {
                    for (int i = 0; i < 1_000; i++) {
                        pipe.put(i);
                        assertTrue(pipe.size() <= 3);
                    }
                    pipe.close();
                    return null;
                });
                both.fork(() -> {
                    try {
                        while (true) {
                            got.add(pipe.take());
                        }
                    } catch (Pipe.Closed end) {
                        return null;
                    }
                });
                both.join();
            }
            assertEquals(1_000, got.size());
            assertEquals(999, got.getLast());
            assertThrows(Pipe.Closed.class, () -> pipe.put(1));
            assertThrows(Pipe.Closed.class, pipe::tryTake);
            assertThrows(IllegalArgumentException.class, () -> new Pipe<>(0));
            Pipe<Integer> empty = new Pipe<>(1);
            assertNull(empty.tryTake());
            assertThrows(Context.Ended.class, () -> Context.within(1_000_000, empty::take));
            Fiber<Integer> taker = Shard.current().fiber(empty::take);
            Fiber.yieldNow();
            empty.put(7);
            assertEquals(7, taker.await());
            return null;
        });
    }

    @Test
    void aSignalIsAFlagForOneFiber() {
        host.run(() -> {
            Signal signal = new Signal();
            signal.raise();
            signal.raise();
            signal.await();
            assertFalse(signal.isRaised(), "several are one");
            Fiber<?> waiting = Shard.current().fiber(() -> {
                signal.await();
                return null;
            });
            Fiber.yieldNow();
            assertThrows(IllegalStateException.class, signal::await);
            signal.raise();
            waiting.await();
            signal.raise();
            signal.lower();
            assertThrows(Context.Ended.class, () -> Context.within(1_000_000, () -> {
                signal.await();
                return null;
            }));
            return null;
        });
    }

    @Test
    void badOptionsAreNamed() {
        for (String[] bad : new String[][] {{"--shards", "x"}, {"--shards", "1000"}, {"--mail", "3"},
            {"--fibers", "no"}, {"--spin-us"}, {"--shard-memory", "0"}, {"--devices", "kqueue"}}) {
            IllegalArgumentException refused = assertThrows(IllegalArgumentException.class,
                    () -> HostOptions.defaults().parse(List.of(bad)));
            assertTrue(refused.getMessage().contains(bad[0]), refused.getMessage());
        }
        HostOptions.Parsed parsed = HostOptions.defaults().parse(List.of("a", "--shards", "3", "--overprovisioned",
                "b", "--spin-us", "7", "--mail", "8", "--stall-ms", "9", "--close-ms", "10", "--fibers", "pooled",
                "--devices", "epoll", "--shard-memory", "3"));
        assertEquals(List.of("a", "b"), parsed.rest());
        assertEquals(new HostOptions("host", 3, true, 7_000, 8, 9_000_000, 10_000_000, HostOptions.Fibers.POOLED,
                HostOptions.Devices.EPOLL, 3 << 20),
                parsed.options());
        int cpus = Runtime.getRuntime().availableProcessors();
        assertTrue(assertThrows(IllegalArgumentException.class,
                () -> Host.start(HostOptions.defaults().withShards(cpus)))
                .getMessage().contains("--overprovisioned"));
    }
}
