package eu.mikelangelo.bench.shard;

import eu.mikelangelo.linux.Fds;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.shard.Future;
import eu.mikelangelo.shard.Host;
import eu.mikelangelo.shard.HostOptions;
import eu.mikelangelo.shard.Shard;
import eu.mikelangelo.shard.Sharded;
import eu.mikelangelo.shard.Signal;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.Pipe;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.util.concurrent.locks.LockSupport;
import java.util.function.ToLongFunction;
import org.jctools.queues.SpscArrayQueue;

/**
 * One small measurement in a JVM of its own, {@code Micro NAME [ROUNDS]}: prints seconds per operation, the best of the
 * later half of several rounds.
 */
public final class Micro {
    private static final double ROUND_NS = 500e6;
    private static final int FEW = 2_000;
    private static final int MANY = 5_000_000;
    /** Before the rounds are counted: the first is short and finds out how many operations fit one. */
    private static final int WARM_ROUNDS = 4;
    private static int rounds = 6;

    private Micro() {}

    private interface Round {
        /** @return nanoseconds per operation */
        double run(int operations) throws Exception;
    }

    public static void main(String[] args) throws Exception {
        rounds = args.length > 1 ? Integer.parseInt(args[1]) : rounds;
        switch (args[0]) {
            case "call-ours" -> onHost(2, Micro::calls);
            case "call-theirs" -> print(operations -> queues(operations, true));
            case "token-theirs" -> print(operations -> queues(operations, false));
            case "switch-ours" -> onHost(1, Micro::signals);
            case "switch-theirs" -> print(Micro::parks);
            case "wake-ours" -> onHost(1, Micro::watcherToFiber);
            case "wake-theirs" -> print(Micro::selectorToVirtualThread);
            default -> throw new IllegalArgumentException(args[0]);
        }
        System.exit(0);
    }

    private interface Body {
        double run(Host host, int operations) throws Exception;
    }

    private static void onHost(int shards, Body body) throws Exception {
        HostOptions options = HostOptions.defaults().withShards(shards).withOverprovisioned(true)
                .withSpinNs(1_000_000_000L).withStallNs(0);
        try (Host host = Host.start(options)) {
            print(operations -> body.run(host, operations));
        }
    }

    /** Rounds of about the same time, however slow the machine is just now. */
    private static void print(Round round) throws Exception {
        double best = Double.MAX_VALUE;
        int operations = FEW;
        for (int i = -WARM_ROUNDS; i < rounds; i++) {
            long start = System.nanoTime();
            double now = round.run(operations);
            double each = (double) (System.nanoTime() - start) / operations;
            System.err.printf("%.1f ns%n", now);
            best = i >= rounds / 2 ? Math.min(best, now) : best;
            operations = (int) Math.clamp(ROUND_NS / each, FEW, MANY);
        }
        System.out.println(best / 1e9);
    }

    /** A call to the other shard and back, one after the other, in the middle layer. */
    private static double calls(Host host, int operations) {
        Sharded<long[]> counts = host.spread(shard -> new long[1]);
        return host.run(() -> {
            Signal done = new Signal();
            long[] left = {operations, 0};
            long start = System.nanoTime();
            next(counts, left, done);
            done.await();
            long took = System.nanoTime() - start;
            if (left[1] != (1L + operations) * operations / 2) {
                throw new IllegalStateException("calls were lost");
            }
            return (double) took / operations;
        });
    }

    private static void next(Sharded<long[]> counts, long[] left, Signal done) {
        if (left[0]-- == 0) {
            done.raise();
            return;
        }
        Future<Long> answer = counts.on(1).call(count -> ++count[0]);
        answer.whenDone((value, failure) -> {
            left[1] += value;
            next(counts, left, done);
        });
    }

    /** What a call is without an engine: made for each call, as a future is, for that is faster than using it again. */
    private static final class Call {
        final ToLongFunction<long[]> operation;
        long value;

        Call(ToLongFunction<long[]> operation) {
            this.operation = operation;
        }
    }

