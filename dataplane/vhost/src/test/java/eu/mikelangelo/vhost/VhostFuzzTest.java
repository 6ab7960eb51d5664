package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;

/** Seeded runs of the fuzz target; the coverage-guided ones are {@code ./do fuzz vhost}. */
class VhostFuzzTest {
    /** Counted, not timed: a busy host does the same work. */
    private static final int PROGRAMS = Integer.getInteger("fuzz.programs", 5_000);

    @Test
    void randomProgramsBreakNoPromise() {
        long first = Long.getLong("fuzz.seed", 1);
        MessageTally tally = VhostFuzz.TALLY;
        long messages = tally.messages;
        long started = tally.started;
        for (long seed = first; seed < first + PROGRAMS; seed++) {
            VhostFuzz.runSeed(seed);
        }
        // A fuzzer that never gets a ring to run tests only the door.
        assertTrue(2 * (tally.started - started) >= PROGRAMS, tally.summary());
        assertTrue(tally.messages - messages >= 10L * PROGRAMS, tally.summary());
    }
}
