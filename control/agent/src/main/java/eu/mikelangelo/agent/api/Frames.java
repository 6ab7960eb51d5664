package eu.mikelangelo.agent.api;

import java.io.BufferedOutputStream;
import java.io.DataInputStream;
import java.io.DataOutputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;

/**
 * Several streams in one body, for exec: {@code u8 type, u8[3] 0, u32 length} (big-endian), then the bytes. Writing is
 * thread-safe; one thread reads.
 */
public final class Frames {
    /** The exec's id (decimal text), first. */
    public static final int ID = 0;
    public static final int STDOUT = 1;
    public static final int STDERR = 2;
    /** The exit code (decimal text), last. */
    public static final int EXIT = 3;
    /** {"kind","message","hint"} in JSON, last instead of EXIT. */
    public static final int ERROR = 4;
    public static final int MAX_BYTES = 1 << 20;

    private Frames() { }

    /** One frame. */
    public record Frame(int type, byte[] bytes) {
        public String text() {
            return new String(bytes, StandardCharsets.UTF_8);
        }
    }

    /** Writes frames and flushes each. */
    public static final class Writer {
        private final DataOutputStream out;

        public Writer(OutputStream out) {
            // One write to the connection a frame, not one a field.
            this.out = new DataOutputStream(new BufferedOutputStream(out, 64 << 10));
        }

        public void write(int type, String text) throws IOException {
            byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
            write(type, bytes, bytes.length);
        }

        public synchronized void write(int type, byte[] from, int length) throws IOException {
            out.writeInt(type << 24);
            out.writeInt(length);
            out.write(from, 0, length);
            out.flush();
        }
    }

    /** The next frame, or null at the end. */
    public static Frame read(InputStream from) throws IOException {
        DataInputStream in = new DataInputStream(from);
        int type = in.read();
        if (type < 0) {
            return null;
        }
        in.skipNBytes(3);
        int length = in.readInt();
        if (length < 0 || length > MAX_BYTES) {
            throw new IOException("a frame of " + length + " bytes");
        }
        byte[] bytes = in.readNBytes(length);
        if (bytes.length < length) {
            throw new EOFException("the connection ended in a frame");
        }
        return new Frame(type, bytes);
    }
}
