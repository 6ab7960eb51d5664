package eu.mikelangelo.metrics;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;

/**
 * All metrics of a program, in one block of memory: a file that any process may read while this one writes
 * ({@link MetricsReader}), or private memory. Registration is for the start, by any thread, and bounded; afterwards
 * each value has one writer and costs a load and a store.
 *
 * <pre>{@code
 * Metrics metrics = Metrics.inFile(runFolder.resolve("metrics"));
 * MetricGroup shard = metrics.group("shard", "0");
 * Counter turns = shard.counter("shard_turns_total", "Turns of the loop");
 * turns.increment();
 * }</pre>
 *
 * <p>Keep the file on a memory file system (/run, /dev/shm): writing dirty pages back to a disk would stop writers.
 */
public final class Metrics implements AutoCloseable {
    /** Metrics, each with its labels, that fit. */
    public static final int MAX_METRICS = 4096;
    /** Bytes for values: a counter or gauge takes 8, a histogram up to a minute in nanoseconds 32 KB. */
    public static final long VALUE_BYTES = 32L << 20;

    /** Bytes that a group takes at a time: values of different writers never share a cache line. */
    private static final long CHUNK = 1024;
    private static final long LINE = 128;

    /** Of a file; null for private memory, which lives as long as somebody refers to it. */
    private final Arena arena;
    private final MemorySegment memory;
    private final int capacity;
    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, String> families = new HashMap<>();
    private final Set<String> series = new HashSet<>();
    private int count;
    private long free;

    private Metrics(MemorySegment memory, int capacity, Arena arena) {
        this.arena = arena;
        this.memory = memory;
        this.capacity = capacity;
        free = MetricsLayout.values(capacity);
        memory.set(MetricsLayout.U32, MetricsLayout.HEADER_CAPACITY, capacity);
        memory.set(MetricsLayout.U64, MetricsLayout.HEADER_PID, ProcessHandle.current().pid());
        MetricsLayout.countRelease(memory, 0);
        memory.set(MetricsLayout.U64, MetricsLayout.HEADER_MAGIC, MetricsLayout.MAGIC);
    }

    /**
     * Makes the file, readable for its owner only, in place of what was there; readers of an old one keep that. It is
     * sparse: what is not used takes no room.
     */
    public static Metrics inFile(Path file) throws IOException {
        FileAttribute<Set<PosixFilePermission>> owner =
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
        Path fresh = Files.createTempFile(file.toAbsolutePath().getParent(), file.getFileName().toString(), ".new",
                owner);
        Arena arena = Arena.ofShared();
        try (FileChannel channel =
                FileChannel.open(fresh, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            long size = MetricsLayout.values(MAX_METRICS) + VALUE_BYTES;
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_WRITE, 0, size, arena);
            Metrics metrics = new Metrics(memory, MAX_METRICS, arena);
            Files.move(fresh, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            return metrics;
        } catch (IOException failed) {
            arena.close();
            Files.deleteIfExists(fresh);
            throw failed;
        }
    }

    /** Private memory of the given size; it can be read and written even after {@link #close}. */
    public static Metrics inMemory(int maxMetrics, long valueBytes) {
        MemorySegment memory = Arena.ofAuto().allocate(MetricsLayout.values(maxMetrics) + valueBytes, 4096);
        return new Metrics(memory, maxMetrics, null);
    }

    /**
     * A writer's metrics, which all carry these labels.
     *
     * @param labels names and values in turn, such as {@code "shard", "0"}
     */
    public MetricGroup group(String... labels) {
        return new MetricGroup(this, labels);
    }

    /** What a reader of the file sees, from inside; of a file valid until {@link #close}. */
    public MetricsReader reader() {
        return new MetricsReader(memory, null);
    }

    /** Ends writing; the file stays for those who read it. No writer may be active any more. */
    @Override
    public void close() {
        if (arena != null) {
            arena.close();
        }
    }

    MemorySegment memory() {
        return memory;
    }

    /** Takes bytes for values, a multiple of what processors fetch at a time. */
    long reserve(long bytes) {
        lock.lock();
        try {
            long size = Math.max(CHUNK, (bytes + LINE - 1) / LINE * LINE);
            if (size > memory.byteSize() - free) {
                throw new IllegalStateException("no room for " + bytes + " bytes of metrics; "
                        + (memory.byteSize() - free) + " are left");
            }
            long offset = free;
            free += size;
            return offset;
        } finally {
            lock.unlock();
        }
    }

    static long chunk() {
        return CHUNK;
    }

    /** Writes a descriptor and makes it visible. */
    void register(int kind, MetricText text, long value, int buckets, int low, double scale) {
        lock.lock();
        try {
            if (count == capacity) {
                throw new IllegalStateException("no room for metric " + text.name() + "; all " + capacity
                        + " are in use");
            }
            String family = kind + " " + scale + " " + text.help();
            String known = families.putIfAbsent(text.name(), family);
            if (known != null && !known.equals(family)) {
                throw new IllegalArgumentException("metric " + text.name()
                        + " is registered with another kind, scale or help text");
            }
            if (!series.add(text.name() + "{" + text.labels() + "}")) {
                throw new IllegalArgumentException("metric " + text.name() + "{" + text.labels()
                        + "} is registered already");
            }
            MemorySegment entry = memory.asSlice(MetricsLayout.entry(count), MetricsLayout.ENTRY_SIZE);
            entry.set(MetricsLayout.U32, MetricsLayout.ENTRY_KIND, kind);
            entry.set(MetricsLayout.U32, MetricsLayout.ENTRY_BUCKETS, buckets);
            entry.set(MetricsLayout.U64, MetricsLayout.ENTRY_VALUE, value);
            entry.set(MetricsLayout.U64, MetricsLayout.ENTRY_SCALE, Double.doubleToLongBits(scale));
            entry.set(MetricsLayout.U32, MetricsLayout.ENTRY_LOW, low);
            text.write(entry);
            // Pairs with the reader's acquire of the count: the descriptor is complete.
            MetricsLayout.countRelease(memory, ++count);
        } finally {
            lock.unlock();
        }
    }
}
