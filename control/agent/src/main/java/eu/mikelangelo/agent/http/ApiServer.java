package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Json;
import eu.mikelangelo.base.Durable;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.concurrent.Executors;
import org.eclipse.jetty.http.HttpHeader;
import org.eclipse.jetty.io.Content;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.handler.ErrorHandler;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The API's HTTP server: Jetty on a Unix socket of mode 0600 in a folder of mode 0700, a virtual thread a request. */
public final class ApiServer implements AutoCloseable {
    /** Connections at once; one command uses at most three. */
    static final int MAX_CONNECTIONS = 256;
    /** A client that does not finish its request's head in this time is dropped. */
    private static final int HEAD_TIMEOUT_MILLIS = 30_000;
    private static final int PLATFORM_THREADS = 6;
    private final Server server;

    public ApiServer(Path socket, PeerCheck peers, Handler handler) throws IOException {
        QueuedThreadPool threads = new QueuedThreadPool(PLATFORM_THREADS, 2);
        threads.setVirtualThreadsExecutor(Executors.newVirtualThreadPerTaskExecutor());
        threads.setReservedThreads(0);
        threads.setName("api");
        server = new Server(threads);
        HttpConfiguration http = new HttpConfiguration();
        http.setSendServerVersion(false);
        http.setSendDateHeader(false);
        UnixDomainServerConnector connector = new UnixDomainServerConnector(server, 1, 1,
                new HttpConnectionFactory(http)) {
            @Override
            protected void configure(SocketChannel channel) throws IOException {
                peers.check(channel);
                super.configure(channel);
            }
        };
        connector.setIdleTimeout(HEAD_TIMEOUT_MILLIS);
        connector.setUnixDomainPath(socket);
        server.addConnector(connector);
        server.addBean(new NetworkConnectionLimit(MAX_CONNECTIONS, server));
        server.setHandler(handler);
        server.setErrorHandler(ApiServer::refuse);
        server.setStopTimeout(0);
        start(socket);
    }

    private void start(Path socket) throws IOException {
        Durable.privateFolder(socket.getParent());
        // The lock is ours, so a socket file that stands here is a dead agent's.
        Files.deleteIfExists(socket);
        try {
            server.start();
        } catch (IOException e) {
            throw e;
        } catch (Exception e) {
            throw new IOException("cannot listen on " + socket + ": " + e.getMessage(), e);
        }
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    }

    /** What Jetty refuses by itself (a path with %2F, a head that is too long), in our words and form. */
    private static boolean refuse(Request request, Response response, Callback callback) {
        Object reason = request.getAttribute(ErrorHandler.ERROR_MESSAGE);
        String json = Json.write(Map.of("error", ApiHandler.error(new Failure(Failure.Kind.BAD_INPUT,
                "not a request this API understands: " + (reason == null ? response.getStatus() : reason), ""))));
        response.getHeaders().put(HttpHeader.CONTENT_TYPE, "application/json");
        Content.Sink.write(response, true, json, callback);
        return true;
    }

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the HTTP server does not stop", e);
        }
    }
}
