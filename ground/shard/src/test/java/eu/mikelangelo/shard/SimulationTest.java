package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.shard.limits.Gate;
import eu.mikelangelo.shard.limits.Permits;
import eu.mikelangelo.shard.limits.Pipe;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What a seeded order of everything finds, and that the same seed finds it again. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class SimulationTest {
    private static final HostOptions THREE = HostOptions.defaults().withShards(3).withMailCapacity(4)
            .withMemoryBytes(1 << 20);

    /** Two shards pay into an account of the third. @param careful whether reading and writing is one operation */
    private static Simulation.Scenario payments(boolean careful) {
        return (host, random) -> {
            Sharded<long[]> accounts = host.spread(shard -> new long[1]);
            host.run(() -> {
                List<Future<Void>> payers = new ArrayList<>();
                for (int from = 0; from < 2; from++) {
                    payers.add(accounts.on(from).fiber(mine -> {
                        for (int i = 0; i < 3; i++) {
                            pay(accounts, careful);
                        }
                        return null;
                    }));
                }
                Future.all(payers).await();
                long balance = accounts.on(2).call(account -> account[0]).await();
                assertEquals(6, balance, "balance");
                return null;
            });
        };
    }

    private static void pay(Sharded<long[]> accounts, boolean careful) {
        if (careful) {
            accounts.on(2).call(account -> ++account[0]).await();
        } else {
            long balance = accounts.on(2).call(account -> account[0]).await();
            accounts.on(2).call(account -> account[0] = balance + 1).await();
        }
    }

    @Test
    void aLostUpdateAcrossShardsIsFoundAndReplayedByItsSeed() {
        Simulation.Failed found = assertThrows(Simulation.Failed.class,
                () -> Simulation.check(1, 200, THREE, payments(false)));
        assertTrue(found.getMessage().contains("seed " + found.seed()) && found.getMessage().contains("balance"),
                found.getMessage());
        Simulation.Run once = Simulation.run(found.seed(), THREE, payments(false));
        Simulation.Run again = Simulation.run(found.seed(), THREE, payments(false));
        assertEquals(found.getCause().getMessage(), once.failure().getMessage());
        assertEquals(once.failure().getMessage(), again.failure().getMessage());
        assertEquals(List.of(once.turns(), once.virtualNs(), once.digest()),
                List.of(again.turns(), again.virtualNs(), again.digest()));
        Simulation.check(1, 200, THREE, payments(true));
    }

    /**
     * A lease of 10 ms, renewed every 8 ms: whoever thinks that the renewal is always first is wrong on a busy shard.
     */
    private static Simulation.Scenario leases(boolean careful) {
        final class Lease {
            Timer expiry;
            long generation;
            boolean expired;
        }
        return (host, random) -> {
            Sharded<Lease> leases = host.spread(shard -> new Lease());
            host.run(() -> {
                for (int i = 0; i < 5; i++) {
                    long generation = i;
                    boolean lost = leases.on(1).call(lease -> {
                        if (lease.expiry != null) {
                            lease.expiry.close();
                        }
                        lease.generation = generation;
                        lease.expiry = Shard.current().after(10_000_000, () -> lease.expired = true);
                        return lease.expired;
                    }).await();
                    if (careful && lost) {
                        return null;   // it stops believing that it has the lease
                    }
                    assertTrue(!lost, "the lease had expired before it was renewed");
                    Fiber.sleepNs(8_000_000);
                }
                return null;
            });
        };
    }

    @Test
    void aWrongBeliefInTheOrderOfTimersIsFoundAndReplayedByItsSeed() {
        Simulation.Failed found = assertThrows(Simulation.Failed.class,
                () -> Simulation.check(1, 500, THREE, leases(false)));
        Throwable again = Simulation.run(found.seed(), THREE, leases(false)).failure();
        assertEquals(found.getCause().getMessage(), again.getMessage());
        assertTrue(again.getMessage().contains("expired"), again.toString());
        Simulation.check(1, 200, THREE, leases(true));
    }

    @Test
    void anotherSeedIsAnotherOrderAndBothEnginesMeanTheSame() {
        Simulation.Run one = Simulation.run(1, THREE, payments(true));
        Simulation.Run two = Simulation.run(2, THREE, payments(true));
        assertNull(one.failure());
        assertNotEquals(one.digest(), two.digest());
        Simulation.Run pooled = Simulation.run(1, THREE.withFibers(HostOptions.Fibers.POOLED), payments(true));
        assertNull(pooled.failure());
        assertEquals(one.digest(), pooled.digest());
    }

    @Test
    void whatWaitsForEverIsAFailureAndNoHang() {
        Simulation.Run run = Simulation.run(1, THREE, (host, random) -> host.run(() -> new Promise<>().await()));
        assertTrue(run.failure().getMessage().contains("nothing can happen any more"), run.toString());
        Simulation.Run left = Simulation.run(1, THREE, (host, random) -> host.run(
                () -> Shard.current().fiber(() -> new Promise<>().await()) != null));
        assertTrue(left.failure().getMessage().contains("fibers did not end"), left.toString());
        Simulation.Run thrown = Simulation.run(1, THREE, (host, random) -> host.run(() -> {
            Shard.current().execute(() -> {
                throw new IllegalStateException("unseen");
            });
            Fiber.sleepNs(5_000_000);
            return null;
        }));
        assertTrue(thrown.failure().getMessage().contains("unseen"), thrown.toString());
    }

    @Test
    void hoursPassAtOnceAndTimersKeepTheirOrder() {
        Simulation.check(1, 50, THREE, (host, random) -> {
            List<Integer> order = host.run(() -> {
                List<Integer> fired = new ArrayList<>();
                Shard here = Shard.current();
                for (int hour : new int[] {3, 1, 2, 5, 4}) {
                    here.after(hour * 3_600_000_000_000L, () -> fired.add(hour));
                }
                long before = here.clockNs();
                Fiber.sleepNs(6 * 3_600_000_000_000L);
                assertTrue(here.clockNs() - before >= 6 * 3_600_000_000_000L);
                return fired;
            });
            assertEquals(List.of(1, 2, 3, 4, 5), order);
        });
    }

    @Test
    void thereAreNoDescriptors() {
        Simulation.run(1, THREE, (host, random) -> host.run(() -> {
            assertThrows(UnsupportedOperationException.class, () -> Shard.current().watch(0, what -> { }));
            return null;
        }));
    }

    /** An agent that has work at times of its own, and arms itself before sleep. */
    private static final class Beat implements Agent {
        private long dueNs;
        private int beats;
        private int slept;
        private int woken;

        @Override
        public int poll(long nowNs) {
            if (nowNs < dueNs) {
                return 0;
            }
            dueNs = nowNs + 1_000_000;
            beats++;
            return 1;
        }

        @Override
        public boolean beforeSleep() {
            slept++;
            return true;
        }

        @Override
        public void afterSleep() {
            woken++;
        }

        @Override
        public long deadlineNs() {
            return dueNs;
        }
    }

    @Test
    void agentsHaveTheirTurnsAndDeadlines() {
        Simulation.check(1, 20, THREE, (host, random) -> host.run(() -> {
            Beat beat = new Beat();
            Shard.current().add(beat);
            Fiber.sleepNs(100_000_000);
            assertTrue(beat.beats > 15 && beat.beats <= 101, "beats: " + beat.beats);
            assertTrue(beat.slept > 0 && beat.slept - beat.woken <= 1, beat.slept + " and " + beat.woken);
            Shard.current().remove(beat);
            int before = beat.beats;
            Fiber.sleepNs(10_000_000);
            assertEquals(before, beat.beats);
            return null;
        }));
    }

    /** Gate, permits, pipe and signal at once, on three shards, with fibers that are cancelled at any point. */
    @Test
    void limitsHoldInEveryOrder() {
        Simulation.check(1, 300, THREE, (host, random) -> {
            long[] seeds = {random.nextLong(), random.nextLong(), random.nextLong()};
            Sharded<Workshop> shops = host.spread(shard -> new Workshop(new SplittableRandom(seeds[shard.index()])));
            host.run(() -> {
                List<Future<Void>> days = new ArrayList<>();
                for (int i = 0; i < 3; i++) {
                    days.add(shops.on(i).fiber(Workshop::day));
                }
                Future.all(days).await();
                return null;
            });
        });
    }

    /** Fibers that make and take things under limits. */
    private static final class Workshop {
        private final SplittableRandom random;
        private final Gate gate = new Gate();
        private final Permits permits = new Permits(3);
        private final Pipe<Integer> pipe = new Pipe<>(2);
        private final Signal closing = new Signal();
        private long working;
        private int put;
        private int taken;

        Workshop(SplittableRandom random) {
            this.random = random;
        }

        Void day() {
            Shard here = Shard.current();
            for (int i = 0; i < 6; i++) {
                here.fiber(this::make);
            }
            Fiber<?> taker = here.fiber(this::takeAll);
            here.after(random.nextLong(8_000_000), closing::raise);
            closing.await();
            Future<Void> closed = gate.close();
            assertThrows(Gate.Closed.class, gate::enter);
            closed.await();
            assertEquals(0, gate.inside());
            assertEquals(3, permits.free());
            assertEquals(0, permits.waiting());
            pipe.close();
            taker.await();
            assertEquals(put, taken);
            return null;
        }

        @SuppressWarnings("try")
        private Void make() throws Exception {
            while (!gate.isClosed()) {
                try (Gate.Pass pass = gate.enter()) {
                    Context.within(random.nextLong(1, 6_000_000), this::makeOne);
                } catch (Context.Ended late) {
                    Fiber.yieldNow();
                }
            }
            return null;
        }

        @SuppressWarnings("try")
        private Void makeOne() {
            long wish = random.nextLong(1, 4);
            try (Permits.Units units = permits.acquire(wish)) {
                working += wish;
                assertTrue(working <= 3, "working " + working);
                try {
                    Fiber.sleepNs(random.nextLong(3_000_000));
                    pipe.put(1);
                    put++;
                } finally {
                    working -= wish;
                }
            }
            return null;
        }

        private Void takeAll() {
            try {
                while (true) {
                    taken += pipe.take();
                    Fiber.sleepNs(random.nextLong(1_000_000));
                }
            } catch (Pipe.Closed end) {
                return null;
            }
        }
    }
}
