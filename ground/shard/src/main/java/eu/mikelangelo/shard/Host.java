package eu.mikelangelo.shard;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.shard.loop.FiberEngine;
import java.io.File;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;

/**
 * A set of shards in this process, each a loop on a core of its own. Several hosts may live in one process.
 * {@snippet :
 * try (Host host = Host.start(HostOptions.defaults())) {
 *     Sharded<Map<String, String>> map = host.spread(shard -> new HashMap<>());
 *     host.run(() -> map.owner("key").call(part -> part.put("key", "value")).await());
 * }
 * }
 *
 * <p>Threading: any thread, but for {@link #close}, which a shard cannot call on its own host.
 */
public final class Host implements AutoCloseable {
    static final int MAX_LANES = 32;
    private static final int DEFAULT_SHARES = 1_000;

    private final HostOptions options;
    private final FiberEngine engine;
    private final DistinctErrors errors;
    private final Shard[] shards;
    private final Outside[] doors;
    private final StallDetector stalls;
    private final ReentrantLock lock = new ReentrantLock();
    private final List<Lane> lanes = new ArrayList<>();
    private final ArrayDeque<Callable<?>> closers = new ArrayDeque<>();
    private final ReentrantLock signalling = new ReentrantLock();
    private final HotCalls signals = new HotCalls();
    private boolean descriptorsClosed;
    private final CountDownLatch ended = new CountDownLatch(1);
    private volatile boolean closed;

    private Host(HostOptions options, int[] cpus, DistinctErrors errors) {
        this.options = options;
        this.errors = errors;
        engine = FiberEngine.probe(options.fibers() == HostOptions.Fibers.POOLED);
        lanes.add(new Lane("default", 0, DEFAULT_SHARES));
        shards = new Shard[cpus.length];
        doors = new Outside[cpus.length];
        for (int i = 0; i < cpus.length; i++) {
            shards[i] = new Shard(this, i, cpus[i]);
            doors[i] = new Outside(shards[i]);
        }
        connect();
        stalls = new StallDetector(this);
    }

    private void connect() {
        int count = shards.length;
        Mailbox[][] to = new Mailbox[count][count];
        Mailbox[][] from = new Mailbox[count][count];
        for (int a = 0; a < count; a++) {
            for (int b = 0; b < count; b++) {
                if (a != b) {
                    to[a][b] = new Mailbox(shards[b], options.mailCapacity());
                    from[b][a] = to[a][b];
                }
            }
        }
        for (int i = 0; i < count; i++) {
            shards[i].connect(from[i], to[i]);
        }
    }

    /**
     * Starts the shards and returns when all loops run.
     *
     * @throws IllegalArgumentException when there are not enough CPUs to leave the JVM one, unless overprovisioned
     */
    public static Host start(HostOptions options) {
        return start(options, new DistinctErrors());
    }

    /** As {@link #start(HostOptions)}. @param errors receives what tasks throw and what stalls, perhaps others' too */
    public static Host start(HostOptions options, DistinctErrors errors) {
        BitSet allowed = Cpus.allowed();
        int[] cpus = placing(options, allowed);
        Host host = new Host(options, cpus, errors);
        if (!options.overprovisioned()) {
            for (int cpu : cpus) {
                allowed.clear(cpu);
            }
            keepHouse(allowed);
        }
        for (Shard shard : host.shards) {
            shard.start();
        }
        host.stalls.start();
        return host;
    }

    /** The CPU of each shard: the last ones, for interrupts and others' habits favour the first. */
    private static int[] placing(HostOptions options, BitSet allowed) {
        int available = allowed.cardinality();
        int wanted = options.shards() > 0 ? options.shards() : Math.max(1, available - 1);
        int[] cpus = new int[wanted];
        if (options.overprovisioned()) {
            Arrays.fill(cpus, -1);
            return cpus;
        }
        if (wanted >= available) {
            throw new IllegalArgumentException(wanted + " shards on " + available + " CPUs leave none for the JVM's own"
                    + " threads; use --overprovisioned to share CPUs, or fewer --shards");
        }
        int cpu = allowed.length();
        for (int i = wanted - 1; i >= 0; i--) {
            cpu = allowed.previousSetBit(cpu - 1);
            cpus[i] = cpu;
        }
        return cpus;
    }

    /** Moves the threads that exist, the JVM's own among them, to the CPUs that are no shard's. */
    private static void keepHouse(BitSet cpus) {
        File[] threads = new File("/proc/self/task").listFiles();
        for (File thread : threads == null ? new File[0] : threads) {
            try {
                Cpus.restrict(Integer.parseInt(thread.getName()), cpus);
            } catch (LinuxException ended) {
                // A thread that is no more needs no CPU.
            }
        }
    }

    /** Each loop begins with this. */
    void place(Shard shard) {
        if (shard.cpu() >= 0) {
            Cpus.pin(shard.cpu());
        }
    }

    public HostOptions options() {
        return options;
    }

    /** The number of shards. */
    public int size() {
        return shards.length;
    }

    public Shard shard(int index) {
        return shards[index];
    }

    /** One line on how it runs: shards, CPUs, fibers. */
    @Override
    public String toString() {
        StringBuilder text = new StringBuilder(options.name() + ": " + shards.length + " shards");
        for (Shard shard : shards) {
            text.append(shard.cpu() < 0 ? "" : (shard.index() == 0 ? " on CPUs " : ",") + shard.cpu());
        }
        return text + (options.overprovisioned() ? " (overprovisioned)" : "") + "; fibers: " + engine.name()
                + "; devices: epoll";
    }

    FiberEngine engine() {
        return engine;
    }

