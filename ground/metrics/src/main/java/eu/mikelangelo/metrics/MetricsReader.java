package eu.mikelangelo.metrics;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads the metrics of a program, also of another process, while it writes them: it need not know of it and is not
 * slowed down. What the file says about itself is checked, so a damaged one gives an {@link IOException} or is cut
 * short, never an access outside. One thread at a time.
 */
public final class MetricsReader implements AutoCloseable {
    private static final int MAX_BUCKETS = Buckets.count(Long.MAX_VALUE);
    private static final int MAX_EXPONENT = 62;

    /** One metric with its labels. */
    record Entry(int kind, MetricText text, long value, int buckets, int low, double scale) {}

    private final MemorySegment memory;
    private final Arena arena;
    private final int capacity;
    private final List<Entry> entries = new ArrayList<>();

    MetricsReader(MemorySegment memory, Arena arena) {
        this.memory = memory;
        this.arena = arena;
        capacity = memory.get(MetricsLayout.U32, MetricsLayout.HEADER_CAPACITY);
    }

    /**
     * Opens the file of another program.
     *
     * @throws IOException when it cannot be read or is no file of metrics
     */
    public static MetricsReader open(Path file) throws IOException {
        Arena arena = Arena.ofShared();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            MemorySegment memory = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), arena);
            return of(memory, arena, file.toString());
        } catch (IOException failed) {
            arena.close();
            throw failed;
        }
    }

    /** The process that writes, or wrote. */
    public long pid() {
        return memory.get(MetricsLayout.U64, MetricsLayout.HEADER_PID);
    }

    /** How many metrics there are now, each with its labels. */
    public int size() {
        return entries().size();
    }

    /**
     * The value of a counter or gauge now.
     *
     * @param labels as registered: those of the group first
     * @return the value, or {@code absent} when there is no such counter or gauge
     */
    public long value(String name, long absent, String... labels) {
        Entry entry = find(name, labels);
        return entry == null || entry.kind == MetricsLayout.KIND_HISTOGRAM ? absent : value(entry);
    }

    /** The values of a histogram now, or null when there is no such histogram. */
    public Distribution distribution(String name, String... labels) {
        Entry entry = find(name, labels);
        return entry == null || entry.kind != MetricsLayout.KIND_HISTOGRAM ? null : distribution(entry);
    }

    /** Lets go of the file. */
    @Override
    public void close() {
        if (arena != null) {
            arena.close();
        }
    }

    /** All that are registered so far. */
    List<Entry> entries() {
        // Pairs with the writer's release of the count: descriptors below it are complete.
        int count = Math.min(MetricsLayout.countAcquire(memory), capacity);
        while (entries.size() < count) {
            Entry entry = read(entries.size());
            if (entry == null) {
                break;
            }
            entries.add(entry);
        }
        return entries;
    }

    long value(Entry entry) {
        return MetricsLayout.value(memory, entry.value);
    }

    Distribution distribution(Entry entry) {
        Distribution distribution = Distribution.ofBuckets(entry.buckets);
        distribution.add(memory, entry.value, entry.buckets);
        return distribution;
    }

    private Entry find(String name, String... labels) {
        String rendered = MetricNames.labels(labels);
        for (Entry entry : entries()) {
            if (entry.text.name().equals(name) && entry.text.labels().equals(rendered)) {
                return entry;
            }
        }
        return null;
    }

    /** The descriptor at {@code index}, or null when it makes no sense. */
    private Entry read(int index) {
        MemorySegment at = memory.asSlice(MetricsLayout.entry(index), MetricsLayout.ENTRY_SIZE);
        int kind = at.get(MetricsLayout.U32, MetricsLayout.ENTRY_KIND);
        int buckets = at.get(MetricsLayout.U32, MetricsLayout.ENTRY_BUCKETS);
        long value = at.get(MetricsLayout.U64, MetricsLayout.ENTRY_VALUE);
        int low = at.get(MetricsLayout.U32, MetricsLayout.ENTRY_LOW);
        double scale = Double.longBitsToDouble(at.get(MetricsLayout.U64, MetricsLayout.ENTRY_SCALE));
        boolean histogram = kind == MetricsLayout.KIND_HISTOGRAM;
        if (kind < MetricsLayout.KIND_COUNTER || kind > MetricsLayout.KIND_HISTOGRAM
                || (histogram && (buckets < 2 || buckets > MAX_BUCKETS)) || low < 0 || low > MAX_EXPONENT) {
            return null;
        }
        long bytes = histogram ? MetricsLayout.HISTOGRAM_BUCKETS + 8L * buckets : 8;
        if (value < MetricsLayout.values(capacity) || value % 8 != 0 || value > memory.byteSize() - bytes) {
            return null;
        }
        try {
            MetricText text = MetricText.read(at);
            MetricNames.name(text.name());
            boolean lines = text.labels().indexOf('\n') >= 0 || text.help().indexOf('\n') >= 0;
            return lines ? null : new Entry(kind, text, value, buckets, low, scale);
        } catch (IllegalArgumentException damaged) {
            return null;
        }
    }

    /** Over memory that cannot be trusted. */
    static MetricsReader of(MemorySegment memory, Arena arena, String file) throws IOException {
        if (memory.byteSize() < MetricsLayout.HEADER_SIZE
                || memory.get(MetricsLayout.U64, MetricsLayout.HEADER_MAGIC) != MetricsLayout.MAGIC) {
            throw new IOException(file + " is no file of metrics, or of another version");
        }
        int capacity = memory.get(MetricsLayout.U32, MetricsLayout.HEADER_CAPACITY);
        if (capacity < 0 || MetricsLayout.values(capacity) > memory.byteSize()) {
            throw new IOException(file + " is cut short: " + memory.byteSize() + " bytes for " + capacity
                    + " metrics");
        }
        return new MetricsReader(memory, arena);
    }
}
