package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import eu.mikelangelo.virtio.mock.VirtqueueFuzz;
import org.junit.jupiter.api.Test;

/** A short, seeded run of the fuzz target; the long ones are {@code ./do fuzz}. */
class VirtqueueFuzzTest {
    private static final int PROGRAMS = 1500;

    @Test
    void randomProgramsBreakNoPromise() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            VirtqueueFuzz.runSeed(seed);
        }
    }

    @Test
    void anEmptyProgramIsOne() {
        assertDoesNotThrow(() -> VirtqueueFuzz.fuzzerTestOneInput(new byte[0]));
        assertDoesNotThrow(() -> VirtqueueFuzz.fuzzerTestOneInput(new byte[5000]));
    }
}
