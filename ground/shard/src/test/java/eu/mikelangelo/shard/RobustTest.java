package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.metrics.DistinctErrors;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What goes wrong in one place stays there. */
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class RobustTest {
    private Host host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true).withMailCapacity(2));

    @AfterEach
    void stop() {
        host.close();
    }

    private String errors() {
        return host.errors().entries().stream().map(DistinctErrors.Entry::toString).toList().toString();
    }

    /** The other shard may need the very CPU that makes room: a sender that spun took 8 ms for each two calls. */
    @Test
    void aShardWithMailHeldBackSleeps() {
        long loop = host.shard(0).thread().threadId();
        Sharded<int[]> counts = host.spread(shard -> new int[1]);
        long[] cpuNs = new long[1];
        host.run(() -> {
            Future<Void> slow = counts.on(1).call(count -> {
                Thread.sleep(500);
                return null;
            });
            List<Future<Integer>> held = new ArrayList<>();
            for (int i = 0; i < 10; i++) {
                held.add(counts.on(1).call(count -> ++count[0]));
            }
            cpuNs[0] = -ManagementFactory.getThreadMXBean().getThreadCpuTime(loop);
            slow.await();
            cpuNs[0] += ManagementFactory.getThreadMXBean().getThreadCpuTime(loop);
            return Future.all(held).await();
        });
        assertTrue(host.shard(0).metered().mailRefused.get() > 0, "mail was held back");
        assertTrue(cpuNs[0] < 250_000_000, cpuNs[0] + " ns of CPU time while nothing could be done");
    }

    /** One turn of the agent behind the one that throws shows that it has its turns. */
    @Test
    void anAgentThatThrowsKeepsNobodyFromTheirTurn() {
        host.run(() -> {
            Shard here = Shard.current();
            Promise<Void> polled = new Promise<>();
            Agent broken = now -> {
                throw new IllegalStateException("broken agent");
            };
            Agent healthy = now -> {
                polled.complete(null);
                return 0;
            };
            here.add(broken);
            here.add(healthy);
            polled.await();
            Fiber.sleepNs(2_000_000);
            here.remove(broken);
            here.remove(healthy);
            return null;
        });
        assertTrue(errors().contains("broken agent"), errors());
    }

    @Test
    void aWatcherThatThrowsTakesNoOtherEventsAway() {
        host.run(() -> {
            Shard here = Shard.current();
            int[] fds = {Fds.eventFd(), Fds.eventFd(), Fds.eventFd()};
            long[] tokens = new long[fds.length];
            int[] told = new int[1];
            for (int i = 0; i < fds.length; i++) {
                int me = i;
                tokens[i] = here.watch(fds[i], what -> {
                    if (me < 2) {
                        throw new IllegalStateException("broken watcher");
                    }
                    told[0]++;
                });
            }
            for (int wait = 0; wait < 5_000 && told[0] == 0; wait++) {
                Fiber.sleepNs(1_000_000);
            }
            assertTrue(told[0] > 0);
            for (int i = 0; i < fds.length; i++) {
                here.unwatch(fds[i], tokens[i]);
                Fds.close(fds[i]);
            }
            return null;
        });
        assertTrue(errors().contains("broken watcher"), errors());
    }

    @Test
    void whatOneTaskThrowsStaysWithIt() {
        host.run(() -> {
            Shard here = Shard.current();
            Promise<Void> after = new Promise<>();
            Context before = Context.current();
            here.execute(() -> {
                throw new OutOfMemoryError("mine alone");
            });
            here.again(() -> {
                throw new IllegalStateException("again");
            }).soon();
            here.after(1, () -> {
                throw new IllegalStateException("timer");
            });
            here.after(2_000_000, () -> after.complete(null));
            after.await();
            assertEquals(before, Context.current());
            return null;
        });
        for (String one : new String[] {"mine alone", "again", "timer"}) {
            assertTrue(errors().contains(one), errors());
        }
    }

    /** Both are full and both hold back: neither waits for the other. */
    @Test
    void twoShardsThatFloodEachOtherComeToAnEnd() {
        Sharded<long[]> counts = host.spread(shard -> new long[1]);
        List<Long> sums = host.run(() -> counts.gather(any -> 0).then(zeros -> {
            List<Future<Long>> floods = new ArrayList<>();
            for (int from = 0; from < 2; from++) {
                int to = 1 - from;
                floods.add(counts.on(from).fiber(mine -> {
                    List<Future<Long>> calls = new ArrayList<>();
                    for (int i = 0; i < 8_000; i++) {
                        calls.add(counts.on(to).call(count -> ++count[0]));
                    }
                    return Future.all(calls).await().getLast();
                }));
            }
            return Future.all(floods);
        }).await());
        assertEquals(List.of(8_000L, 8_000L), sums);
        assertTrue(host.shard(0).metered().mailRefused.get() > 0 && host.shard(1).metered().mailRefused.get() > 0);
        assertFalse(host.run(() -> Shard.current().post().held() > 0));
    }

    /** The detector goes by CPU time and names the line, here of a pure computation that calls nothing. */
    @Test
    void aTaskThatNeverYieldsIsNamedByItsLine() {
        host.run(() -> {
            Shard.current().execute(RobustTest::neverYield);
            Fiber.sleepNs(1);
            return null;
        });
        assertTrue(errors().contains("stall at"), errors());
        assertTrue(errors().contains("RobustTest.neverYield(RobustTest.java:"), errors());
    }

    /** The detector looks seldom at a host at rest. */
    @Test
    void aTaskThatNeverYieldsIsNamedAfterALongRest() {
        host.run(() -> {
            Fiber.sleepNs(500_000_000);
            neverYield();
            return null;
        });
        assertTrue(errors().contains("RobustTest.neverYield(RobustTest.java:"), errors());
    }

    private static void neverYield() {
        Host mine = Shard.current().host();
        long sum = 0;
        for (int i = 0; i < 2_000_000 && mine.errors().recorded() == 0; i++) {
            for (int j = 0; j < 20_000; j++) {
                sum += sum ^ j;
            }
        }
        assertNotNull(sum);
    }

    /** Many threads at the door while the host closes: each is answered, with a result or a refusal. */
    @Test
    void nobodyAtTheDoorIsLeftWithoutAnAnswer() throws Exception {
        host.close();
        for (int round = 0; round < 60; round++) {
            Host closing = Host.start(HostOptions.defaults().withShards(1).withOverprovisioned(true)
                    .withMemoryBytes(1 << 20));
            ConcurrentLinkedQueue<CompletableFuture<Integer>> calls = new ConcurrentLinkedQueue<>();
            Thread[] callers = new Thread[3];
            for (int i = 0; i < callers.length; i++) {
                callers[i] = Thread.ofPlatform().start(() -> {
                    for (int call = 0; call < 100_000 && !closing.isClosed(); call++) {
                        calls.add(call(closing));
                    }
                    calls.add(call(closing));
                });
            }
            while (calls.size() < 20) {
                Thread.onSpinWait();
            }
            closing.close();
            for (Thread caller : callers) {
                caller.join();
            }
            for (CompletableFuture<Integer> call : calls) {
                try {
                    assertEquals(7, call.get(20, TimeUnit.SECONDS));
                } catch (ExecutionException refused) {
                    assertTrue(refused.getCause() instanceof RejectedExecutionException, refused.toString());
                }
            }
        }
    }

    private static CompletableFuture<Integer> call(Host at) {
        try {
            return at.outside(0).call(() -> 7);
        } catch (RejectedExecutionException full) {
            return CompletableFuture.failedFuture(full);
        }
    }

    @Test
    void whoWaitsOutsideForAFiberThatNeverEndsIsToldAtTheClose() {
        host.close();
        host = Host.start(HostOptions.defaults().withShards(1).withOverprovisioned(true).withCloseNs(20_000_000));
        CompletableFuture<Object> never = host.outside(0).call(() -> new Promise<>().await());
        host.close();
        assertTrue(assertThrows(ExecutionException.class, () -> never.get(10, TimeUnit.SECONDS)).getCause()
                instanceof RejectedExecutionException);
        assertTrue(errors().contains("fibers did not end"), errors());
    }

    @Test
    void theDoorHasALimit() {
        host.run(() -> {
            int refused = 0;
            for (int i = 0; i < Outside.LIMIT + 10; i++) {
                try {
                    host.outside(0).call(() -> 1);   // of our own loop, which therefore serves nobody meanwhile
                } catch (RejectedExecutionException full) {
                    refused++;
                }
            }
            assertEquals(10, refused);
            return null;
        });
    }
}
