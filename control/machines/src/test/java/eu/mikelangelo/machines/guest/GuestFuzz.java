package eu.mikelangelo.machines.guest;

import java.nio.ByteBuffer;

/**
 * Fuzz target: what a guest writes into its control and status ports. Frames come out whole or the stream is broken,
 * the decoder always has room for more, and the pieces in which the bytes come make no difference.
 */
public final class GuestFuzz {
    private static final byte[] NONCE = {1, 2, 3, 4, 5, 6, 7, 8};

    private GuestFuzz() { }

    /** The first byte is the length of the pieces; a WELCOME with the right nonce stands before every other input. */
    public static void fuzzerTestOneInput(byte[] input) {
        if (input.length < 2) {
            return;
        }
        byte[] stream = input;
        if ((input[1] & 1) == 0) {
            byte[] welcome = {GuestFrame.WELCOME, 0, 0, 0, 8, 0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8};
            stream = new byte[input.length + welcome.length];
            System.arraycopy(welcome, 0, stream, 2, welcome.length);
            System.arraycopy(input, 2, stream, 2 + welcome.length, input.length - 2);
        }
        String pieces = frames(stream, 1 + (input[0] & 0xff));
        String whole = frames(stream, GuestFrameDecoder.CAPACITY_BYTES / 2);
        if (!pieces.equals(whole)) {
            throw new AssertionError("in pieces: " + pieces + ", at once: " + whole);
        }
        StringBuilder said = new StringBuilder();
        new StatusReader(event -> said.append(event)).feed(input, 0, input.length);
        if (said.chars().anyMatch(c -> c == 0x1b)) {
            throw new AssertionError("an escape sequence for the terminal");
        }
    }

    private static String frames(byte[] stream, int piece) {
        GuestFrameDecoder decoder = new GuestFrameDecoder(NONCE);
        StringBuilder log = new StringBuilder();
        try {
            for (int at = 2; at < stream.length; ) {
                ByteBuffer room = decoder.room();
                int now = Math.min(piece, stream.length - at);
                if (room.remaining() < now) {
                    now = room.remaining();
                }
                if (now == 0) {
                    throw new AssertionError("no room and no frame at " + at);
                }
                room.put(stream, at, now);
                at += now;
                decoder.fed();
                for (GuestFrame frame = decoder.next(); frame != null; frame = decoder.next()) {
                    log.append(frame.type()).append('/').append(frame.channel()).append('/')
                            .append(java.util.Arrays.hashCode(frame.payload())).append(' ');
                }
            }
        } catch (GuestFrameDecoder.Broken broken) {
            log.append("broken");
        }
        return log.toString();
    }
}
