package eu.mikelangelo.memory;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.memory.raw.Raw;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Memory that vanishes under a copy by vectors is an error, as under any other access; it does not end the JVM. */
class WideTest {
    private static final int BYTES = 65_536;
    private static final int PAGE = 4_096;
    private static final int COPIES = 100;

    @TempDir
    Path folder;

    @BeforeEach
    void vectorsAreThere() {
        assertTrue(Raw.WIDE, "run with --add-modules jdk.incubator.vector, as the module's pom says");
    }

    /** From the first copy, which is interpreted, to those that are compiled in all ways. */
    @ParameterizedTest
    @CsvSource({"64, 1", "64, 30", "64, 300", "64, 20000", "40, 1", "40, 300", "40, 20000", "512, 20000"})
    void vanishedMemoryIsAnError(int length, int rounds) throws IOException {
        MemorySegment own = Arena.ofAuto().allocate(BYTES, 64);
        for (int i = 0; i < 2; i++) {
            try (RandomAccessFile file = new RandomAccessFile(folder.resolve("guest" + i).toFile(), "rw")) {
                file.setLength(BYTES);
                MemorySegment guest = file.getChannel().map(FileChannel.MapMode.READ_WRITE, 0, BYTES, Arena.ofAuto());
                for (int round = 0; round < rounds; round++) {
                    copies(guest, own, length);
                    copies(own, guest, length);
                }
                file.setLength(0);
                assertThrows(InternalError.class, () -> copies(guest, own, length), "read");
                assertThrows(InternalError.class, () -> copies(own, guest, length), "written");
            }
        }
    }

    private static void copies(MemorySegment from, MemorySegment to, int length) {
        for (int i = 0; i < COPIES; i++) {
            Raw.copy(from.address() + (long) PAGE * (i & 7), to.address() + (long) PAGE * (i & 3), length);
        }
    }

    @ParameterizedTest
    @CsvSource({"1", "15", "16", "31", "32", "33", "63", "64", "65", "127", "128", "511", "512", "513", "1514"})
    void everyLengthIsCopiedExactly(int length) {
        MemorySegment from = Arena.ofAuto().allocate(2048);
        MemorySegment to = Arena.ofAuto().allocate(2048);
        for (int i = 0; i < 2048; i++) {
            from.set(ValueLayout.JAVA_BYTE, i, (byte) (i * 31 + 7));
        }
        Raw.copy(from.address() + 3, to.address() + 5, length);
        for (int i = 0; i < 2048; i++) {
            boolean inside = i >= 5 && i < 5 + length;
            int expected = inside ? (byte) ((i - 2) * 31 + 7) : 0;
            assertEquals(expected, to.get(ValueLayout.JAVA_BYTE, i), "byte " + i);
        }
    }
}
