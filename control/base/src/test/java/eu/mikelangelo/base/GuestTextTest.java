package eu.mikelangelo.base;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class GuestTextTest {
    @Test
    void valuesAreEscaped() {
        assertEquals("arg a\\sb\\tc\\nd\\\\e ä \\e\nenv A \\e\n",
                new GuestText().line("arg", "a b\tc\nd\\e", "ä", "").env("A", "").toString());
        assertEquals("net none\n", new GuestText().line("net", "none").toString());
    }

    @Test
    void whatInitWouldRefuseIsRefusedHere() {
        bad(() -> new GuestText().line("arg", "x\0"));
        bad(() -> new GuestText().line("arg", "x".repeat(GuestText.VALUE_CHARS_MAX + 1)));
        bad(() -> new GuestText().env("A=B", "x"));
        bad(() -> new GuestText().env("", "x"));
        bad(() -> new GuestText().env("A", "\0"));
        GuestText text = new GuestText();
        for (int i = 0; i < 7; i++) {
            text.line("arg", "x".repeat(GuestText.VALUE_CHARS_MAX));
        }
        bad(text::toString);
    }

    private static void bad(org.junit.jupiter.api.function.Executable work) {
        assertEquals(Failure.Kind.BAD_INPUT, assertThrows(Failure.class, work).kind());
    }
}
