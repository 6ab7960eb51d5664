package eu.mikelangelo.plane;

import eu.mikelangelo.metrics.DistinctErrors;
import java.io.PrintStream;
import java.util.HashMap;
import java.util.Map;

/**
 * Tells of errors on a stream that nobody rotates: of each when it is new, and again whenever there are twice as many,
 * so that a peer that tries for ever fills no disk. One thread.
 */
final class ErrorStream {
    private final DistinctErrors errors;
    private final PrintStream to;
    private final Map<String, Long> told = new HashMap<>();
    private long seen;

    ErrorStream(DistinctErrors errors, PrintStream to) {
        this.errors = errors;
        this.to = to;
    }

    /** To be called now and then. */
    void print() {
        if (errors.recorded() == seen) {
            return;
        }
        seen = errors.recorded();
        for (DistinctErrors.Entry entry : errors.entries()) {
            if (entry.count() >= 2 * told.getOrDefault(entry.what(), 0L)) {
                told.put(entry.what(), entry.count());
                to.println("plane: " + entry);
            }
        }
    }

    /** The last words: all there is. */
    void printAll() {
        errors.entries().forEach(entry -> to.println("plane: " + entry));
    }
}
