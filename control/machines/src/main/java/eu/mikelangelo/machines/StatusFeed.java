package eu.mikelangelo.machines;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * The guest's status lines (guest/PROTOCOL.md, "Ports"): as they come from the socket, and again from the log QEMU keeps,
 * for what was said while nobody was connected. A line may be delivered more than once; whoever takes them must not mind.
 * Lines longer than {@link #MOST_LINE_BYTES} are dropped.
 */
final class StatusFeed implements AutoCloseable {
    static final int MOST_LINE_BYTES = 4096;
    private static final int MOST_REPLAY_BYTES = 1024 * 1024;
    private final SocketChannel channel;
    private final Path log;
    private final Consumer<String> taker;

    private StatusFeed(SocketChannel channel, Path log, Consumer<String> taker) {
        this.channel = channel;
        this.log = log;
        this.taker = taker;
    }

    static StatusFeed connect(Path socket, Path log, Consumer<String> taker) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        StatusFeed feed = new StatusFeed(channel, log, taker);
        replay(log, taker);
        Thread.ofVirtual().name("status " + socket).start(feed::listen);
        return feed;
    }

    /** Delivers the whole lines of the log, the last MiB of it. */
    static void replay(Path log, Consumer<String> taker) throws IOException {
        if (!Files.isRegularFile(log)) {
            return;
        }
        try (var channel = Files.newByteChannel(log)) {
            long from = Math.max(0, channel.size() - MOST_REPLAY_BYTES);
            channel.position(from);
            ByteBuffer buffer = ByteBuffer.allocate(MOST_REPLAY_BYTES);
            while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
                // until the end of the file or the buffer
            }
            Lines lines = new Lines(taker, from > 0);
            buffer.flip();
            lines.take(buffer);
        }
    }

    private void listen() {
        // We may have come in the middle of a line: its end alone says nothing, so the first line is read from the log,
        // which QEMU writes right after the socket.
        Lines lines = new Lines(taker, false);
        ByteBuffer buffer = ByteBuffer.allocate(8192);
        boolean first = true;
        try {
            while (channel.read(buffer.clear()) >= 0) {
                buffer.flip();
                lines.take(buffer);
                if (first) {
                    first = false;
                    Thread.sleep(50);
                    replay(log, taker);
                }
            }
        } catch (IOException e) {
            // The end of QEMU, or of our supervision; the log has what we miss.
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
        close();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing more to do with it.
        }
    }

    /** Cuts bytes into lines. */
    static final class Lines {
        private final Consumer<String> taker;
        private final byte[] line = new byte[MOST_LINE_BYTES];
        private int length;
        private boolean dropping;

        /** @param inside the first bytes are the rest of a line that was not seen from its start */
        Lines(Consumer<String> taker, boolean inside) {
            this.taker = taker;
            this.dropping = inside;
        }

        void take(ByteBuffer bytes) {
            while (bytes.hasRemaining()) {
                byte b = bytes.get();
                if (b == '\n') {
                    if (!dropping) {
                        taker.accept(new String(line, 0, length, StandardCharsets.UTF_8).strip());
                    }
                    length = 0;
                    dropping = false;
                } else if (length == line.length) {
                    dropping = true;
                } else {
                    line[length++] = b;
                }
            }
        }
    }
}
