package eu.mikelangelo.plane;

import eu.mikelangelo.linux.LinuxException;
import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.FrameChannel;
import eu.mikelangelo.plane.api.Request;
import eu.mikelangelo.plane.api.Response;
import eu.mikelangelo.plane.api.Wire;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.concurrent.Semaphore;
import jdk.net.ExtendedSocketOptions;

/**
 * The control socket: one thread per connection, a bounded number of them, each peer's user checked (SO_PEERCRED).
 * Without a keeper it only tells (statistics, ports, captures): what its ports are was said on a command line.
 */
final class ControlServer implements AutoCloseable {
    /** Most connections at a time; a further one waits. */
    private static final int MAX_CONNECTIONS = 16;
    private static final long HELLO_MS = 5_000;
    private static final long WRITE_MS = 5_000;
    private static final long RETRY_MS = 200;

    private final Path socket;
    private final Plane plane;
    private final AgentKeeper keeper;
    private final DistinctErrors errors;
    private final Runnable shutdown;
    private final ServerSocketChannel listener;
    private final Semaphore room = new Semaphore(MAX_CONNECTIONS);
    private final String build = System.getProperty("mike.build", "unknown");
    private final String owner;

    /** What a connection has. */
    private static final class Session {
        PortCapture capture;
    }

    /**
     * Listens; a socket file that lies there is stale, for the caller holds the folder's lock or has looked.
     *
     * @param keeper null: only what changes nothing is answered
     */
    ControlServer(Path socket, Plane plane, AgentKeeper keeper, DistinctErrors errors, Runnable shutdown)
            throws IOException {
        this.socket = socket;
        this.plane = plane;
        this.keeper = keeper;
        this.errors = errors;
        this.shutdown = shutdown;
        owner = Files.getOwner(Path.of("/proc/self")).getName();
        Files.deleteIfExists(socket);
        listener = ServerSocketChannel.open(StandardProtocolFamily.UNIX);
        listener.bind(UnixDomainSocketAddress.of(socket));
        Files.setPosixFilePermissions(socket, PosixFilePermissions.fromString("rw-------"));
    }

    void start() {
        Thread.ofPlatform().daemon(true).name("control").start(this::accept);
    }

    private void accept() {
        try {
            while (true) {
                room.acquire();
                try {
                    SocketChannel channel = listener.accept();
                    Thread.ofPlatform().daemon(true).name("control-connection").start(() -> serve(channel));
                } catch (ClosedChannelException ended) {
                    return;
                } catch (IOException failed) {
                    // Out of descriptors, most likely: guests are served all the same, so go on.
                    errors.record("the control socket does not accept", String.valueOf(failed));
                    room.release();
                    Thread.sleep(RETRY_MS);
                }
            }
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        }
    }

    private void serve(SocketChannel channel) {
        Session session = new Session();
        try (channel; FrameChannel frames = admitted(channel)) {
            byte[] body = frames.read(Wire.MAX_REQUEST, HELLO_MS);
            boolean goOn = body != null && greet(Wire.decodeRequest(body), frames);
            while (goOn) {
                body = frames.read(Wire.MAX_REQUEST, FrameChannel.NO_LIMIT);
                goOn = body != null;
                if (goOn) {
                    answer(Wire.decodeRequest(body), frames, session);
                }
            }
        } catch (IOException broken) {
            errors.record("a control connection broke", String.valueOf(broken.getMessage()));
        } catch (InterruptedException ended) {
            Thread.currentThread().interrupt();
        } finally {
            room.release();
            if (session.capture != null) {
                session.capture.close();
            }
            if (keeper != null) {
                keeper.lost(session);
            }
        }
    }

    private FrameChannel admitted(SocketChannel channel) throws IOException {
        String user = channel.getOption(ExtendedSocketOptions.SO_PEERCRED).user().getName();
        if (!user.equals(owner) && !user.equals("root")) {
            throw new IOException("refused a connection from user " + user + ": the plane belongs to " + owner);
        }
        return new FrameChannel(channel);
    }

    private boolean greet(Request request, FrameChannel frames) throws IOException {
        Response response;
        if (!(request instanceof Request.Hello hello)) {
            response = new Response.Refused("a connection begins with Hello", "");
        } else if (hello.version() != Wire.VERSION) {
            response = new Response.Refused("protocol version " + hello.version() + ", this plane (build " + build
                    + ") speaks " + Wire.VERSION, "start agent and plane of the same build");
        } else {
            response = new Response.Welcome(Wire.VERSION, build, ProcessHandle.current().pid());
        }
        frames.write(Wire.encode(response), WRITE_MS);
        return response instanceof Response.Welcome;
    }

    private void answer(Request request, FrameChannel frames, Session session)
            throws IOException, InterruptedException {
        Response response;
        try {
            response = keeper == null && changes(request)
                    ? new Response.Refused("this plane has no agent: its control socket changes nothing", "")
                    : act(request, session);
        } catch (IllegalArgumentException | IllegalStateException | LinuxException refused) {
            response = new Response.Refused(String.valueOf(refused.getMessage()), "");
        }
        frames.write(Wire.encode(response), WRITE_MS);
        if (request instanceof Request.Shutdown && keeper != null) {
            shutdown.run();
        }
    }

    private static boolean changes(Request request) {
        return switch (request) {
            case Request.Register register -> true;
            case Request.Bye bye -> true;
            case Request.AddPort add -> true;
            case Request.RemovePort remove -> true;
            case Request.Shutdown end -> true;
            default -> false;
        };
    }

    private Response act(Request request, Session session) throws InterruptedException {
        return switch (request) {
            case Request.Hello again -> new Response.Refused("Hello was said already", "");
            case Request.Register register -> {
                keeper.register(session, register);
                yield new Response.Done();
            }
            case Request.Bye bye -> {
                keeper.bye(session);
                yield new Response.Done();
            }
            case Request.AddPort add -> {
                plane.add(add.port());
                yield new Response.Done();
            }
            case Request.RemovePort remove -> {
                plane.remove(remove.name());
                yield new Response.Done();
            }
            case Request.ListPorts list -> new Response.Ports(plane.ports());
            case Request.GetStats stats -> plane.stats(stats.name());
            case Request.GetCores cores -> new Response.Cores(plane.cores());
            case Request.StartCapture start -> {
                if (session.capture != null) {
                    yield new Response.Refused("this connection captures a port already", "");
                }
                session.capture = plane.capture(start.name(), start.snap());
                yield new Response.Done();
            }
            case Request.ReadCapture read -> session.capture == null
                    ? new Response.Refused("this connection captures no port", "")
                    : session.capture.read(read.most(), read.waitMs());
            case Request.Shutdown end -> {
                keeper.close();
                yield new Response.Done();
            }
        };
    }

    @Override
    public void close() throws IOException {
        listener.close();
        Files.deleteIfExists(socket);
    }
}
