package eu.mikelangelo.agent.http;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.file.FileSystemException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.Semaphore;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.eclipse.jetty.io.EofException;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.util.Callback;

/** Takes a request to its route and turns what is thrown into an answer that says what to do. */
public final class ApiHandler extends Handler.Abstract {
    /** A client of another build gets this before anything is done ("Misdirected Request"). */
    static final int OTHER_BUILD = 421;
    /** Requests at work at once; more get 503 at once. */
    static final int MAX_REQUESTS = 200;
    private static final Logger LOG = Logger.getLogger(ApiHandler.class.getName());
    private final Semaphore room = new Semaphore(MAX_REQUESTS);
    private final String build;
    private final Map<String, Route> routes;

    /** What answers everything below one first segment: "machines", "images", … */
    public interface Route {
        /** @param path the segments behind "v1"; the first is the route's own */
        void answer(Exchange exchange, String[] path) throws IOException;
    }

    public ApiHandler(String build, Map<String, Route> routes) {
        this.build = build;
        this.routes = Map.copyOf(routes);
    }

    @Override
    public boolean handle(Request request, Response response, Callback callback) {
        Exchange exchange = new Exchange(request, response);
        boolean admitted = room.tryAcquire();
        try {
            if (!admitted) {
                throw new Failure(Failure.Kind.UNAVAILABLE, "the agent has " + MAX_REQUESTS + " requests at work",
                        "try again in a moment");
            }
            route(exchange);
            callback.succeeded();
        } catch (Failure failure) {
            fail(exchange, callback, status(failure.kind()), error(failure));
        } catch (Exchange.ClientGone | EofException e) {
            callback.failed(e);
        } catch (IOException | RuntimeException | Error e) {
            unexpected(exchange, callback, e);
        } finally {
            if (admitted) {
                room.release();
            }
        }
        return true;
    }

    private void route(Exchange exchange) throws IOException {
        String[] path = exchange.path();
        if (path.length == 1 && path[0].equals("metrics")) {
            // Where Prometheus looks when nobody tells it otherwise.
            path = new String[] {"v1", "metrics"};
        }
        if (!path[0].equals("v1")) {
            throw notFound(String.join("/", path));
        }
        String first = path.length == 1 ? "" : path[1];
        String theirs = exchange.header("Mike-Build");
        // Whoever wants to replace this agent must be able to ask who it is and to end it.
        if (!theirs.isEmpty() && !theirs.equals(build) && !first.isEmpty() && !first.equals("shutdown")) {
            exchange.answer(OTHER_BUILD, Map.of("error", error(new Failure(Failure.Kind.CONFLICT,
                    "this agent is of build " + build + ", you are of " + theirs, "restart it: mike agent stop"))));
            return;
        }
        Route route = routes.get(first);
        if (route == null) {
            throw notFound(String.join("/", path));
        }
        String[] rest = new String[Math.max(0, path.length - 1)];
        System.arraycopy(path, path.length - rest.length, rest, 0, rest.length);
        route.answer(exchange, rest);
    }

    static Failure notFound(String what) {
        return new Failure(Failure.Kind.NOT_FOUND, "the API has no " + what, "docs/api.md lists what it has");
    }

    private void unexpected(Exchange exchange, Callback callback, Throwable e) {
        Failure known = known(e);
        if (known != null) {
            fail(exchange, callback, status(known.kind()), error(known));
            return;
        }
        String id = UUID.randomUUID().toString().substring(0, 8);
        LOG.log(Level.SEVERE, "error " + id + " in " + exchange.method() + " " + String.join("/", exchange.path()), e);
        fail(exchange, callback, 500, error(new Failure(Failure.Kind.UNAVAILABLE,
                "the agent met an error of its own (" + id + "): " + e, "its trace is in run/agent.log")));
    }

    /** What the operating system says about space, in words; null when it is a bug. */
    static Failure known(Throwable thrown) {
        for (Throwable e = thrown; e != null; e = e.getCause()) {
            if (e instanceof Failure failure) {
                return failure;
            }
            String text = String.valueOf(e.getMessage());
            if (e instanceof IOException && (text.contains("No space left on device")
                    || text.contains("Disk quota exceeded"))) {
                String where = e instanceof FileSystemException file && file.getFile() != null ? file.getFile()
                        : "disk";
                return new Failure(Failure.Kind.UNAVAILABLE, "no space left: " + where,
                        "free some space (mike rm, mike image rm), or set MIKE_HOME to a larger file system", e);
            }
        }
        return null;
    }

    private static void fail(Exchange exchange, Callback callback, int status, Map<String, Object> error) {
        if (exchange.committed()) {
            callback.failed(new IOException(String.valueOf(error.get("message"))));
            return;
        }
        try {
            exchange.answer(status, Map.of("error", error));
            callback.succeeded();
        } catch (IOException | RuntimeException e) {
            callback.failed(e);
        }
    }

    static Map<String, Object> error(Failure failure) {
        Map<String, Object> error = new LinkedHashMap<>();
        error.put("kind", failure.kind().name());
        error.put("message", failure.getMessage());
        error.put("hint", failure.hint());
        return error;
    }

    private static int status(Failure.Kind kind) {
        return switch (kind) {
            case BAD_INPUT -> 400;
            case NOT_FOUND -> 404;
            case CONFLICT -> 409;
            case UNTRUSTED -> 422;
            case GUEST -> 502;
            case UNAVAILABLE -> 503;
            case TIMEOUT -> 504;
        };
    }
}
