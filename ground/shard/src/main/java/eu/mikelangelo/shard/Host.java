package eu.mikelangelo.shard;

import eu.mikelangelo.linux.Clock;
import eu.mikelangelo.linux.Cpus;
import eu.mikelangelo.linux.HotCalls;
import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.metrics.MetricGroup;
import eu.mikelangelo.metrics.Metrics;
import eu.mikelangelo.metrics.PrometheusText;
import eu.mikelangelo.shard.loop.FiberEngine;
import eu.mikelangelo.shard.loop.FilePool;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
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

    /** Room for metrics of each shard: its own, those of its lanes, and as many of the application's. */
    private static final int METRICS_PER_SHARD = 128;
    private static final long METRIC_BYTES_PER_SHARD = 640 << 10;

    private final HostOptions options;
    private final Metrics metrics;
    private final Simulation simulation;
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
    private final FilePool files = new FilePool();
    /** Why files go through threads; null when they go through rings. */
    private volatile String noRing;
    private final CountDownLatch ended = new CountDownLatch(1);
    /** No thread that is no shard's gets in any more. */
    private volatile boolean shut;
    private volatile boolean closed;
    private final CountDownLatch placed;
    private volatile Throwable misplaced;

    private Host(HostOptions options, int[] cpus, Metrics metrics, DistinctErrors errors, Simulation simulation) {
        this.options = options;
        this.metrics = metrics;
        this.errors = errors;
        this.simulation = simulation;
        placed = new CountDownLatch(simulation == null ? cpus.length : 0);
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
     * Starts the shards and returns when all loops run and have their memory.
     *
     * @throws IllegalArgumentException when there are not enough CPUs to leave the JVM one, unless overprovisioned
     * @throws IllegalStateException when io_uring is demanded and there is none, with the reason
     * @throws OutOfMemoryError when the system has not the memory
     */
    public static Host start(HostOptions options) {
        return start(options, new DistinctErrors());
    }

    /** As {@link #start(HostOptions)}. @param errors receives what tasks throw and what stalls, perhaps others' too */
    public static Host start(HostOptions options, DistinctErrors errors) {
        return start(options, newMetrics(placing(options, Cpus.allowed()).length), errors);
    }

    /**
     * Starts the shards, which write what they count into a registry of the caller's, such as one in a file. It needs
     * room for some 70 metrics and 600 KB a shard, and is closed by the caller after the host.
     */
    public static Host start(HostOptions options, Metrics metrics) {
        return start(options, metrics, new DistinctErrors());
    }

    private static Host start(HostOptions options, Metrics metrics, DistinctErrors errors) {
        BitSet allowed = Cpus.allowed();
        int[] cpus = placing(options, allowed);
        Host host = new Host(options, cpus, metrics, errors, null);
        if (!options.overprovisioned()) {
            for (int cpu : cpus) {
                allowed.clear(cpu);
            }
            keepHouse(allowed);
        }
        host.startShards();
        host.stalls.start();
        return host;
    }

    FilePool files() {
        return files;
    }

    /** A host whose shards a simulation runs. */
    static Host simulated(HostOptions options, Simulation simulation) {
        int[] cpus = new int[Math.max(1, options.shards())];
        Arrays.fill(cpus, -1);
        Host host = new Host(options, cpus, newMetrics(cpus.length), new DistinctErrors(), simulation);
        host.startShards();
        return host;
    }

    private static Metrics newMetrics(int shards) {
        return Metrics.inMemory(shards * METRICS_PER_SHARD, shards * METRIC_BYTES_PER_SHARD);
    }

    private void startShards() {
        MetricGroup info = metrics.group("host", options.name());
        String fibers = engine.name().replaceFirst(" .*", "");
        info.gauge("shard_info", "How the host runs", "fibers", fibers, "reason", engine.name()).set(shards.length);
        for (Shard shard : shards) {
            shard.start();
        }
        try {
            placed.await();
        } catch (InterruptedException interrupted) {
            Thread.currentThread().interrupt();
        }
        if (noRing != null && options.devices() != HostOptions.Devices.NO_FILES) {
            files.start(options.name());
        }
        if (noRing != null && options.devices() == HostOptions.Devices.URING && misplaced == null) {
            misplaced = new IllegalStateException("--devices uring: " + noRing);
        }
        if (misplaced != null) {
            close();
            throw Future.rethrow(misplaced);
        }
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

    /** Each loop begins with this. @return false when there is no place for it */
    boolean place(Shard shard) {
        try {
            if (shard.cpu() >= 0) {
                Cpus.pin(shard.cpu());
            }
            shard.reserve();
            String why = shard.openDevice();
            noRing = why == null ? noRing : why;
            return true;
        } catch (Throwable refused) {
            misplaced = refused;
            return false;
        } finally {
            placed.countDown();
        }
    }

    Simulation simulation() {
        return simulation;
    }

    /** All that the shards count, and what applications add; see {@link Shard#metrics}. */
    public Metrics metrics() {
        return metrics;
    }

    /** The metrics in the Prometheus text format (see {@link PrometheusText#CONTENT_TYPE}). */
    public String metricsText() {
        StringBuilder text = new StringBuilder();
        try {
            PrometheusText.write(metrics.reader(), "", text);
        } catch (IOException impossible) {
            throw new UncheckedIOException(impossible);
        }
        return text.toString();
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
                + "; devices: " + devices();
    }

    private String devices() {
        return switch (options.devices()) {
            case URING -> "io_uring";
            case AUTO -> noRing == null ? "epoll, files through io_uring"
                    : "epoll, files through " + FilePool.THREADS + " threads (no io_uring: " + noRing + ")";
            case EPOLL -> "epoll, files through " + FilePool.THREADS + " threads (--devices epoll)";
            case NO_FILES -> "epoll, no files";
        };
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

    /**
     * Makes a lane, or gives the one of that name its shares. @throws IllegalStateException beyond {@value
     * #MAX_LANES}
     */
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
                onClose(() -> get(outside(shard).callAnyway(() -> {
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
        if (simulation != null) {
            simulation.drive(future::isDone);
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

    /** Whether {@link #close} has done what {@link #onClose} said and lets nobody in from outside any more. */
    boolean isShut() {
        return shut;
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
        shut = true;
        awaitFibers();
        closed = true;
        stalls.close();
        endLoops();
        ended.countDown();
    }

    private void endLoops() {
        for (Shard shard : shards) {
            shard.stop();
        }
        for (Shard shard : shards) {
            join(shard.thread());
        }
        files.close();
        for (Outside door : doors) {
            door.refuseAll();
        }
        closeDescriptors();
        closeMemory();
        ended.countDown();
    }

    /** When no loop and no device uses it any more. */
    private void closeMemory() {
        for (Shard shard : shards) {
            if (shard.memory() != null) {
                shard.bringBuffersHome();
            }
        }
        for (Shard shard : shards) {
            String leak = shard.memory() == null ? null : shard.memory().leak();
            if (leak != null) {
                errors.record("memory was not given back", leak);
            }
            if (shard.memory() != null) {
                shard.memory().close();
            }
        }
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
        if (misplaced != null) {
            return;
        }
        long deadline = Clock.nowNs() + options.closeNs();
        if (simulation != null) {
            simulation.driveToTheEnd(options.closeNs());
        }
        for (Shard shard : shards) {
            // The fiber that asks is one itself.
            int left = fibers(shard, deadline) - 1;
            while (left > 0 && simulation == null && Clock.nowNs() - deadline < 0) {
                Thread.yield();
                left = fibers(shard, deadline) - 1;
            }
            if (left > 0) {
                errors.record("fibers did not end", shard + ": " + left);
            }
        }
    }

    private int fibers(Shard shard, long deadline) {
        if (simulation != null) {
            return shard.fibers() + 1;
        }
        try {
            long left = Math.max(1_000_000, deadline - Clock.nowNs());
            return outside(shard).callAnyway(shard::fibers).get(left, TimeUnit.NANOSECONDS);
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
