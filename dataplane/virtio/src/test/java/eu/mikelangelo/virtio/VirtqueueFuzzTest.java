package eu.mikelangelo.virtio;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;

import eu.mikelangelo.virtio.mock.VirtqueueFuzz;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** A short, seeded run of the fuzz target; the long ones are {@code ./do fuzz}. */
class VirtqueueFuzzTest {
    private static final int PROGRAMS = 1500;

    @Test
    void randomProgramsBreakNoPromise() {
        for (int seed = 0; seed < PROGRAMS; seed++) {
            Random random = new Random(seed);
            byte[] program = new byte[8 + random.nextInt(600)];
            random.nextBytes(program);
            // Mostly honest: fewer corruptions, so that programs get far.
            for (int i = 6; i < program.length; i++) {
                if (program[i] % 16 == 6 && random.nextInt(4) != 0) {
                    program[i] = (byte) random.nextInt(6);
                }
            }
            try {
                VirtqueueFuzz.fuzzerTestOneInput(program);
            } catch (RuntimeException | Error e) {
                throw new AssertionError("seed " + seed + ": " + HexFormat.of().formatHex(program), e);
            }
        }
    }

    @Test
    void anEmptyProgramIsOne() {
        assertDoesNotThrow(() -> VirtqueueFuzz.fuzzerTestOneInput(new byte[0]));
        assertDoesNotThrow(() -> VirtqueueFuzz.fuzzerTestOneInput(new byte[5000]));
    }
}
