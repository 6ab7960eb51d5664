package eu.mikelangelo.machines.guest;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

final class GuestFrameDecoderTest {
    private static final byte[] NONCE = {1, 2, 3, 4, 5, 6, 7, -1};

    private static List<GuestFrame> decode(byte[] stream, int step) throws GuestFrameDecoder.Broken {
        GuestFrameDecoder decoder = new GuestFrameDecoder(NONCE);
        List<GuestFrame> frames = new ArrayList<>();
        for (int at = 0; at < stream.length; ) {
            var room = decoder.room();
            int n = Math.min(Math.min(step, stream.length - at), room.remaining());
            assertTrue(n > 0, "the decoder has no room");
            room.put(stream, at, n);
            decoder.fed();
            at += n;
            for (GuestFrame frame; (frame = decoder.next()) != null; ) {
                frames.add(frame);
            }
        }
        return frames;
    }

    private static byte[] stream(byte[] before, GuestFrame... frames) {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.writeBytes(before);
        for (GuestFrame frame : frames) {
            out.writeBytes(frame.encode());
        }
        return out.toByteArray();
    }

    private static GuestFrame welcome() {
        return new GuestFrame(GuestFrame.WELCOME, 0, Arrays.copyOf(NONCE, 20));
    }

    @Test
    void whatAPredecessorLeftIsDropped() throws Exception {
        Random random = new Random(7);
        GuestFrame data = new GuestFrame(GuestFrame.DATA, 300, new byte[GuestFrame.MAX_PAYLOAD_BYTES]);
        for (int round = 0; round < 300; round++) {
            byte[] garbage = new byte[random.nextInt(3000)];
            random.nextBytes(garbage);
            List<GuestFrame> frames = decode(stream(garbage, welcome(), data, GuestFrame.of(GuestFrame.END, 300)),
                    1 + random.nextInt(9000));
            assertEquals(3, frames.size());
            assertEquals(GuestFrame.WELCOME, frames.get(0).type());
            assertArrayEquals(welcome().payload(), frames.get(0).payload());
            assertEquals(300, frames.get(1).channel());
            assertEquals(GuestFrame.MAX_PAYLOAD_BYTES, frames.get(1).payload().length);
            assertEquals(GuestFrame.END, frames.get(2).type());
        }
    }

    @Test
    void anyPiecesAndPaddingGiveTheSameFrames() throws Exception {
        byte[] stream = stream(new byte[0], welcome(), GuestFrame.ofNumbers(GuestFrame.EXITED, 9, 137));
        byte[] padded = Arrays.copyOf(stream, stream.length + 100);
        for (int step = 1; step < padded.length; step++) {
            List<GuestFrame> frames = decode(padded, step);
            assertEquals(2, frames.size());
            assertEquals(137, frames.get(1).number(0, 4));
        }
    }

    @Test
    void anImpossibleLengthEndsIt() {
        byte[] stream = stream(new byte[0], welcome(), GuestFrame.of(GuestFrame.DATA, 1));
        stream[stream.length - 2] = 2;
        assertThrows(GuestFrameDecoder.Broken.class, () -> decode(stream, 5));
        stream[stream.length - 1] = -1;
        assertThrows(GuestFrameDecoder.Broken.class, () -> decode(stream, stream.length));
    }

    @Test
    void mutationsNeverEscape() {
        Random random = new Random(99);
        int broken = 0;
        int whole = 0;
        for (int round = 0; round < 20_000; round++) {
            byte[] payload = new byte[random.nextInt(60)];
            byte[] stream = stream(new byte[random.nextInt(4)], welcome(), new GuestFrame(GuestFrame.ERROR, 5, payload),
                    GuestFrame.ofNumbers(GuestFrame.CREDIT, 5, 100, 0));
            for (int i = random.nextInt(5); i >= 0; i--) {
                stream[random.nextInt(stream.length)] = (byte) random.nextInt(256);
            }
            try {
                for (GuestFrame frame : decode(stream, 1 + random.nextInt(30))) {
                    assertTrue(frame.type() > 0 && frame.payload().length <= GuestFrame.MAX_PAYLOAD_BYTES);
                    whole++;
                }
            } catch (GuestFrameDecoder.Broken e) {
                broken++;
            }
        }
        assertTrue(broken > 1000 && whole > 1000, broken + " broken, " + whole + " frames");
    }

    @Test
    void wordsCarryTheirMark() {
        assertArrayEquals(new byte[] {'a', 0, 0, 'b', 0, -1},
                GuestFrame.ofWords(GuestFrame.EXEC, 1, List.of("a", "", "b")).payload());
        assertThrows(IllegalArgumentException.class, () -> GuestFrame.ofWords(GuestFrame.EXEC, 1, List.of("a\0b")));
        assertThrows(IllegalArgumentException.class,
                () -> GuestFrame.ofWords(GuestFrame.EXEC, 1, List.of("x".repeat(70_000))));
    }
}
