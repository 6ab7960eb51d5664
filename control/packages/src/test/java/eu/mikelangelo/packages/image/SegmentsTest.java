package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.github.luben.zstd.Zstd;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SegmentsTest {
    @TempDir
    Path folder;
    private final AtomicInteger serial = new AtomicInteger();
    private final AtomicInteger made = new AtomicInteger();
    private Segments segments;

    @BeforeEach
    void cache() throws IOException {
        Files.createDirectory(folder.resolve("tmp"));
        Files.createDirectory(folder.resolve("cache"));
        segments = new Segments(folder.resolve("cache"),
                what -> folder.resolve("tmp").resolve(what + serial.incrementAndGet()));
    }

    private Segments.Cached segment(String inputs, byte[] content) throws IOException {
        return segments.of("tree", inputs, writer -> {
            made.incrementAndGet();
            writer.file("/x", 0644, 0, 0, content);
        });
    }

    @Test
    void theKernelCanUnpackIt() throws IOException {
        byte[] content = new byte[24 << 20];
        new Random(1).nextBytes(content);
        Segments.Cached big = segment("big", content);
        byte[] frame = Files.readAllBytes(big.file());
        assertEquals(big.segment().size(), frame.length);
        assertEquals(0xfd2fb528, java.nio.ByteBuffer.wrap(frame).order(java.nio.ByteOrder.LITTLE_ENDIAN).getInt());
        assertTrue(windowLog(frame) <= ImageFile.WINDOW_LOG_MAX, "2^" + windowLog(frame));
        assertEquals(big.segment().unpacked(), Zstd.getFrameContentSize(frame), "the size stands in the frame");
        assertArrayEquals(content, java.util.Arrays.copyOfRange(Zstd.decompress(frame,
                (int) big.segment().unpacked()), 112, 112 + content.length));
    }

    /** RFC 8878, 3.1.1.1: a single segment has no window descriptor, its content is the window. */
    private static int windowLog(byte[] frame) {
        boolean single = (frame[4] & 0x20) != 0;
        return single ? 64 - Long.numberOfLeadingZeros(Zstd.getFrameContentSize(frame) - 1)
                : 10 + ((frame[5] & 0xff) >> 3) + ((frame[5] & 7) != 0 ? 1 : 0);
    }

    @Test
    void equalInputsAreMadeOnce() throws IOException {
        Segments.Cached first = segment("same", new byte[5000]);
        assertEquals(first, segment("same", new byte[5000]));
        assertEquals(1, made.get());
        segment("other", new byte[5001]);
        assertEquals(2, made.get());
        Files.writeString(first.file().resolveSibling(first.file().getFileName() + ".json"), "{\"torn");
        assertEquals(first, segment("same", new byte[5000]), "a torn description is made again");
        assertEquals(3, made.get());
        segments.forget(first);
        assertEquals(first, segment("same", new byte[5000]));
        assertEquals(4, made.get());
    }

    @Test
    void whatFailsLeavesNothing() throws IOException {
        assertThrows(IOException.class, () -> segments.of("tree", "x", writer -> {
            throw new IOException("a blob is gone");
        }));
        try (Stream<Path> left = Files.walk(folder)) {
            assertEquals(0, left.filter(Files::isRegularFile).count());
        }
    }
}
