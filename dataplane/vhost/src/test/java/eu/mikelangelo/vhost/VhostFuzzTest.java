package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.api.Test;

/** Seeded runs of the fuzz target; the coverage-guided ones are {@code ./do fuzz vhost}. */
class VhostFuzzTest {
    /** Counted, not timed: a busy host does the same work. */
    private static final int PROGRAMS = Integer.getInteger("fuzz.programs", 5_000);

    @Test
    void randomProgramsBreakNoPromise() {
        long first = Long.getLong("fuzz.seed", 1);
        long messages = VhostFuzz.messages();
        long withRings = VhostFuzz.programsWithRings();
        byte[] program = new byte[2_000];
        for (long seed = first; seed < first + PROGRAMS; seed++) {
            new Random(seed).nextBytes(program);
            try {
                VhostFuzz.run(program);
            } catch (Throwable broken) {
                throw new AssertionError("seed " + seed, broken);
            }
        }
        System.out.println("vhost fuzz: " + VhostFuzz.summary());
        // A fuzzer that never gets a ring to run tests only the door.
        assertTrue(2 * (VhostFuzz.programsWithRings() - withRings) >= PROGRAMS, VhostFuzz.summary());
        assertTrue(VhostFuzz.messages() - messages >= 10L * PROGRAMS, VhostFuzz.summary());
    }
}
