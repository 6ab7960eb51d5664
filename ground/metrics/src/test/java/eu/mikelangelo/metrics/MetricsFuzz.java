package eu.mikelangelo.metrics;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.regex.Pattern;

/**
 * A fuzz target for {@link MetricsReader}: the input is a file of metrics. It must be refused or read; nothing may be
 * read outside it, and every line of the text must be a comment or a sample.
 */
public final class MetricsFuzz {
    private static final Pattern LINE = Pattern.compile(
            "# (HELP|TYPE) [a-zA-Z0-9_:]+ .*|[a-zA-Z0-9_:]+(\\{.*})? [-+.0-9EInfityNa]+", Pattern.DOTALL);

    private MetricsFuzz() {}

    /** Reads one file. @return whether it was taken for one */
    static boolean read(byte[] file) {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment memory = arena.allocate(Math.max(1, file.length), 8).asSlice(0, file.length);
            MemorySegment.copy(file, 0, memory, ValueLayout.JAVA_BYTE, 0, file.length);
            MetricsReader reader = MetricsReader.of(memory, null, "input");
            StringBuilder text = new StringBuilder();
            PrometheusText.write(reader, "", text);
            for (String line : text.toString().split("\n")) {
                if (!LINE.matcher(line).matches() && reader.size() > 0) {
                    throw new AssertionError("line " + line);
                }
            }
            return true;
        } catch (IOException refused) {
            return false;
        }
    }

    /** Jazzer's entry. */
    public static void fuzzerTestOneInput(byte[] file) {
        read(file);
    }
}
