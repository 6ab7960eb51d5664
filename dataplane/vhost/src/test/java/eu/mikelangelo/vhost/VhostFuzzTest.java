package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VhostFuzzTest {
    /** A run of seconds; `-Dfuzz.seconds=N` makes it longer. */
    private static final int SECONDS = Integer.getInteger("fuzz.seconds", 2);

    @Test
    void randomProgramsBreakNoPromise() {
        int before = openDescriptors();
        long seed = Long.getLong("fuzz.seed", 1);
        long end = System.nanoTime() + SECONDS * 1_000_000_000L;
        long started = 0;
        while (System.nanoTime() < end) {
            byte[] program = new byte[2_000];
            new Random(seed).nextBytes(program);
            try {
                started += VhostFuzz.run(program);
            } catch (Throwable broken) {
                throw new AssertionError("seed " + seed, broken);
            }
            seed++;
        }
        // A fuzzer that never gets a ring to run tests only the door.
        assertTrue(started > 20, started + " rings started in " + seed + " programs");
        assertEquals(before, openDescriptors());
    }

    private static int openDescriptors() {
        return Objects.requireNonNull(new File("/proc/self/fd").list()).length;
    }
}
