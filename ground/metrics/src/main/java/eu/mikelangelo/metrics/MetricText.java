package eu.mikelangelo.metrics;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;

/** The text of a descriptor: name, rendered labels, escaped help. */
record MetricText(String name, String labels, String help) {
    MetricText {
        int length = bytes(name).length + bytes(labels).length + bytes(help).length;
        if (length > MetricsLayout.TEXT_ROOM) {
            throw new IllegalArgumentException("name, labels and help of metric " + name + " take " + length
                    + " bytes; the limit is " + MetricsLayout.TEXT_ROOM);
        }
    }

    void write(MemorySegment entry) {
        long at = MetricsLayout.ENTRY_TEXT;
        at += put(entry, MetricsLayout.ENTRY_NAME, at, name);
        at += put(entry, MetricsLayout.ENTRY_LABELS, at, labels);
        put(entry, MetricsLayout.ENTRY_HELP, at, help);
    }

    /** @throws IllegalArgumentException when the lengths leave the descriptor */
    static MetricText read(MemorySegment entry) {
        int name = entry.get(MetricsLayout.U32, MetricsLayout.ENTRY_NAME);
        int labels = entry.get(MetricsLayout.U32, MetricsLayout.ENTRY_LABELS);
        int help = entry.get(MetricsLayout.U32, MetricsLayout.ENTRY_HELP);
        boolean fits = name >= 0 && labels >= 0 && help >= 0
                && (long) name + labels + help <= MetricsLayout.TEXT_ROOM;
        if (!fits) {
            throw new IllegalArgumentException("text of " + name + ", " + labels + " and " + help + " bytes");
        }
        long at = MetricsLayout.ENTRY_TEXT;
        return new MetricText(text(entry, at, name), text(entry, at + name, labels),
                text(entry, at + name + labels, help));
    }

    private static int put(MemorySegment entry, long lengthAt, long at, String text) {
        byte[] bytes = bytes(text);
        entry.set(MetricsLayout.U32, lengthAt, bytes.length);
        MemorySegment.copy(bytes, 0, entry, ValueLayout.JAVA_BYTE, at, bytes.length);
        return bytes.length;
    }

    private static String text(MemorySegment entry, long at, int length) {
        byte[] bytes = new byte[length];
        MemorySegment.copy(entry, ValueLayout.JAVA_BYTE, at, bytes, 0, length);
        return new String(bytes, StandardCharsets.UTF_8);
    }

    private static byte[] bytes(String text) {
        return text.getBytes(StandardCharsets.UTF_8);
    }
}
