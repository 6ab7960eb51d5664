package eu.mikelangelo.shard;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.ValueSource;

/** What calls carry there and back, whether they find room in the mailbox, and run at once, or not. */
@ParameterizedClass
@ValueSource(ints = {2, 16, 1024})
@Timeout(value = 120, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class CallsTest {
    @Parameter
    private int mailCapacity;
    private Host host;
    private Sharded<List<Integer>> lists;

    @BeforeEach
    void start() {
        host = Host.start(HostOptions.defaults().withShards(2).withOverprovisioned(true).withStallNs(0)
                .withMailCapacity(mailCapacity).withSpinNs(1_000_000));
        lists = host.spread(shard -> new ArrayList<>());
    }

    @AfterEach
    void stop() {
        host.close();
    }

    /** Adds a number to a list on another shard. */
    private final class Adding extends Errand {
        private final int number;
        private final Promise<Throwable> back = new Promise<>();

        Adding(int number) {
            this.number = number;
        }

        @Override
        protected void there(Shard here) {
            lists.here().add(number);
            done();
        }

        @Override
        protected void home(Throwable thrown) {
            back.complete(thrown);
        }
    }

    /** Calls with and without a deadline, that throw, or answer nothing, and errands, pauses between some. */
    @Test
    void whatOneSendsArrivesInItsOrder() {
        int count = 6_000;
        List<Integer> seen = host.run(() -> {
            Future<Throwable> last = null;
            for (int i = 0; i < count; i++) {
                last = send(i);
                if (i % 100 == 0) {
                    last.await();
                }
            }
            last.await();
            return lists.on(1).call(list -> List.copyOf(list)).await();
        });
        assertEquals(IntStream.range(0, count).boxed().toList(), seen);
        assertEquals(0, host.errors().recorded());
    }

    private Future<Throwable> send(int i) throws Exception {
        switch (i % 4) {
            case 0 -> {
                Adding adding = new Adding(i);
                adding.go(1);
                return adding.back;
            }
            case 1 -> {
                return Context.within(100_000_000_000L, () -> lists.on(1).call(list -> list.add(i)))
                        .map(added -> null);
            }
            case 2 -> {
                return lists.on(1).<Throwable>call(list -> {
                    list.add(i);
                    throw new IOException("of " + i);
                }).recover(thrown -> thrown);
            }
            default -> {
                return lists.on(1).<Throwable>call(list -> {
                    list.add(i);
                    return null;
                });
            }
        }
    }

    @Test
    void nothingAndFailuresComeBack() {
        host.run(() -> {
            for (int i = 0; i < 200; i++) {
                String mine = "far " + i;
                assertNull(lists.on(1).call(list -> null).await());
                assertNull(lists.on(1).fiber(list -> null).await());
                assertEquals(mine, assertThrows(Future.Failure.class, () -> lists.on(1).call(list -> {
                    throw new IOException(mine);
                }).await()).getCause().getMessage());
                assertEquals(mine, assertThrows(IllegalStateException.class, () -> lists.on(1).fiber(list -> {
                    throw new IllegalStateException(mine);
                }).await()).getMessage());
                assertThrows(AssertionError.class, () -> lists.on(1).call(list -> {
                    throw new AssertionError();
                }).await());
            }
            return null;
        });
        assertEquals(0, host.errors().recorded());
    }

    @Test
    void aDeadlineAndALaneGoAlong() {
        Lane lane = host.lane("mine", 100);
        host.run(() -> Shard.current().fiber(lane, () -> {
            for (int i = 0; i < 200; i++) {
                long deadline = Context.within(50_000_000_000L, () -> {
                    long mine = Context.current().deadlineNs();
                    assertEquals(mine, lists.on(1).call(list -> Context.current().deadlineNs()).await());
                    assertEquals(mine, lists.on(1).fiber(list -> Context.current().deadlineNs()).await());
                    return mine;
                });
                assertTrue(deadline < Long.MAX_VALUE);
                assertSame(Context.NONE, lists.on(1).call(list -> Context.current()).await(), "nothing stays");
                assertSame(lane, lists.on(1).call(list -> Shard.current().lane().lane).await());
                assertSame(lane, lists.on(1).fiber(list -> Shard.current().lane().lane).await());
            }
            return null;
        }).await());
        assertEquals(0, host.errors().recorded());
    }

    /** Without fibers: each answer makes the next call. */
    private final class Chain {
        private final Promise<Integer> end = new Promise<>();
        private final Lane lane;
        private final int length;
        private int done;
        private boolean inside;
        private int nested;

        Chain(Lane lane, int length) {
            this.lane = lane;
            this.length = length;
        }

        void next() {
            lists.on(1).call(list -> list.size()).whenDone((size, failure) -> {
                inside = true;
                nested += Shard.current().lane().lane == lane && failure == null ? 0 : 1_000;
                Shard.current().execute(() -> nested += inside ? 1 : 0);
                if (++done < length) {
                    next();
                } else {
                    end.complete(nested);
                }
                inside = false;
                throw new IllegalStateException("each time");
            });
        }
    }

    @Test
    void whatAnAnswerMakesReadyRunsAloneInItsLane() {
        Lane lane = host.lane("mine", 100);
        int wrong = host.run(() -> {
            List<Future<Integer>> ends = new ArrayList<>();
            for (int i = 0; i < 5; i++) {
                Chain chain = new Chain(lane, 2_000);
                Shard.current().execute(lane, chain::next);
                ends.add(chain.end);
            }
            return Future.all(ends).await().stream().mapToInt(Integer::intValue).sum();
        });
        assertEquals(0, wrong);
        assertEquals(10_000, host.errors().recorded());
    }

    /** Mail that makes no task at all keeps the loop that it comes to busy, but not from its timers and the door. */
    @Test
    void timersFireAndTheDoorOpensInAFlood() {
        boolean[] over = new boolean[1];
        Future<?>[] left = new Future<?>[1];
        host.run(() -> {
            List<Promise<Void>> back = new ArrayList<>();
            for (int i = 0; i < 64; i++) {
                Promise<Void> end = new Promise<>();
                back.add(end);
                new Errand() {
                    @Override
                    protected void there(Shard here) {
                        done();
                    }

                    @Override
                    protected void home(Throwable thrown) {
                        if (over[0]) {
                            end.complete(null);
                        } else {
                            go(1);
                        }
                    }
                }.go(1);
            }
            left[0] = Future.all(back);
            for (int i = 0; i < 16; i++) {
                Shard.current().fiber(() -> {
                    while (!over[0]) {
                        lists.on(1).call(list -> list.size()).await();
                    }
                    return null;
                });
            }
            return null;
        });
        long fired = host.run(() -> {
            long last = System.nanoTime();
            long latest = 0;
            for (int i = 0; i < 50; i++) {
                Fiber.sleepNs(2_000_000);
                long now = System.nanoTime();
                latest = Math.max(latest, now - last);
                last = now;
            }
            return latest;
        });
        assertTrue(fired < 10_000_000_000L, fired + " ns");
        for (int i = 0; i < 50; i++) {
            assertEquals(7, host.run(() -> 7));
        }
        host.run(() -> {
            assertFalse(left[0].isDone());
            over[0] = true;
            return left[0].await();
        });
    }
}
