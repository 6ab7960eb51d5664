package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.Map;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.io.SocketChannelEndPoint;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Fields.Field;

/** One request and its answer, as routes see them. Used by the request's own thread; {@link #clientGone} by any. */
public final class Exchange {
    /** Length of a JSON request body. */
    static final int MAX_BODY_BYTES = 1 << 20;
    private final Request request;
    private final Response response;
    private final org.eclipse.jetty.util.Fields query;

    Exchange(Request request, Response response) {
        this.request = request;
        this.response = response;
        this.query = Request.extractQueryParameters(request);
    }

    String method() {
        return request.getMethod();
    }

    /** The decoded path's segments without the leading "v1". */
    String[] path() {
        String path = Request.getPathInContext(request);
        return path.substring(1).split("/");
    }

    String header(String name) {
        String value = request.getHeaders().get(name);
        return value == null ? "" : value;
    }

    String query(String name) {
        Field field = query.get(name);
        return field == null ? "" : field.getValue();
    }

    boolean flag(String name) {
        String value = query(name);
        return value.equals("true") || value.equals("1");
    }

    /** A number of the query within 0..{@code most}; {@code otherwise} when absent. */
    int number(String name, int otherwise, int most) {
        String value = query(name);
        if (value.isEmpty()) {
            return otherwise;
        }
        if (!value.matches("\\d{1,9}") || Integer.parseInt(value) > most) {
            throw new Failure(Failure.Kind.BAD_INPUT, name + "=" + value + " is not a number up to " + most, "");
        }
        return Integer.parseInt(value);
    }

    /** The JSON body; an empty object when there is none. */
    Fields body() throws IOException {
        byte[] bytes = input().readNBytes(MAX_BODY_BYTES + 1);
        if (bytes.length > MAX_BODY_BYTES) {
            throw new Failure(Failure.Kind.BAD_INPUT, "the request has more than " + MAX_BODY_BYTES + " bytes", "");
        }
        return bytes.length == 0 ? Fields.empty() : Json.object(new String(bytes, StandardCharsets.UTF_8));
    }

    /** The body as a stream without limit, which may pause for as long as it likes. */
    InputStream input() {
        request.getConnectionMetaData().getConnection().getEndPoint().setIdleTimeout(0);
        return Content.Source.asInputStream(request);
    }

    void answer(Object json) throws IOException {
        answer(200, json);
    }

    void answer(int status, Object json) throws IOException {
        response.setStatus(status);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        byte[] bytes = (Json.write(json) + "\n").getBytes(StandardCharsets.UTF_8);
        response.getHeaders().put(HttpHeader.CONTENT_LENGTH, bytes.length);
        Content.Sink.write(response, true, ByteBuffer.wrap(bytes));
    }

    boolean committed() {
        return response.isCommitted();
    }

    /** Begins an answer of bytes; nothing is buffered. */
    OutputStream stream(String contentType) {
        request.getConnectionMetaData().getConnection().getEndPoint().setIdleTimeout(0);
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, contentType);
        return Content.Sink.asOutputStream(response);
    }

    /** Tells the client now that there will be bytes, which may come late. No failure can be told then. */
    void promise() throws IOException {
        if (!response.isCommitted()) {
            Content.Sink.write(response, false, ByteBuffer.allocate(0));
        }
    }

    /** Work that reports progress. */
    interface Work {
        Map<String, Object> run(Progress progress) throws IOException;
    }

    /**
     * Answers with a line of JSON for each report, and {"result"} or {"error"} at the end. A client that goes away
     * stops the work at its next report.
     */
    void events(Work work) throws IOException {
        OutputStream out = stream("application/x-ndjson");
        Progress progress = (step, done, total) -> {
            if (clientGone()) {
                throw new ClientGone();
            }
            Map<String, Object> event = new LinkedHashMap<>();
            event.put("step", step);
            event.put("done", done);
            event.put("total", total);
            line(out, event);
        };
        try {
            line(out, Map.of("result", work.run(progress)));
        } catch (Failure failure) {
            if (!committed()) {
                throw failure;
            }
            line(out, Map.of("error", ApiHandler.error(failure)));
        }
        out.close();
    }

    private static void line(OutputStream out, Map<String, Object> event) {
        try {
            out.write((Json.write(event) + "\n").getBytes(StandardCharsets.UTF_8));
        } catch (IOException e) {
            throw new ClientGone();
        }
    }

    /** The client hung up in the middle of an answer. */
    static final class ClientGone extends RuntimeException {
        private static final long serialVersionUID = 1L;

        ClientGone() {
            super("the client hung up", null, false, false);
        }
    }

    /**
     * Whether the client has closed its end. Jetty notices only when it writes; a follower of a silent log would live
     * for ever. Valid after the body was read: the client sends nothing more (no pipelining here), so a read that
     * does not block finds either nothing or the end.
     */
    boolean clientGone() {
        if (!(request.getConnectionMetaData().getConnection().getEndPoint() instanceof SocketChannelEndPoint end)) {
            return false;
        }
        SocketChannel channel = end.getChannel();
        try {
            return !channel.isOpen() || channel.read(ByteBuffer.allocate(1)) < 0;
        } catch (IOException e) {
            return true;
        }
    }
}
