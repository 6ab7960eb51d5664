package eu.mikelangelo.linux.ffi;

import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;

import org.junit.jupiter.api.Test;

class NativeTest {
    /** The JVM raises it wherever the thread is by then; made an AssertionError, it ended the I/O core once. */
    @Test
    void anErrorOfMappedMemoryStaysOne() {
        InternalError vanished = new InternalError("a fault occurred in an unsafe memory access operation");
        assertSame(vanished, assertThrows(InternalError.class, () -> Native.unexpected(vanished)));
    }

    @Test
    void anythingElseIsAMistakeOfOurs() {
        Throwable mistake = new ClassCastException();
        assertSame(mistake, Native.unexpected(mistake).getCause());
    }
}
