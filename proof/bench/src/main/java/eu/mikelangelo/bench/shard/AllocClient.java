package eu.mikelangelo.bench.shard;

import java.io.EOFException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.StandardSocketOptions;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.Locale;

/**
 * Asks on many connections in turn and checks the length and the end of what comes back. For the cache: 1 to 32
 * operations at a time, one in ten of them a set. For the direct server: 64 bytes at a time.
 */
final class AllocClient implements AutoCloseable {
    static final int DIRECT_BYTES = 64;
    private static final int KEYS = 320;
    private static final int BATCH_MAX = 32;
    private static final int VALUE_BYTES = 64;
    private final SocketChannel[] channels;
    /** By the number of operations: what to ask, and how long the answer is. */
    private final ByteBuffer[] questions = new ByteBuffer[BATCH_MAX + 1];
    private final int[] answerBytes = new int[BATCH_MAX + 1];
    private final ByteBuffer answer = ByteBuffer.allocateDirect(BATCH_MAX * 256);
    private final boolean cache;

    AllocClient(int port, int connections, boolean cache) throws IOException {
        this.cache = cache;
        channels = new SocketChannel[connections];
        for (int i = 0; i < connections; i++) {
            channels[i] = SocketChannel.open(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            channels[i].setOption(StandardSocketOptions.TCP_NODELAY, true);
        }
        for (int batch = 1; batch <= BATCH_MAX; batch++) {
            compose(batch);
        }
        if (cache) {
            for (int key = 0; key < KEYS; key++) {
                String set = set(key);
                channels[0].write(ByteBuffer.wrap(set.getBytes(StandardCharsets.US_ASCII)));
                read(channels[0], "STORED\r\n".length());
            }
        }
    }

    private static String key(int key) {
        return String.format(Locale.ROOT, "key-%09d", key);
    }

    private static String set(int key) {
        return "set " + key(key) + " 0 0 " + VALUE_BYTES + "\r\n" + "v".repeat(VALUE_BYTES) + "\r\n";
    }

    private void compose(int batch) {
        StringBuilder text = new StringBuilder();
        int bytes = 0;
        for (int i = 0; cache && i < batch; i++) {
            int key = batch * i % KEYS;
            if ((batch + i) % 10 == 0) {
                text.append(set(key));
                bytes += "STORED\r\n".length();
            } else {
                text.append("get ").append(key(key)).append("\r\n");
                bytes += ("VALUE " + key(key) + " 0 " + VALUE_BYTES + "\r\n").length() + VALUE_BYTES
                        + "\r\nEND\r\n".length();
            }
        }
        if (!cache) {
            text.append("q".repeat(DIRECT_BYTES - 2)).append("\r\n");
            bytes = DIRECT_BYTES;
        }
        byte[] question = text.toString().getBytes(StandardCharsets.US_ASCII);
        questions[batch] = ByteBuffer.allocateDirect(question.length).put(question).flip();
        answerBytes[batch] = bytes;
    }

    /** At least so many. @return how many it were */
    long run(long operations) throws IOException {
        long done = 0;
        for (int round = 0; done < operations; round++) {
            int batch = cache ? 1 + round % BATCH_MAX : 1;
            for (SocketChannel channel : channels) {
                ByteBuffer question = questions[batch].rewind();
                while (question.hasRemaining()) {
                    channel.write(question);
                }
            }
            for (SocketChannel channel : channels) {
                read(channel, answerBytes[batch]);
            }
            done += (long) batch * channels.length;
        }
        return done;
    }

    private void read(SocketChannel channel, int bytes) throws IOException {
        answer.clear().limit(bytes);
        while (answer.hasRemaining()) {
            if (channel.read(answer) < 0) {
                throw new EOFException("the server closed a connection");
            }
        }
        if (answer.get(bytes - 2) != '\r' || answer.get(bytes - 1) != '\n') {
            throw new IOException("an answer of another length");
        }
    }

    @Override
    public void close() throws IOException {
        for (SocketChannel channel : channels) {
            channel.close();
        }
    }
}