    /** What tasks threw, and what stalled. */
    public DistinctErrors errors() {
        return errors;
    }

    void record(Throwable thrown) {
        StackTraceElement[] trace = thrown.getStackTrace();
        errors.record(thrown.getClass().getName() + (trace.length == 0 ? "" : " at " + trace[0]),
                String.valueOf(thrown.getMessage()));
    }

    Lane defaultLane() {
        return lanes.getFirst();
    }

    /** Makes a lane, or gives the one of that name its shares. @throws IllegalStateException beyond {@value #MAX_LANES} */
    public Lane lane(String name, int shares) {
        lock.lock();
        try {
            for (Lane lane : lanes) {
                if (lane.name().equals(name)) {
                    lane.shares(shares);
                    return lane;
                }
            }
            if (lanes.size() == MAX_LANES) {
                throw new IllegalStateException("a host has at most " + MAX_LANES + " lanes");
            }
            Lane lane = new Lane(name, lanes.size(), shares);
            lanes.add(lane);
            return lane;
        } finally {
            lock.unlock();
        }
    }

    public List<Lane> lanes() {
        lock.lock();
        try {
            return List.copyOf(lanes);
        } finally {
            lock.unlock();
        }
    }

    /** The door for threads that are no shard's. */
    public Outside outside(Shard shard) {
        return doors[shard.index()];
    }

    public Outside outside(int shard) {
        return doors[shard];
    }

    /** Runs a fiber on the first shard and waits for it; for a thread that is no shard's. */
    public <T> T run(Callable<T> body) {
        return get(outside(0).call(body));
    }

    /**
     * Makes one instance per shard, each on its shard; for a thread that is no shard's. Those that are
     * {@link AutoCloseable} are closed by {@link #close}, in reverse order, as fibers on their shards.
     */
    public <S> Sharded<S> spread(Function<Shard, S> factory) {
        Object[] instances = new Object[shards.length];
        for (Shard shard : shards) {
            S instance = get(outside(shard).call(() -> factory.apply(shard)));
            instances[shard.index()] = instance;
            if (instance instanceof AutoCloseable closeable) {
                onClose(() -> get(outside(shard).call(() -> {
                    closeable.close();
                    return null;
                })));
            }
        }
        return new Sharded<>(this, instances);
    }

    /** Says what {@link #close} does first; the last said is done first. */
    public void onClose(Callable<?> closer) {
        lock.lock();
        try {
            closers.push(closer);
        } finally {
            lock.unlock();
        }
    }

    private <T> T get(CompletableFuture<T> future) {
        if (Shard.current() != null) {
            throw new IllegalStateException("a shard must not block; this is for threads that are no shard's");
        }
        try {
            return future.get();
        } catch (ExecutionException failed) {
            throw Future.rethrow(failed.getCause());
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for a shard", interrupted);
        }
    }

    /** Wakes a shard from a thread that is none; a shard uses its own calls. */
    void signalFromOutside(int eventFd) {
        signalling.lock();
        try {
            if (!descriptorsClosed) {
                signals.signal(eventFd);
            }
        } finally {
            signalling.unlock();
        }
    }

    /** Whether {@link #close} has begun to end the loops. */
    public boolean isClosed() {
        return closed;
    }

    /** Blocks until the process is told to end (SIGTERM, SIGINT); the host is closed in an orderly way then. */
    public void untilSignalled() throws InterruptedException {
        Runtime.getRuntime().addShutdownHook(new Thread(this::close, options.name() + "-close"));
        ended.await();
    }

    /**
     * Ends it: what {@link #onClose} said, then waits for the fibers, then ends the loops. Twice is no error.
     */
    @Override
    public void close() {
        if (Shard.current() != null && Shard.current().host() == this) {
            throw new IllegalStateException("a shard cannot close its own host");
        }
        lock.lock();
        try {
            if (!closed) {
                closeOnce();
            }
        } finally {
            lock.unlock();
        }
    }

    private void closeOnce() {
        for (Callable<?> closer = closers.poll(); closer != null; closer = closers.poll()) {
            try {
                closer.call();
            } catch (Exception failed) {
                record(failed);
            }
        }
        awaitFibers();
        closed = true;
        stalls.close();
        for (Shard shard : shards) {
            shard.stop();
        }
        for (Shard shard : shards) {
            join(shard.thread());
        }
        for (Outside door : doors) {
            door.refuseAll();
        }
        closeDescriptors();
        ended.countDown();
    }

    /** When no loop runs any more: until then one may wake another. */
    private void closeDescriptors() {
        signalling.lock();
        try {
            descriptorsClosed = true;
            for (Shard shard : shards) {
                shard.closeDescriptors();
            }
        } finally {
            signalling.unlock();
        }
    }

    private void awaitFibers() {
        long deadline = Clock.nowNs() + options.closeNs();
        for (Shard shard : shards) {
            // The fiber that asks is one itself.
            while (fibers(shard, deadline) > 1 && Clock.nowNs() - deadline < 0) {
                Thread.yield();
            }
        }
    }

    private int fibers(Shard shard, long deadline) {
        try {
            long left = Math.max(1, deadline - Clock.nowNs());
            return outside(shard).call(shard::fibers).get(left, TimeUnit.NANOSECONDS);
        } catch (ExecutionException | TimeoutException stuck) {
            errors.record("a loop did not end in time", shard.toString());
            return 0;
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
            return 0;
        }
    }

    /** Not to be interrupted: a loop that runs on would use descriptors that are closed next. */
    private static void join(Thread thread) {
        boolean interrupted = false;
        while (thread.isAlive()) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                interrupted = true;
            }
        }
        if (interrupted) {
            Thread.currentThread().interrupt();
        }
    }
}
