package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.metrics.DistinctErrors;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Agents whose turn fails, and the door of a loop that ends. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class AgentsTest {
    private final DistinctErrors errors = new DistinctErrors();
    private final Host host = Host.start(HostOptions.defaults().withShards(1).withOverprovisioned(true), errors);

    @AfterEach
    void stop() {
        host.close();
    }

    /** Throws once for each of its plan, then says that all is well. */
    private static final class Failing implements Agent {
        final List<Throwable> plan;
        final List<Throwable> dealtWith = new ArrayList<>();
        final CountDownLatch well = new CountDownLatch(1);
        final boolean knows;
        int next;
        boolean failsAgain;

        Failing(boolean knows, Throwable... plan) {
            this.knows = knows;
            this.plan = List.of(plan);
        }

        @Override
        public int poll(long nowNs) {
            if (next < plan.size()) {
                sneak(plan.get(next++));
            }
            well.countDown();
            return 0;
        }

        @Override
        public boolean broken(Throwable thrown) {
            if (failsAgain) {
                failsAgain = false;
                throw new InternalError("once more", thrown);
            }
            dealtWith.add(thrown);
            return knows;
        }

        @SuppressWarnings("unchecked")
        private static <T extends Throwable> void sneak(Throwable thrown) throws T {
            throw (T) thrown;
        }
    }

    private void add(Agent agent) {
        host.run(() -> {
            Shard.current().add(agent);
            return null;
        });
    }

    private void run(Failing agent) throws InterruptedException {
        add(agent);
        agent.well.await();
    }

    @Test
    void anAgentDealsWithWhatItThrew() throws InterruptedException {
        Error late = new InternalError("late");
        RuntimeException bug = new IllegalStateException("bug");
        Failing agent = new Failing(true, late, bug);
        run(agent);
        assertEquals(List.of(late, bug), agent.dealtWith);
        assertEquals(List.of(), errors.entries());
    }

    @Test
    void whatNobodyKnowsIsRecordedAndTheLoopGoesOn() throws InterruptedException {
        Failing agent = new Failing(false, new IllegalStateException("bug"));
        add(agent);
        while (agent.well.getCount() > 0) {
            assertEquals(7, host.run(() -> 7));
        }
        assertEquals(1, agent.dealtWith.size());
        assertEquals(1, errors.entries().size());
        assertTrue(errors.entries().getFirst().what().startsWith("java.lang.IllegalStateException"));
    }

    @Test
    void anErrorWhileOneIsDealtWithIsDealtWithNext() throws InterruptedException {
        Error late = new InternalError("late");
        Failing agent = new Failing(true, late);
        agent.failsAgain = true;
        run(agent);
        assertEquals(1, agent.dealtWith.size());
        assertSame(late, agent.dealtWith.getFirst().getCause());
        assertEquals(List.of(), errors.entries());
    }

    /** What watches a descriptor is the agent's own hand. */
    @Test
    void anAgentDealsWithWhatAWatcherThrows() throws InterruptedException {
        Error late = new InternalError("late");
        Failing agent = new Failing(true);
        int fd = Fds.eventFd();
        add(agent);
        host.run(() -> {
            Shard.current().watch(fd, what -> {
                throw late;
            });
            return null;
        });
        while (host.run(() -> agent.dealtWith.isEmpty())) {
            Thread.yield();
        }
        assertEquals(List.of(late), host.run(() -> List.copyOf(agent.dealtWith)));
        assertEquals(List.of(), errors.entries());
        host.close();
        Fds.close(fd);
    }

    @Test
    void aTaskAtTheDoorIsRunExactlyIfItIsTaken() throws InterruptedException {
        AtomicInteger ran = new AtomicInteger();
        AtomicInteger taken = new AtomicInteger();
        List<Thread> threads = new ArrayList<>();
        for (int i = 0; i < 3; i++) {
            threads.add(Thread.ofPlatform().start(() -> {
                while (host.outside(0).enqueue(ran::incrementAndGet)) {
                    taken.incrementAndGet();
                }
            }));
        }
        while (taken.get() < 1_000) {
            Thread.onSpinWait();
        }
        host.close();
        for (Thread thread : threads) {
            thread.join();
        }
        assertEquals(taken.get(), ran.get());
        assertFalse(host.outside(0).enqueue(ran::incrementAndGet));
        assertTrue(host.outside(0).call(() -> 1).isCompletedExceptionally());
    }

    /** A loop that runs on would use descriptors that were closed under it. */
    @Test
    void anInterruptedCloseStillWaitsForTheLoop() throws InterruptedException {
        CountDownLatch burning = new CountDownLatch(1);
        AtomicInteger go = new AtomicInteger();
        host.outside(0).enqueue(() -> {
            burning.countDown();
            while (go.get() == 0) {
                Thread.onSpinWait();
            }
        });
        burning.await();
        Thread closer = Thread.ofPlatform().start(() -> {
            Thread.currentThread().interrupt();
            host.close();
        });
        assertFalse(closer.join(java.time.Duration.ofMillis(50)));
        go.set(1);
        closer.join();
        assertFalse(host.shard(0).thread().isAlive());
    }

    /** The receiver sleeps already, and the sender sleeps next: nothing but the mail itself can wake the one. */
    @Test
    void whatAnAgentSendsBeforeItsShardSleepsArrives() throws Exception {
        try (Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true))) {
            Sharded<Object> things = host.spread(shard -> new Object());
            CountDownLatch arrived = new CountDownLatch(1);
            host.run(() -> {
                Shard.current().add(new Agent() {
                    private boolean sent;

                    @Override
                    public int poll(long nowNs) {
                        return 0;
                    }

                    @Override
                    public boolean beforeSleep() {
                        if (!sent && !host.shard(1).sleepFlag().isAsleep()) {
                            return false;
                        }
                        if (!sent) {
                            sent = true;
                            things.on(1).call(thing -> {
                                arrived.countDown();
                                return null;
                            });
                        }
                        return true;
                    }
                });
                return null;
            });
            assertTrue(arrived.await(20, TimeUnit.SECONDS));
        }
    }
}
