package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.metrics.DistinctErrors;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;

class ErrorStreamTest {
    private final DistinctErrors errors = new DistinctErrors();
    private final ByteArrayOutputStream printed = new ByteArrayOutputStream();
    private final ErrorStream stream = new ErrorStream(errors, new PrintStream(printed, true, StandardCharsets.UTF_8));

    private List<String> lines() {
        return printed.toString(StandardCharsets.UTF_8).lines().toList();
    }

    @Test
    void anErrorThatGoesOnIsToldOfEverMoreSeldom() {
        for (int i = 0; i < 1_000; i++) {
            errors.record("port a: refused", "attempt " + i);
            stream.print();
            stream.print();
        }
        assertEquals(10, lines().size(), lines().toString());
        assertTrue(lines().get(9).contains("attempt 511 (512 times"), lines().get(9));
    }

    @Test
    void anotherErrorIsToldOfAtOnceAndAlone() {
        errors.record("port a: refused", "");
        stream.print();
        errors.record("port a: refused", "");
        errors.record("port a: refused", "");
        stream.print();
        errors.record("port a: refused", "");
        errors.record("port b: refused", "");
        stream.print();
        assertEquals(3, lines().size(), lines().toString());
        assertTrue(lines().get(2).endsWith("port b: refused"), lines().get(2));
        stream.printAll();
        assertEquals(5, lines().size());
    }
}
