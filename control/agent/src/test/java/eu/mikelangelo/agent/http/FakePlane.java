package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.IoStats;
import eu.mikelangelo.agent.api.PlaneSocket;
import eu.mikelangelo.agent.service.PlaneService;
import eu.mikelangelo.base.Failure;
import eu.mikelangelo.plane.api.LatencyStats;
import eu.mikelangelo.plane.api.PortStats;
import eu.mikelangelo.plane.api.Response;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** A plane with one port, web, whose capture says what was asked for; the capture of "breaks" breaks off. */
final class FakePlane implements PlaneService {
    @Override
    public Map<String, Object> status() {
        return Map.of("state", "up");
    }

    @Override
    public Map<String, Object> counters(String port) {
        return Map.of();
    }

    @Override
    public Map<String, Object> stats(String port) {
        check(port);
        return IoStats.json(new Response.Stats(1, List.of(), List.of(new PortStats("web", true, 2, true, 1, 0, 1, 2, 3,
                4, 5, 6, new LinkedHashMap<>(), List.of(), LatencyStats.NONE, ""))), 4711);
    }

    @Override
    public void capture(String port, PlaneSocket.Limits limits, OutputStream out, BooleanSupplier stop)
            throws IOException {
        check(port);
        out.write(("pcap of " + port + " " + limits).getBytes(StandardCharsets.UTF_8));
        out.flush();
        if (port.equals("breaks")) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "the plane ended", "");
        }
    }

    private static void check(String port) {
        if (port.equals("nobody")) {
            throw new Failure(Failure.Kind.NOT_FOUND, "the plane serves no port nobody", "");
        }
    }
}
