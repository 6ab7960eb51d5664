package eu.mikelangelo.agent.api;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.plane.api.Pcap;
import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PlaneRefusedException;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.Response;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Path;
import java.util.List;
import java.util.function.BooleanSupplier;

/**
 * What a plane tells at its control socket, be it an agent's or one of {@code mike io serve --control}. Each call makes
 * a connection of its own. Thread-safe.
 */
public final class PlaneSocket {
    /** Bytes kept of each frame when nothing else is said: the longest whole. */
    public static final int WHOLE = Pcap.MAX_SNAP;
    private static final long ANSWER_MILLIS = 5_000;
    private static final int WAIT_MILLIS = 200;
    private static final int MAX_FRAMES = 100_000;

    private final Path socket;
    private final String build;

    /** @param build told to the plane for its log */
    public PlaneSocket(Path socket, String build) {
        this.socket = socket;
        this.build = build;
    }

    /**
     * What to capture.
     *
     * @param snap    bytes kept of each frame, 1 to {@link #WHOLE}
     * @param frames  how many at most; 0 for no limit
     * @param seconds how long at most; 0 for no limit
     */
    public record Limits(int snap, long frames, long seconds) {
        public Limits {
            if (snap < 1 || snap > WHOLE) {
                throw new Failure(Failure.Kind.BAD_INPUT, snap + " bytes of each frame", "1 to " + WHOLE
                        + " are possible");
            }
            if (frames < 0 || seconds < 0) {
                throw new Failure(Failure.Kind.BAD_INPUT, "a capture of " + frames + " frames in " + seconds
                        + " seconds", "0 means no limit");
            }
        }
    }

    /** What a capture had. */
    public record Captured(long frames, long lost) { }

    /**
     * The counters, as {@link IoStats} has them, of one port or of all when {@code port} is empty.
     *
     * @throws Failure NOT_FOUND when there is no such port; UNAVAILABLE when no plane answers
     */
    public Fields stats(String port) {
        try (PlaneClient plane = connect()) {
            Response.Stats stats = plane.snapshot(port);
            if (!port.isEmpty() && stats.ports().isEmpty()) {
                throw unknown(port, plane.stats(""));
            }
            return new Fields(IoStats.json(stats, plane.welcome().pid()));
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /**
     * Mirrors a port's frames into {@code out}, as pcap, until a limit is reached, the port is gone or {@code stop}.
     *
     * @param stop asked a few times a second
     * @throws Failure     NOT_FOUND when there is no such port, CONFLICT when it cannot be captured now; nothing was
     *                     written then. UNAVAILABLE when the plane ended
     * @throws IOException when {@code out} fails
     */
    public Captured capture(String port, Limits limits, OutputStream out, BooleanSupplier stop) throws IOException {
        try (PlaneClient plane = connect()) {
            begin(plane, port, limits);
            out.write(Pcap.header(limits.snap()));
            out.flush();
            long deadline = System.nanoTime() + limits.seconds() * 1_000_000_000L;
            long frames = 0;
            while (true) {
                int most = limits.frames() == 0 ? MAX_FRAMES : (int) Math.min(MAX_FRAMES, limits.frames() - frames);
                Response.Captured news = read(plane, most);
                out.write(news.records());
                out.flush();
                frames += news.frames();
                boolean over = news.ended() || limits.frames() > 0 && frames >= limits.frames()
                        || limits.seconds() > 0 && System.nanoTime() - deadline >= 0;
                if (over || stop.getAsBoolean()) {
                    return new Captured(frames, news.lost());
                }
            }
        }
    }

    private static void begin(PlaneClient plane, String port, Limits limits) {
        try {
            List<PortStats> ports = plane.stats("");
            if (ports.stream().noneMatch(each -> each.name().equals(port))) {
                throw unknown(port, ports);
            }
            plane.startCapture(port, limits.snap());
        } catch (PlaneRefusedException e) {
            throw new Failure(Failure.Kind.CONFLICT, String.valueOf(e.getMessage()), "", e);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    /** The plane's failures and those of where its frames go must not be taken for each other. */
    private static Response.Captured read(PlaneClient plane, int most) {
        try {
            return plane.readCapture(most, WAIT_MILLIS);
        } catch (IOException e) {
            throw broken(e);
        }
    }

    private PlaneClient connect() {
        try {
            return PlaneClient.connect(socket, build, ANSWER_MILLIS);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "no plane answers at " + socket + ": " + e.getMessage(),
                    "does it run? mike agent status, or mike io serve … --control " + socket, e);
        }
    }

    private static Failure unknown(String port, List<PortStats> ports) {
        List<String> names = ports.stream().map(PortStats::name).limit(5).toList();
        return new Failure(Failure.Kind.NOT_FOUND, "the plane serves no port " + port, names.isEmpty()
                ? "it serves none; a machine has one while it runs" : "it serves " + String.join(", ", names)
                + (ports.size() > names.size() ? ", …" : "") + "; a machine has one while it runs");
    }

    private static Failure broken(IOException e) {
        return new Failure(Failure.Kind.UNAVAILABLE, "the plane ended or does not answer: " + e.getMessage(),
                "try again", e);
    }
}
