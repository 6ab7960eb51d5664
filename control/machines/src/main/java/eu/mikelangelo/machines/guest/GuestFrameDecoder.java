package eu.mikelangelo.machines.guest;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/**
 * Bytes from a guest to frames, without I/O. Until the WELCOME that carries this side's nonce everything is dropped: it
 * was meant for the host side before us and may begin in the middle of a frame.
 *
 * <p>Bounded: holds one frame and one read. Not thread-safe: one owner at a time.
 */
final class GuestFrameDecoder {
    /** The stream broke the protocol; nothing behind it can be trusted. */
    static final class Broken extends Exception {
        private static final long serialVersionUID = 1L;

        Broken(String message) {
            super(message);
        }
    }

    static final int CAPACITY_BYTES = 4 * GuestFrame.MAX_PAYLOAD_BYTES;

    private final ByteBuffer buffer = ByteBuffer.allocate(CAPACITY_BYTES).order(ByteOrder.LITTLE_ENDIAN).limit(0);
    private final byte[] nonce;
    private boolean synchronised;

    GuestFrameDecoder(byte[] nonce) {
        this.nonce = nonce.clone();
    }

    /**
     * Where the next bytes of the stream go; has room whenever {@link #next} has returned null. Then call {@link #fed}.
     */
    ByteBuffer room() {
        buffer.compact();
        return buffer;
    }

    /** The bytes were put into {@link #room}. */
    void fed() {
        buffer.flip();
    }

    /** The next frame, or null when more bytes are needed. The first is the WELCOME, its nonce included. */
    GuestFrame next() throws Broken {
        if (!synchronised && !findWelcome()) {
            return null;
        }
        while (buffer.hasRemaining() && buffer.get(buffer.position()) == 0) {
            buffer.get();
        }
        if (buffer.remaining() < GuestFrame.HEAD_BYTES) {
            return null;
        }
        int at = buffer.position();
        int length = buffer.getInt(at + 4);
        if (length < 0 || length > GuestFrame.MAX_PAYLOAD_BYTES || buffer.get(at + 1) != 0) {
            throw new Broken("the guest sent a frame of " + Integer.toUnsignedString(length) + " bytes and mark "
                    + buffer.get(at + 1) + "; the limit is " + GuestFrame.MAX_PAYLOAD_BYTES + " and the mark 0");
        }
        if (buffer.remaining() < GuestFrame.HEAD_BYTES + length) {
            return null;
        }
        byte[] payload = new byte[length];
        buffer.get(at + GuestFrame.HEAD_BYTES, payload);
        buffer.position(at + GuestFrame.HEAD_BYTES + length);
        return new GuestFrame(buffer.get(at) & 0xff, buffer.getShort(at + 2) & 0xffff, payload);
    }

    private boolean findWelcome() {
        int head = GuestFrame.HEAD_BYTES;
        int last = buffer.limit() - head - nonce.length;
        for (int at = buffer.position(); at <= last; at++) {
            if (buffer.get(at) == GuestFrame.WELCOME && buffer.get(at + 1) == 0 && buffer.getShort(at + 2) == 0
                    && buffer.getInt(at + 4) >= nonce.length && nonceAt(at + head)) {
                buffer.position(at);
                synchronised = true;
                return true;
            }
        }
        buffer.position(Math.max(buffer.position(), last + 1));
        return false;
    }

    private boolean nonceAt(int at) {
        for (int i = 0; i < nonce.length; i++) {
            if (buffer.get(at + i) != nonce[i]) {
                return false;
            }
        }
        return true;
    }
}
