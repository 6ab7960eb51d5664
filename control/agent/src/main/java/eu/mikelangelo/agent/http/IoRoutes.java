package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Fields;
import eu.mikelangelo.agent.api.IoMetrics;
import eu.mikelangelo.agent.api.IoStats;
import eu.mikelangelo.agent.api.PlaneSocket;
import eu.mikelangelo.agent.service.PlaneService;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Map;

/** {@code /v1/io…} and {@code /v1/metrics}: what the plane counts and mirrors; see docs/api.md. */
public final class IoRoutes implements ApiHandler.Route {
    private static final int MAX_FRAMES = 1_000_000_000;
    private static final int MAX_SECONDS = 86_400;
    private final PlaneService plane;

    public IoRoutes(PlaneService plane) {
        this.plane = plane;
    }

    @Override
    public void answer(Exchange exchange, String[] path) throws IOException {
        String what = String.join("/", path);
        if (!exchange.method().equals("GET")) {
            throw ApiHandler.notFound(exchange.method() + " /v1/" + what);
        }
        if (what.equals("io/stats")) {
            exchange.answer(plane.stats(exchange.query("port")));
        } else if (path.length == 4 && path[1].equals("ports") && path[3].equals("capture")) {
            capture(exchange, path[2]);
        } else {
            throw ApiHandler.notFound("GET /v1/" + what);
        }
    }

    private void capture(Exchange exchange, String port) throws IOException {
        PlaneSocket.Limits limits = new PlaneSocket.Limits(exchange.number("snap", PlaneSocket.WHOLE,
                PlaneSocket.WHOLE), exchange.number("frames", 0, MAX_FRAMES), exchange.number("seconds", 0,
                MAX_SECONDS));
        // Not closed when it fails: what breaks off must not pass for a whole.
        OutputStream out = exchange.stream("application/vnd.tcpdump.pcap");
        plane.capture(port, limits, out, exchange::clientGone);
        out.close();
    }

    /** For Prometheus, or whoever carries it there. */
    public void metrics(Exchange exchange, String[] path) throws IOException {
        if (!exchange.method().equals("GET") || path.length > 1) {
            throw ApiHandler.notFound(exchange.method() + " /v1/" + String.join("/", path));
        }
        Map<String, Object> stats;
        try {
            stats = plane.stats("");
        } catch (Failure e) {
            // A plane that has just ended is a value (mike_plane_up 0), not a failed scrape.
            stats = IoStats.down();
        }
        byte[] text = IoMetrics.text(new Fields(stats)).getBytes(StandardCharsets.UTF_8);
        try (OutputStream out = exchange.stream(IoMetrics.CONTENT_TYPE)) {
            out.write(text);
        }
    }
}
