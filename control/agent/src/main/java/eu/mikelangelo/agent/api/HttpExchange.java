package eu.mikelangelo.agent.api;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;

/**
 * One HTTP/1.1 request and its answer on a connection of its own (RFC 9112, what a client needs of it: a body by
 * Content-Length, chunked, or up to the end of the connection). One thread sends, then one reads.
 */
public final class HttpExchange implements AutoCloseable {
    private static final int MAX_LINE_BYTES = 16 << 10;
    private static final int MAX_HEADERS = 100;
    private final SocketChannel channel;
    private final ByteBuffer in = ByteBuffer.allocate(16 << 10).flip();
    private int status;
    private long length = -1;
    private boolean chunked;

    HttpExchange(SocketChannel channel) {
        this.channel = channel;
    }

    void send(String head, byte[] body) throws IOException {
        send(head, body, body.length, "");
    }

    void send(String head, byte[] body, int bodyLength, String tail) throws IOException {
        ByteBuffer all = ByteBuffer.allocate(head.length() + bodyLength + tail.length());
        all.put(head.getBytes(StandardCharsets.ISO_8859_1)).put(body, 0, bodyLength)
                .put(tail.getBytes(StandardCharsets.ISO_8859_1)).flip();
        ApiClient.writeFully(channel, all);
    }

    /** Reads the status line and the headers. */
    void readHead() throws IOException {
        String line = line();
        if (!line.startsWith("HTTP/1.1 ") || line.length() < 12) {
            throw new IOException("not an HTTP answer: " + line);
        }
        status = Integer.parseInt(line.substring(9, 12));
        for (int count = 0; !(line = line()).isEmpty(); count++) {
            if (count == MAX_HEADERS) {
                throw new IOException("more than " + MAX_HEADERS + " headers");
            }
            header(line);
        }
        if (status < 200) {
            readHead();
        }
    }

    private void header(String line) throws IOException {
        int colon = line.indexOf(':');
        String name = colon < 0 ? "" : line.substring(0, colon);
        String value = line.substring(colon + 1).strip();
        if (name.equalsIgnoreCase("Content-Length")) {
            length = Long.parseLong(value);
        } else if (name.equalsIgnoreCase("Transfer-Encoding")) {
            chunked = value.equalsIgnoreCase("chunked");
        }
    }

    int status() {
        return status;
    }

    /** The answer's body; a chunked one that breaks off is an EOFException, not an end. */
    public InputStream body() {
        return new Body();
    }

    private int read() throws IOException {
        return fill() ? in.get() & 0xff : -1;
    }

    private boolean fill() throws IOException {
        if (in.hasRemaining()) {
            return true;
        }
        in.clear();
        int count = channel.read(in);
        in.flip();
        return count > 0;
    }

    private String line() throws IOException {
        StringBuilder line = new StringBuilder(80);
        for (int c = read(); c != '\n'; c = read()) {
            if (c < 0 || line.length() == MAX_LINE_BYTES) {
                throw new EOFException(c < 0 ? "the connection ended in an answer's head" : "line too long");
            }
            line.append((char) c);
        }
        if (!line.isEmpty() && line.charAt(line.length() - 1) == '\r') {
            line.setLength(line.length() - 1);
        }
        return line.toString();
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }

    private final class Body extends InputStream {
        /** Bytes left of the body or of the chunk; -1: up to the end of the connection. */
        private long left = chunked ? 0 : length;
        private boolean ended = !chunked && length == 0;
        private boolean first = true;

        @Override
        public int read() throws IOException {
            byte[] one = new byte[1];
            return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
        }

        @Override
        public int read(byte[] to, int offset, int count) throws IOException {
            if (count == 0 || ended) {
                return ended ? -1 : 0;
            }
            if (chunked && left == 0 && !nextChunk()) {
                return -1;
            }
            if (!fill()) {
                if (left >= 0) {
                    throw new EOFException("the connection ended in an answer");
                }
                return -1;
            }
            int taken = (int) Math.min(Math.min(count, in.remaining()), left < 0 ? Long.MAX_VALUE : left);
            in.get(to, offset, taken);
            if (left > 0) {
                left -= taken;
                ended = left == 0 && !chunked;
            }
            return taken;
        }

        @Override
        public int available() {
            return left < 0 ? in.remaining() : (int) Math.min(left, in.remaining());
        }

        private boolean nextChunk() throws IOException {
            if (!first && !line().isEmpty()) {
                throw new IOException("a chunk does not end where it said");
            }
            first = false;
            String size = line();
            int semicolon = size.indexOf(';');
            try {
                left = Long.parseLong(semicolon < 0 ? size : size.substring(0, semicolon), 16);
            } catch (NumberFormatException e) {
                throw new IOException("not the size of a chunk: " + size, e);
            }
            if (left < 0) {
                throw new IOException("not the size of a chunk: " + size);
            }
            ended = left == 0;
            return !ended;
        }
    }
}
