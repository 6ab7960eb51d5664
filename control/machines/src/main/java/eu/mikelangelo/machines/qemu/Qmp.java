package eu.mikelangelo.machines.qemu;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import tools.jackson.core.JacksonException;
import tools.jackson.core.StreamReadConstraints;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ObjectNode;

/**
 * A client of QEMU's machine protocol (docs/interop/qmp-spec): one JSON object a line, greeting first, answers
 * matched by id, events in between. A reader thread of its own calls the listener, which must not wait for answers.
 * Thread-safe.
 *
 * <p>QEMU is trusted more than a guest and still bounded: a line of more than {@link #MOST_LINE_BYTES} or nested deeper
 * than {@link #MOST_NESTING} ends the connection.
 */
public final class Qmp implements AutoCloseable {
    static final int MOST_LINE_BYTES = 4 * 1024 * 1024;
    static final int MOST_NESTING = 64;
    private static final int MOST_WAITING = 64;

    private static final JsonMapper JSON = JsonMapper.builder(JsonFactory.builder()
            .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(MOST_NESTING).build())
            .build()).build();

    private final SocketChannel channel;
    private final Duration patience;
    private final Consumer<Event> listener;
    private final Map<String, CompletableFuture<JsonNode>> waiting = new ConcurrentHashMap<>();
    private final CompletableFuture<JsonNode> greeting = new CompletableFuture<>();
    private final CompletableFuture<Void> closed = new CompletableFuture<>();
    private final AtomicLong serial = new AtomicLong();

    /** Something QEMU told unasked: "SHUTDOWN", "GUEST_PANICKED", "RESET" … */
    public record Event(String name, JsonNode data) { }

    /** @param status "running", "paused", "prelaunch", "shutdown", "guest-panicked" … */
    public record Status(String status, boolean running) { }

    private Qmp(SocketChannel channel, Duration patience, Consumer<Event> listener) {
        this.channel = channel;
        this.patience = patience;
        this.listener = listener;
    }

    /**
     * Connects and shakes hands.
     *
     * @param patience how long each answer may take, the handshake included
     * @throws IOException nobody listens at the socket, or who does speaks no QMP, or too late
     */
    public static Qmp connect(Path socket, Duration patience, Consumer<Event> listener) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        Qmp qmp = new Qmp(channel, patience, listener);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            Thread.ofVirtual().name("qmp " + socket).start(qmp::readLines);
            qmp.await("greeting", qmp.greeting);
            qmp.execute("qmp_capabilities");
            return qmp;
        } catch (IOException | RuntimeException e) {
            qmp.close();
            throw e;
        }
    }

    public Status queryStatus() throws IOException {
        JsonNode node = execute("query-status");
        return new Status(node.path("status").asString(""), node.path("running").asBoolean(false));
    }

    /** The name given with {@code -name}, or "". */
    public String queryName() throws IOException {
        return execute("query-name").path("name").asString("");
    }

    /** {@code major.minor.micro}. */
    public String queryVersion() throws IOException {
        JsonNode version = execute("query-version").path("qemu");
        return version.path("major").asInt(0) + "." + version.path("minor").asInt(0) + "."
                + version.path("micro").asInt(0);
    }

    /** Lets the processors run. */
    public void cont() throws IOException {
        execute("cont");
    }

    /** Halts the processors. */
    public void stop() throws IOException {
        execute("stop");
    }

    /** Presses the power button; a guest without ACPI daemon ignores it. */
    public void systemPowerdown() throws IOException {
        execute("system_powerdown");
    }

    /** Ends QEMU. The connection closes before or after the answer; both are fine. */
    public void quit() throws IOException {
        try {
            execute("quit");
        } catch (IOException e) {
            if (!closed.isDone()) {
                throw e;
            }
        }
    }

    /** Executes a command without arguments; see {@link #execute(String, Map)}. */
    public JsonNode execute(String command) throws IOException {
        return execute(command, Map.of());
    }

    /**
     * Executes a command and waits for its answer.
     *
     * @return what it returned, an empty object for most
     * @throws Failure UNAVAILABLE when QEMU refused it
     * @throws IOException when the connection ended or the answer is late
     */
    public JsonNode execute(String command, Map<String, Object> arguments) throws IOException {
        String id = "m" + serial.incrementAndGet();
        ObjectNode request = JSON.createObjectNode();
        request.put("execute", command);
        if (!arguments.isEmpty()) {
            request.set("arguments", JSON.valueToTree(arguments));
        }
        request.put("id", id);
        if (waiting.size() >= MOST_WAITING) {
            throw new IOException("more than " + MOST_WAITING + " QMP commands are waiting for an answer");
        }
        CompletableFuture<JsonNode> answer = new CompletableFuture<>();
        waiting.put(id, answer);
        try {
            if (closed.isDone()) {
                throw new IOException("QEMU closed the QMP connection");
            }
            send(JSON.writeValueAsBytes(request));
            return await(command, answer);
        } finally {
            waiting.remove(id);
        }
    }

    /** Done when the connection has ended, by either side. */
    public CompletableFuture<Void> onClose() {
        return closed.copy();
    }

    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            // Nothing more to do with a socket that does not even close.
        }
        end("closed");
    }

    private void send(byte[] line) throws IOException {
        ByteBuffer buffer = ByteBuffer.allocate(line.length + 1).put(line).put((byte) '\n').flip();
        synchronized (channel) {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        }
    }

    private JsonNode await(String what, CompletableFuture<JsonNode> answer) throws IOException {
        try {
            return answer.get(patience.toMillis(), TimeUnit.MILLISECONDS);
        } catch (TimeoutException e) {
            throw new IOException("QEMU did not answer " + what + " within " + patience.toMillis() + " ms");
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted while waiting for QEMU's answer to " + what);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof Failure failure) {
                throw failure;
            }
            throw new IOException("waiting for QEMU's answer to " + what + ": " + e.getCause().getMessage(), e);
        }
    }

    private void readLines() {
        String why = "QEMU closed the QMP connection";
        ByteBuffer buffer = ByteBuffer.allocate(64 * 1024);
        byte[] line = new byte[4096];
        int length = 0;
        try {
            while (channel.read(buffer.clear()) >= 0) {
                buffer.flip();
                while (buffer.hasRemaining()) {
                    byte b = buffer.get();
                    if (b == '\n') {
                        take(new String(line, 0, length, StandardCharsets.UTF_8));
                        length = 0;
                    } else if (length == MOST_LINE_BYTES) {
                        throw new IOException("a QMP line of more than " + MOST_LINE_BYTES + " bytes");
                    } else {
                        if (length == line.length) {
                            line = java.util.Arrays.copyOf(line, Math.min(2 * length, MOST_LINE_BYTES));
                        }
                        line[length++] = b;
                    }
                }
            }
        } catch (IOException | RuntimeException e) {
            why = String.valueOf(e.getMessage());
        }
        end(why);
        close();
    }

    private void take(String text) throws IOException {
        if (text.isBlank()) {
            return;
        }
        JsonNode node;
        try {
            node = JSON.readTree(text);
        } catch (JacksonException e) {
            throw new IOException("QEMU sent a line that is not JSON: " + e.getOriginalMessage(), e);
        }
        if (node.has("QMP")) {
            greeting.complete(node);
        } else if (node.has("event")) {
            listener.accept(new Event(node.path("event").asString(""), node.path("data")));
        } else {
            answer(node);
        }
    }

    private void answer(JsonNode node) {
        CompletableFuture<JsonNode> future = waiting.remove(node.path("id").asString(""));
        if (future == null) {
            return; // late: whoever asked has given up
        }
        if (node.has("error")) {
            String text = node.path("error").path("desc").asString("no description");
            future.completeExceptionally(new Failure(Failure.Kind.UNAVAILABLE, "QEMU refused a command: " + text, ""));
        } else {
            future.complete(node.path("return"));
        }
    }

    private void end(String why) {
        closed.complete(null);
        IOException cause = new IOException(why);
        greeting.completeExceptionally(cause);
        waiting.values().forEach(future -> future.completeExceptionally(cause));
    }
}
