package eu.mikelangelo.agent;

import eu.mikelangelo.base.Durable;
import java.io.IOException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Executors;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.NetworkConnectionLimit;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.unixdomain.server.UnixDomainServerConnector;
import org.eclipse.jetty.util.thread.QueuedThreadPool;

/** The API's HTTP server: Jetty on a Unix socket of mode 0600 in a folder of mode 0700, a virtual thread a request. */
final class ApiServer implements AutoCloseable {
    /** Connections at once; one command uses at most three. */
    static final int MAX_CONNECTIONS = 256;
    /** A client that does not finish its request's head in this time is dropped. */
    private static final int HEAD_TIMEOUT_MILLIS = 30_000;
    private static final int PLATFORM_THREADS = 6;
    private final Server server;

    ApiServer(Path socket, PeerCheck peers, Handler handler) throws IOException {
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

    @Override
    public void close() {
        try {
            server.stop();
        } catch (Exception e) {
            throw new IllegalStateException("the HTTP server does not stop", e);
        }
    }
}
