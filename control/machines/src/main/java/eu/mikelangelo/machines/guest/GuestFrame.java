package eu.mikelangelo.machines.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * One frame of {@code mike.control} (guest/PROTOCOL.md): {@code u8 type, u8 0, u16 channel, u32 length}, little-endian,
 * then the payload.
 *
 * @param type    one of the constants below; from a guest, any of 1 to 255
 * @param channel 0 for the machine, else one exec or copy
 * @param payload at most {@link #MAX_PAYLOAD_BYTES}; not copied
 */
record GuestFrame(int type, int channel, byte[] payload) {
    static final int HELLO = 1;
    static final int WELCOME = 2;
    static final int STOP = 3;
    static final int SIGNAL = 4;
    static final int EXEC = 5;
    static final int DATA = 6;
    static final int ERRDATA = 7;
    static final int END = 8;
    static final int EXITED = 9;
    static final int GET = 10;
    static final int PUT = 11;
    static final int ERROR = 12;
    static final int RESIZE = 13;
    static final int PING = 14;
    static final int PONG = 15;
    static final int CREDIT = 16;
    static final int STATUS = 17;

    static final int HEAD_BYTES = 8;
    static final int MAX_PAYLOAD_BYTES = 65_536;
    static final int NONCE_BYTES = 8;
    /** Bytes of one stream that may be under way and not credited. */
    static final int WINDOW_BYTES = 131_072;
    static final int MAX_CHANNELS = 8;
    /** Zero bytes that finish whatever frame a predecessor left half said. */
    static final int PADDING_BYTES = HEAD_BYTES + MAX_PAYLOAD_BYTES;
    private static final byte[] NOTHING = new byte[0];

    static GuestFrame of(int type, int channel) {
        return new GuestFrame(type, channel, NOTHING);
    }

    /** A frame whose payload is 32-bit numbers. */
    static GuestFrame ofNumbers(int type, int channel, int... numbers) {
        ByteBuffer payload = ByteBuffer.allocate(4 * numbers.length).order(ByteOrder.LITTLE_ENDIAN);
        for (int number : numbers) {
            payload.putInt(number);
        }
        return new GuestFrame(type, channel, payload.array());
    }

    /**
     * A request of words, each ended by NUL, with the mark 0xff behind the last.
     *
     * @throws IllegalArgumentException when a word holds NUL or all of them are too long for one frame
     */
    static GuestFrame ofWords(int type, int channel, List<String> words) {
        StringBuilder text = new StringBuilder();
        for (String word : words) {
            if (word.indexOf(0) >= 0) {
                throw new IllegalArgumentException("a word holds a NUL character");
            }
            text.append(word).append('\0');
        }
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException("the words have " + bytes.length + " bytes, the limit is "
                    + (MAX_PAYLOAD_BYTES - 1));
        }
        byte[] payload = java.util.Arrays.copyOf(bytes, bytes.length + 1);
        payload[bytes.length] = (byte) 0xff;
        return new GuestFrame(type, channel, payload);
    }

    /** The number at {@code offset} of the payload, or -1 when the payload has not {@code size} bytes. */
    int number(int offset, int size) {
        return payload.length == size ? ByteBuffer.wrap(payload).order(ByteOrder.LITTLE_ENDIAN).getInt(offset) : -1;
    }

    byte[] encode() {
        return ByteBuffer.allocate(HEAD_BYTES + payload.length).order(ByteOrder.LITTLE_ENDIAN)
                .put((byte) type).put((byte) 0).putShort((short) channel).putInt(payload.length).put(payload).array();
    }
}
