package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Failure;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URLEncoder;
import java.net.UnixDomainSocketAddress;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.function.Consumer;

/**
 * A client of the agent's API: HTTP/1.1 on a Unix socket, one connection a request. {@code java.net.http} knows no
 * Unix sockets and costs more start-up time than a whole {@code mike ps} may take. Thread-safe.
 * {@snippet :
 * ApiClient agent = new ApiClient(home.agentSocket(), build);
 * Fields list = agent.get("/v1/machines");
 * agent.stream("POST", "/v1/machines", body, event -> System.err.println(event));
 * }
 */
public final class ApiClient {
    /** A JSON answer is never longer than this; streams have no limit. */
    private static final int MAX_ANSWER_BYTES = 16 << 20;
    private final Path socket;
    private final String build;

    /** @param build this client's build id; an agent of another build refuses with {@link OtherBuild}; "" for any */
    public ApiClient(Path socket, String build) {
        this.socket = socket;
        this.build = build;
    }

    /** The agent that answered is of another build than this client. */
    public static final class OtherBuild extends IOException {
        private static final long serialVersionUID = 1L;

        OtherBuild() {
            super("the agent is of another build");
        }
    }

    public Fields get(String path) throws IOException {
        return call("GET", path, null);
    }

    /** Sends {@code body} as JSON (null: none) and returns the JSON answer. @throws Failure as the agent says */
    public Fields call(String method, String path, Object body) throws IOException {
        try (HttpExchange exchange = open(method, path, body)) {
            return Json.object(text(exchange.body()));
        }
    }

    /**
     * A request that is answered by newline-delimited JSON: each event but the last goes to {@code events}.
     *
     * @return the "result" member of the last event
     * @throws Failure what the "error" of the last event says; UNAVAILABLE when the stream ends without a last event
     */
    public Fields stream(String method, String path, Object body, Consumer<Fields> events) throws IOException {
        try (HttpExchange exchange = open(method, path, body);
             BufferedReader lines = new BufferedReader(
                     new InputStreamReader(exchange.body(), StandardCharsets.UTF_8))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                Fields event = Json.object(line);
                if (event.has("error")) {
                    throw failure(event.object("error"));
                }
                if (event.has("result")) {
                    return event.object("result");
                }
                events.accept(event);
            }
        }
        throw new Failure(Failure.Kind.UNAVAILABLE, "the agent broke off its answer",
                "see run/agent.log and try again");
    }

    /** A request whose answer is bytes; the caller closes it. @throws Failure as the agent says */
    public HttpExchange open(String method, String path, Object body) throws IOException {
        byte[] bytes = body == null ? new byte[0] : Json.write(body).getBytes(StandardCharsets.UTF_8);
        HttpExchange exchange = connect();
        try {
            exchange.send(head(method, path) + (body == null ? "" : "Content-Type: application/json\r\n")
                    + "Content-Length: " + bytes.length + "\r\n\r\n", bytes);
            return answered(exchange);
        } catch (IOException | RuntimeException e) {
            exchange.close();
            throw e;
        }
    }

    /** Begins a request whose body is written piece by piece; see {@link Upload}. */
    public Upload upload(String method, String path) throws IOException {
        HttpExchange exchange = connect();
        exchange.send(head(method, path) + "Transfer-Encoding: chunked\r\n\r\n", new byte[0]);
        return new Upload(exchange);
    }

    /** A request body in progress. One thread writes; {@link #finish} ends it and reads the answer. */
    public final class Upload implements AutoCloseable {
        private final HttpExchange exchange;

        private Upload(HttpExchange exchange) {
            this.exchange = exchange;
        }

        public void write(byte[] from, int length) throws IOException {
            if (length > 0) {
                exchange.send(Integer.toHexString(length) + "\r\n", from, length, "\r\n");
            }
        }

        /** @throws Failure as the agent says */
        public Fields finish() throws IOException {
            exchange.send("0\r\n\r\n", new byte[0]);
            return Json.object(text(answered(exchange).body()));
        }

        @Override
        public void close() throws IOException {
            exchange.close();
        }
    }

    /** Whether somebody accepts connections on the socket. */
    public boolean reachable() {
        try {
            connect().close();
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    private HttpExchange connect() throws IOException {
        SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket));
        return new HttpExchange(channel);
    }

    /** Without "Connection: close", or the body would end with the connection: one that broke off seemed whole. */
    private String head(String method, String path) {
        return method + " " + path + " HTTP/1.1\r\nHost: mike\r\n"
                + (build.isEmpty() ? "" : "Mike-Build: " + build + "\r\n");
    }

    private static HttpExchange answered(HttpExchange exchange) throws IOException {
        exchange.readHead();
        if (exchange.status() == 421) {
            throw new OtherBuild();
        }
        if (exchange.status() >= 300) {
            String text = text(exchange.body());
            throw text.startsWith("{") ? failure(Json.object(text).object("error"))
                    : new Failure(Failure.Kind.UNAVAILABLE, "the agent answered with status " + exchange.status(), "");
        }
        return exchange;
    }

    /** The failure an "error" member describes. */
    static Failure failure(Fields error) {
        Failure.Kind kind = Failure.Kind.UNAVAILABLE;
        for (Failure.Kind known : Failure.Kind.values()) {
            if (known.name().equals(error.string("kind", ""))) {
                kind = known;
            }
        }
        return new Failure(kind, error.string("message", "the agent failed without a word"),
                error.string("hint", ""));
    }

    private static String text(InputStream body) throws IOException {
        byte[] bytes = body.readNBytes(MAX_ANSWER_BYTES + 1);
        if (bytes.length > MAX_ANSWER_BYTES) {
            throw new IOException("an answer of more than " + MAX_ANSWER_BYTES + " bytes");
        }
        return new String(bytes, StandardCharsets.UTF_8);
    }

    /** A path segment or query value, percent-encoded. */
    public static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8).replace("+", "%20");
    }

    /** Writes all of the buffer. */
    static void writeFully(SocketChannel channel, ByteBuffer buffer) throws IOException {
        while (buffer.hasRemaining()) {
            channel.write(buffer);
        }
    }
}