    /** @param work whether the other thread does what {@link #calls} does there, or hands back what it was handed */
    private static double queues(int operations, boolean work) throws InterruptedException {
        SpscArrayQueue<Call> there = new SpscArrayQueue<>(1024);
        SpscArrayQueue<Call> back = new SpscArrayQueue<>(1024);
        Thread echo = Thread.ofPlatform().start(() -> {
            long[] count = new long[1];
            for (int i = 0; i < operations; i++) {
                Call call = take(there);
                if (work) {
                    call.value = call.operation.applyAsLong(count);
                }
                back.offer(call);
            }
        });
        Call token = new Call(null);
        long sum = 0;
        long start = System.nanoTime();
        for (int i = 0; i < operations; i++) {
            there.offer(work ? new Call(count -> ++count[0]) : token);
            sum += take(back).value;
        }
        long took = System.nanoTime() - start;
        echo.join();
        if (sum != (work ? (1L + operations) * operations / 2 : 0)) {
            throw new IllegalStateException("calls were lost");
        }
        return (double) took / operations;
    }

    private static Call take(SpscArrayQueue<Call> from) {
        Call call = from.poll();
        while (call == null) {
            Thread.onSpinWait();
            call = from.poll();
        }
        return call;
    }

    /** Two fibers hand a turn to each other: each operation is one park and one unpark. */
    private static double signals(Host host, int operations) {
        return host.run(() -> {
            Signal ping = new Signal();
            Signal pong = new Signal();
            int half = operations / 2;
            long start = System.nanoTime();
            var other = Shard.current().fiber(() -> {
                for (int i = 0; i < half; i++) {
                    ping.await();
                    pong.raise();
                }
                return null;
            });
            for (int i = 0; i < half; i++) {
                ping.raise();
                pong.await();
            }
            other.await();
            return (double) (System.nanoTime() - start) / operations;
        });
    }

    private static final class Flag {
        volatile boolean raised;
        volatile Thread waiting;

        void raise() {
            raised = true;
            LockSupport.unpark(waiting);
        }

        void await() {
            waiting = Thread.currentThread();
            while (!raised) {
                LockSupport.park();
            }
            raised = false;
        }
    }

    private static double parks(int operations) throws InterruptedException {
        Flag ping = new Flag();
        Flag pong = new Flag();
        int half = operations / 2;
        long[] took = new long[1];
        Thread one = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < half; i++) {
                ping.await();
                pong.raise();
            }
        });
        Thread.ofVirtual().start(() -> {
            long start = System.nanoTime();
            for (int i = 0; i < half; i++) {
                ping.raise();
                pong.await();
            }
            took[0] = System.nanoTime() - start;
        }).join();
        one.join();
        return (double) took[0] / operations;
    }

    /** From the loop's news of a descriptor until the fiber that waits for it runs. */
    private static double watcherToFiber(Host host, int operations) {
        return host.run(() -> {
            Shard here = Shard.current();
            HotCalls calls = here.calls();
            int fd = Fds.eventFd();
            Signal readable = new Signal();
            long[] at = new long[1];
            long token = here.watch(fd, what -> {
                calls.drain(fd);
                at[0] = System.nanoTime();
                readable.raise();
            });
            readable.await();
            long sum = 0;
            for (int i = 0; i < operations / 10; i++) {
                calls.signal(fd);
                readable.await();
                sum += System.nanoTime() - at[0];
            }
            here.unwatch(fd, token);
            Fds.close(fd);
            return (double) sum / (operations / 10);
        });
    }

    private static double selectorToVirtualThread(int operations) throws IOException, InterruptedException {
        Pipe pipe = Pipe.open();
        pipe.source().configureBlocking(false);
        Flag readable = new Flag();
        long[] at = new long[1];
        long[] sum = new long[1];
        Thread fiber = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < operations; i++) {
                try {
                    pipe.sink().write(ByteBuffer.wrap(new byte[1]));
                } catch (IOException e) {
                    throw new IllegalStateException(e);
                }
                readable.await();
                sum[0] += System.nanoTime() - at[0];
            }
        });
        Selector selector = Selector.open();
        pipe.source().register(selector, SelectionKey.OP_READ);
        ByteBuffer buffer = ByteBuffer.allocateDirect(64);
        for (int i = 0; i < operations; i++) {
            selector.select();
            selector.selectedKeys().clear();
            pipe.source().read(buffer.clear());
            at[0] = System.nanoTime();
            readable.raise();
        }
        fiber.join();
        pipe.sink().close();
        pipe.source().close();
        selector.close();
        return (double) sum[0] / operations;
    }
}
