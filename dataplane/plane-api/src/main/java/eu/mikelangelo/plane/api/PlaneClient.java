package eu.mikelangelo.plane.api;

import java.io.EOFException;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The agent's end of the control protocol. Thread-safe; each call blocks until the plane has answered or the time is
 * over. {@link PlaneRefusedException}: the plane says no and the connection lives on; any other {@link IOException}:
 * the connection is broken, {@link #isOpen} says false, make another client.
 *
 * <pre>{@code
 * try (PlaneClient plane = PlaneClient.connect(run.resolve("plane.sock"), "1.0", 2_000)) {
 *     plane.register(List.of("/usr/bin/mike", "agent", "run"), home.toString());
 *     plane.addPort(spec);
 *     plane.stats("web").getFirst().rxFrames();
 *     plane.bye();
 * }
 * }</pre>
 */
public final class PlaneClient implements AutoCloseable {
    private final FrameChannel frames;
    private final long timeoutMs;
    private final ReentrantLock lock = new ReentrantLock();
    private final Response.Welcome welcome;
    private volatile boolean open = true;

    private PlaneClient(FrameChannel frames, long timeoutMs, String build) throws IOException {
        this.frames = frames;
        this.timeoutMs = timeoutMs;
        welcome = ask(new Request.Hello(Wire.VERSION, build), Response.Welcome.class);
    }

    /**
     * Connects and says hello.
     *
     * @param build of the caller, for the plane's log; compare with {@link #welcome}'s to see whether the plane is
     *         older
     * @param timeoutMs for each answer
     * @throws IOException when nobody listens, the plane does not answer, or speaks another version
     */
    public static PlaneClient connect(Path socket, String build, long timeoutMs) throws IOException {
        SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
        try {
            channel.connect(UnixDomainSocketAddress.of(socket));
            return new PlaneClient(new FrameChannel(channel), timeoutMs, build);
        } catch (IOException | RuntimeException failed) {
            channel.close();
            throw failed;
        }
    }

    /** Who answered: version, build, process id. */
    public Response.Welcome welcome() {
        return welcome;
    }

    /** False once a call failed for another reason than refusal, or after {@link #close}. */
    public boolean isOpen() {
        return open;
    }

    /** See {@link Request.Register}. */
    public void register(List<String> command, String home) throws IOException {
        ask(new Request.Register(command, home), Response.Done.class);
    }

    /** See {@link Request.Bye}. */
    public void bye() throws IOException {
        ask(new Request.Bye(), Response.Done.class);
    }

    /** See {@link Request.AddPort}. */
    public void addPort(PortSpec port) throws IOException {
        ask(new Request.AddPort(port), Response.Done.class);
    }

    /** See {@link Request.RemovePort}. */
    public void removePort(String name) throws IOException {
        ask(new Request.RemovePort(name), Response.Done.class);
    }

    /** All ports. */
    public List<PortSpec> ports() throws IOException {
        return ask(new Request.ListPorts(), Response.Ports.class).ports();
    }

    /** Counters of one port (an empty list when there is none of that name), or of all when {@code name} is empty. */
    public List<PortStats> stats(String name) throws IOException {
        return ask(new Request.GetStats(name), Response.Stats.class).ports();
    }

    /** As {@link #stats}, with the cores and the time at which the counters were read. */
    public Response.Stats snapshot(String name) throws IOException {
        return ask(new Request.GetStats(name), Response.Stats.class);
    }

    /** See {@link Request.StartCapture}. */
    public void startCapture(String name, int snap) throws IOException {
        ask(new Request.StartCapture(name, snap), Response.Done.class);
    }

    /** See {@link Request.ReadCapture}; it may take {@code waitMs} longer than other calls. */
    public Response.Captured readCapture(int most, int waitMs) throws IOException {
        return ask(new Request.ReadCapture(most, waitMs), Response.Captured.class);
    }

    /** The I/O cores. */
    public List<CoreStats> cores() throws IOException {
        return ask(new Request.GetCores(), Response.Cores.class).cores();
    }

    /** See {@link Request.Shutdown}. */
    public void shutdown() throws IOException {
        ask(new Request.Shutdown(), Response.Done.class);
    }

    private <T extends Response> T ask(Request request, Class<T> type) throws IOException {
        byte[] frame = Wire.encode(request);
        lock.lock();
        try {
            if (!open) {
                throw new EOFException("the connection to the plane is closed");
            }
            return type.cast(exchange(frame, type));
        } catch (PlaneRefusedException refused) {
            throw refused;
        } catch (IOException | RuntimeException broken) {
            close();
            throw broken;
        } finally {
            lock.unlock();
        }
    }

    private Response exchange(byte[] frame, Class<? extends Response> type) throws IOException {
        frames.write(frame, timeoutMs);
        byte[] body = frames.read(Wire.MAX_RESPONSE, timeoutMs);
        if (body == null) {
            throw new EOFException("the plane closed the connection");
        }
        Response response = Wire.decodeResponse(body);
        if (response instanceof Response.Refused refused) {
            throw new PlaneRefusedException(refused.message(), refused.hint());
        }
        if (!type.isInstance(response)) {
            throw new IOException("the plane answered " + response + " where a " + type.getSimpleName() + " was due");
        }
        return response;
    }

    @Override
    public void close() {
        open = false;
        frames.close();
    }
}
