package eu.mikelangelo.agent.api;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import eu.mikelangelo.base.Failure;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SizesTest {
    @ParameterizedTest
    @CsvSource({"256M, 268435456", "1G, 1073741824", "512MiB, 536870912", "64, 67108864", "65536k, 67108864",
        "1T, 1099511627776", "2gb, 2147483648"})
    void readsAmounts(String text, long bytes) {
        assertEquals(bytes, Sizes.memory(text));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "M", "-1G", "1.5G", "1X", "9999999999999", "999999999999T", "1 G B"})
    void refusesOthers(String text) {
        assertEquals(Failure.Kind.BAD_INPUT, assertThrows(Failure.class, () -> Sizes.memory(text)).kind());
    }

    /** What is shown of a power-of-two amount can be typed again. */
    @Test
    void humanAmountsReadBack() {
        for (int shift = 10; shift < 43; shift++) {
            assertEquals(1L << shift, Sizes.memory(Sizes.human(1L << shift)), Sizes.human(1L << shift));
        }
        assertEquals("512B", Sizes.human(512));
        assertEquals("1.4M", Sizes.human(1_500_000));
    }

    @Test
    void durationsAreShort() {
        assertEquals("0s", Sizes.duration(-3));
        assertEquals("119s", Sizes.duration(119));
        assertEquals("2m", Sizes.duration(120));
        assertEquals("2h", Sizes.duration(7200));
        assertEquals("12d", Sizes.duration(12 * 86_400));
    }
}
