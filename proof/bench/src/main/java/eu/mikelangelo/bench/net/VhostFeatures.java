package eu.mikelangelo.bench.net;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;

/** What a vhost-user back-end offers, by asking it. */
final class VhostFeatures {
    // VIRTIO 1.2, section 6
    private static final int RING_PACKED = 34;
    private static final int IN_ORDER = 35;
    // VIRTIO 1.2, section 5.1.3
    private static final int MERGEABLE = 15;

    // vhost-user: u32 request, u32 flags (1: the version, 4: an answer), u32 size, then the payload
    private static final int GET_FEATURES = 1;
    private static final int HEADER_BYTES = 12;
    private static final int VERSION = 1;

    private final long bits;

    VhostFeatures(long bits) {
        this.bits = bits;
    }

    static VhostFeatures of(Path socket) {
        try (SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            channel.connect(UnixDomainSocketAddress.of(socket));
            ByteBuffer question = ByteBuffer.allocate(HEADER_BYTES).order(ByteOrder.LITTLE_ENDIAN);
            question.putInt(GET_FEATURES).putInt(VERSION).putInt(0).flip();
            while (question.hasRemaining()) {
                channel.write(question);
            }
            ByteBuffer answer = ByteBuffer.allocate(HEADER_BYTES + Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
            while (answer.hasRemaining()) {
                if (channel.read(answer) < 0) {
                    throw new IllegalStateException(socket.getFileName() + " does not say what it offers");
                }
            }
            if (answer.getInt(0) != GET_FEATURES || answer.getInt(8) != Long.BYTES) {
                throw new IllegalStateException(socket.getFileName() + " answers something else");
            }
            return new VhostFeatures(answer.getLong(HEADER_BYTES));
        } catch (IOException e) {
            throw new IllegalStateException("asking " + socket.getFileName() + " what it offers: " + e.getMessage(), e);
        }
    }

    boolean packed() {
        return (bits >>> RING_PACKED & 1) != 0;
    }

    /** Those that matter for speed, and all as a number. */
    @Override
    public String toString() {
        return (packed() ? "packed " : "") + ((bits >>> IN_ORDER & 1) != 0 ? "in-order " : "")
                + ((bits >>> MERGEABLE & 1) != 0 ? "mergeable " : "") + "0x" + Long.toHexString(bits);
    }
}
