package eu.mikelangelo.metrics;

import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;

/**
 * A log that cannot become the outage: each distinct error is kept once, with when it was first and last seen, how
 * often, and the detail of the last time. Bounded in entries and in text. Any thread; recording does no I/O and takes a
 * short lock, so not per packet: count there, record when something breaks.
 */
public final class DistinctErrors {
    /** Distinct errors kept; further ones are counted together as {@value #OTHERS}. */
    public static final int MAX_ENTRIES = 128;
    /** Characters kept of a detail. */
    public static final int MAX_DETAIL = 400;
    /** The name under which errors are counted that came when the log was full. */
    public static final String OTHERS = "others (the log of distinct errors is full)";

    /** One error. */
    public record Entry(String what, String detail, Instant first, Instant last, long count) {
        @Override
        public String toString() {
            return last + " " + what + (detail.isEmpty() ? "" : ": " + detail)
                    + (count == 1 ? "" : " (" + count + " times since " + first + ")");
        }
    }

    /** Loads the class: the first error may be that there is no descriptor left to load classes with. */
    private static final Entry NOTHING = new Entry("", "", Instant.EPOCH, Instant.EPOCH, 0);

    private final ReentrantLock lock = new ReentrantLock();
    private final Map<String, Entry> entries = new LinkedHashMap<>();
    private volatile long recorded;

    /**
     * Records one occurrence.
     *
     * @param what names the error and where it is; must not contain values that always differ, those belong into the
     *         detail
     */
    public void record(String what, String detail) {
        String text = detail.length() <= MAX_DETAIL ? detail : detail.substring(0, MAX_DETAIL) + "…";
        Instant now = Instant.now();
        lock.lock();
        try {
            boolean room = entries.size() < MAX_ENTRIES || entries.containsKey(what);
            String key = room ? what : OTHERS;
            Entry old = entries.getOrDefault(key, NOTHING);
            entries.put(key, new Entry(key, text, old == NOTHING ? now : old.first(), now, old.count() + 1));
            recorded++;
        } finally {
            lock.unlock();
        }
    }

    /** How often {@link #record} was called; changes whenever {@link #entries} does. */
    public long recorded() {
        return recorded;
    }

    /** All entries, in the order in which they were first seen. */
    public List<Entry> entries() {
        lock.lock();
        try {
            return new ArrayList<>(entries.values());
        } finally {
            lock.unlock();
        }
    }
}
