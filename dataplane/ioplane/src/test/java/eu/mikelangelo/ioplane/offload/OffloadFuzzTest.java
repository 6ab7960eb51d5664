package eu.mikelangelo.ioplane.offload;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** A bounded run of the fuzz target with fixed seeds. */
class OffloadFuzzTest {
    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomPrograms(long seed) {
        Random random = new Random(seed);
        int admitted = 0;
        for (int i = 0; i < 10_000; i++) {
            byte[] program = new byte[8 + random.nextInt(50)];
            random.nextBytes(program);
            admitted += OffloadFuzz.admitted(program) ? 1 : 0;
        }
        assertTrue(admitted > 3_000 && admitted < 9_000, admitted + " requests were admitted");
    }
}
