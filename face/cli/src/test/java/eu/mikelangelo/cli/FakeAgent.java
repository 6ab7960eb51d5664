package eu.mikelangelo.cli;

import eu.mikelangelo.agent.api.AgentStarter;
import eu.mikelangelo.agent.api.ApiClient;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Canned answers on a real Unix socket; remembers what was asked. */
final class FakeAgent implements Context.Agent, AutoCloseable {
    /** "METHOD path" to the answer. */
    final Map<String, Answer> answers = new ConcurrentHashMap<>();
    /** "METHOD path" to what happens before its answer. */
    final Map<String, java.util.concurrent.Callable<Void>> before = new ConcurrentHashMap<>();
    /** "METHOD path" to what happens in the middle of its answer. */
    final Map<String, java.util.concurrent.Callable<Void>> amid = new ConcurrentHashMap<>();
    /** "METHOD path body". */
    final List<String> asked = new CopyOnWriteArrayList<>();
    /** Accepts, and hangs up without a word: an agent that ends just now. */
    volatile boolean breaksOff;
    private final ServerSocketChannel server;
    private final ApiClient client;

    record Answer(int status, byte[] body) {
        static Answer of(String text) {
            return new Answer(200, text.getBytes(StandardCharsets.UTF_8));
        }
    }

    FakeAgent(Path socket) throws IOException {
        server = ServerSocketChannel.open(StandardProtocolFamily.UNIX).bind(UnixDomainSocketAddress.of(socket));
        client = new ApiClient(socket, "");
        Thread.ofPlatform().daemon().start(() -> {
            try {
                while (true) {
                    SocketChannel channel = server.accept();
                    Thread.ofVirtual().start(() -> serve(channel));
                }
            } catch (IOException e) {
                return;
            }
        });
    }

    @Override
    public <T> T with(AgentStarter.Call<T> call) throws IOException {
        return call.on(client);
    }

    @Override
    public ApiClient present() {
        return client;
    }

    private void serve(SocketChannel channel) {
        try (channel) {
            if (breaksOff) {
                return;
            }
            String request = read(channel);
            if (request.isEmpty()) {
                return;
            }
            String what = request.substring(0, request.indexOf(" HTTP/1.1"));
            asked.add((what + " " + request.substring(request.indexOf("\r\n\r\n") + 4)).strip());
            if (before.containsKey(what)) {
                before.get(what).call();
            }
            Answer answer = answers.getOrDefault(what, new Answer(404, ("{\"error\":{\"kind\":\"NOT_FOUND\","
                    + "\"message\":\"nothing canned for " + what + "\",\"hint\":\"\"}}")
                    .getBytes(StandardCharsets.UTF_8)));
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            bytes.writeBytes(("HTTP/1.1 " + answer.status() + " X\r\nTransfer-Encoding: chunked\r\n\r\n")
                    .getBytes(StandardCharsets.ISO_8859_1));
            // Two chunks, so that a client that expects one read to give all is found out.
            int half = answer.body().length / 2;
            chunk(bytes, answer.body(), 0, half);
            if (amid.containsKey(what)) {
                channel.write(ByteBuffer.wrap(bytes.toByteArray()));
                bytes.reset();
                amid.get(what).call();
            }
            chunk(bytes, answer.body(), half, answer.body().length - half);
            bytes.writeBytes("0\r\n\r\n".getBytes(StandardCharsets.ISO_8859_1));
            channel.write(ByteBuffer.wrap(bytes.toByteArray()));
        } catch (Exception e) {
            return;
        }
    }

    private static void chunk(ByteArrayOutputStream to, byte[] from, int offset, int length) {
        if (length > 0) {
            to.writeBytes((Integer.toHexString(length) + "\r\n").getBytes(StandardCharsets.ISO_8859_1));
            to.write(from, offset, length);
            to.writeBytes("\r\n".getBytes(StandardCharsets.ISO_8859_1));
        }
    }

    /** The head, and the body by its length or to its last chunk (left as it came). */
    private static String read(SocketChannel channel) throws IOException {
        StringBuilder text = new StringBuilder();
        ByteBuffer block = ByteBuffer.allocate(64 << 10);
        while (!whole(text)) {
            block.clear();
            if (channel.read(block) < 0) {
                break;
            }
            text.append(new String(block.array(), 0, block.position(), StandardCharsets.ISO_8859_1));
        }
        return text.toString();
    }

    private static boolean whole(StringBuilder text) {
        int end = text.indexOf("\r\n\r\n");
        if (end < 0) {
            return false;
        }
        int length = text.indexOf("Content-Length: ");
        if (length < 0) {
            return text.indexOf("\r\n0\r\n\r\n") > 0 || text.indexOf("chunked") < 0;
        }
        String number = text.substring(length + 16, text.indexOf("\r\n", length));
        return text.length() - end - 4 >= Integer.parseInt(number);
    }

    @Override
    public void close() throws IOException {
        server.close();
    }
}
