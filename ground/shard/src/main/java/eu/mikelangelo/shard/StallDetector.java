package eu.mikelangelo.shard;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.locks.LockSupport;

/**
 * Watches from a thread of its own that no task keeps a loop. It goes by the CPU time of the loop's thread, not by the
 * clock: a loop that its host does not let run is not to blame. What it finds is recorded once per stall, with the
 * first line that is neither the JDK's nor ours.
 *
 * <p>It looks four times within the limit; at a host at rest ever more seldom, at last once in four limits: a stall out
 * of such a rest is noticed when it takes so long.
 */
final class StallDetector extends Thread implements AutoCloseable {
    private static final String OURS = "eu.mikelangelo.shard.";
    private final Host host;
    private final long limitNs;
    private final long[] turns;
    private final long[] sinceCpuNs;
    private final boolean[] told;
    /** Made when it is asked first, by this thread: loading the JDK's management takes longer than starting a loop. */
    private ThreadMXBean threads;
    private volatile boolean closed;

    StallDetector(Host host) {
        super(null, null, host.options().name() + "-stalls", 0, false);
        this.host = host;
        limitNs = host.options().stallNs();
        turns = new long[host.size()];
        sinceCpuNs = new long[host.size()];
        told = new boolean[host.size()];
        setDaemon(true);
    }

    @Override
    public void run() {
        long shortest = Math.max(1_000_000, limitNs / 4);
        long pause = shortest;
        while (!closed && limitNs > 0) {
            LockSupport.parkNanos(pause);
            boolean rest = true;
            for (int i = 0; i < host.size() && !closed; i++) {
                rest &= look(host.shard(i), i);
            }
            pause = rest ? Math.max(shortest, Math.min(2 * pause, 4 * limitNs)) : shortest;
        }
    }

    /** @return whether it has slept since the last look */
    private boolean look(Shard shard, int i) {
        long turn = shard.metered().turn.get(0);
        if (shard.sleepFlag().isAsleep()) {
            // No system call for a shard at rest. The first turn after the sleep is a new one.
            long asleep = -1 - turn;
            boolean rest = turns[i] == asleep;
            turns[i] = asleep;
            return rest;
        }
        long cpuNs = cpuNs(shard);
        if (turn != turns[i]) {
            turns[i] = turn;
            sinceCpuNs[i] = cpuNs;
            told[i] = false;
        } else if (!told[i] && cpuNs - sinceCpuNs[i] >= limitNs) {
            told[i] = true;
            tell(shard, cpuNs - sinceCpuNs[i]);
        }
        return false;
    }

    /** A pooled fiber burns its own thread's time, a carried one its loop's. */
    private long cpuNs(Shard shard) {
        if (threads == null) {
            threads = ManagementFactory.getThreadMXBean();
        }
        Fiber<?> fiber = shard.running();
        long own = fiber == null || fiber.isVirtual() ? 0 : Math.max(0, threads.getThreadCpuTime(fiber.threadId()));
        return own + threads.getThreadCpuTime(shard.thread().threadId());
    }

    private void tell(Shard shard, long ns) {
        Fiber<?> fiber = shard.running();
        StackTraceElement[] stack = fiber != null ? fiber.stack() : shard.thread().getStackTrace();
        if (stack.length == 0) {
            stack = shard.thread().getStackTrace();
        }
        shard.metered().stalls.increment();
        host.errors().record("stall at " + culprit(stack), shard + " did nothing else for " + ns / 1_000_000
                + " ms of CPU time");
    }

    private static String culprit(StackTraceElement[] stack) {
        for (StackTraceElement line : stack) {
            String type = line.getClassName();
            if (!type.startsWith("java.") && !type.startsWith("jdk.") && !type.startsWith("sun.")
                    && (!type.startsWith(OURS) || type.endsWith("Test") || type.contains("Test$"))) {
                return line.toString();
            }
        }
        return stack.length == 0 ? "an unknown place" : stack[0].toString();
    }

    @Override
    public void close() {
        closed = true;
        LockSupport.unpark(this);
    }
}
