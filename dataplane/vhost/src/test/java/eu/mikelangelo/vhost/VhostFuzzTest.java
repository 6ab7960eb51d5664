package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VhostFuzzTest {
    private static final int USUAL_PROGRAMS = 1_000;
    /** Counted, not timed: a busy host does the same work. The long runs are {@code ./do fuzz vhost}. */
    private static final int PROGRAMS = Integer.getInteger("fuzz.programs", USUAL_PROGRAMS);

    @Test
    void randomProgramsBreakNoPromise() {
        int before = openDescriptors();
        long first = Long.getLong("fuzz.seed", 1);
        long started = 0;
        for (long seed = first; seed < first + PROGRAMS; seed++) {
            byte[] program = new byte[2_000];
            new Random(seed).nextBytes(program);
            try {
                started += VhostFuzz.run(program);
            } catch (Throwable broken) {
                throw new AssertionError("seed " + seed, broken);
            }
        }
        // A fuzzer that never gets a ring to run tests only the door. The usual seeds always come as far as this.
        boolean usual = first == 1 && PROGRAMS >= USUAL_PROGRAMS;
        assertTrue(started >= (usual ? 7 : 1), started + " rings started in " + PROGRAMS + " programs");
        assertEquals(before, openDescriptors());
    }

    private static int openDescriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }
}
