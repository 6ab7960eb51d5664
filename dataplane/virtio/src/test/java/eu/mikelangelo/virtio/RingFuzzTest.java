package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import eu.mikelangelo.virtio.mock.RingFuzz;
import org.junit.jupiter.api.Test;

/** A short, seeded run of the fuzz target; the long ones are {@code ./do fuzz ring}. A finding names its seed. */
class RingFuzzTest {
    private static final int PROGRAMS = 1200;

    @Test
    void randomProgramsBreakNoPromise() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            RingFuzz.runSeed(seed);
        }
    }

    @Test
    void anEmptyProgramIsOne() {
        assertDoesNotThrow(() -> RingFuzz.fuzzerTestOneInput(new byte[0]));
        assertDoesNotThrow(() -> RingFuzz.fuzzerTestOneInput(new byte[5000]));
    }
}
