package eu.mikelangelo.agent.http;

import eu.mikelangelo.agent.api.Version;
import eu.mikelangelo.agent.service.PlaneService;
import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** {@code /v1}, {@code /v1/plane} and {@code /v1/shutdown}; see docs/api.md. */
public final class AgentRoutes {
    /** Version of the API: the paths begin with it. */
    static final int API = 1;
    private final String version;
    private final String build;
    private final PlaneService plane;
    private final Runnable shutdown;

    /** @param shutdown begins the orderly end and returns at once */
    public AgentRoutes(String version, String build, PlaneService plane, Runnable shutdown) {
        this.version = version;
        this.build = build;
        this.plane = plane;
        this.shutdown = shutdown;
    }

    public void about(Exchange exchange, String[] path) throws IOException {
        expect(exchange, "GET");
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("api", API);
        about.put("version", version);
        about.put("build", build);
        about.put("pid", ProcessHandle.current().pid());
        about.put("plane", plane.status());
        exchange.answer(about);
    }

    public void plane(Exchange exchange, String[] path) throws IOException {
        expect(exchange, "GET");
        exchange.answer(plane.status());
    }

    /** A body {"pid": N} asks that process only: two commands that replace an agent must not end its successor. */
    public void shutdown(Exchange exchange, String[] path) throws IOException {
        expect(exchange, "POST");
        long own = ProcessHandle.current().pid();
        long pid = exchange.body().only(Set.of("pid")).integer("pid", own);
        if (pid != own) {
            throw new Failure(Failure.Kind.CONFLICT, "this agent is process " + own + ", not " + pid, "");
        }
        exchange.answer(Map.of("pid", own));
        shutdown.run();
    }

    private static void expect(Exchange exchange, String method) {
        if (!exchange.method().equals(method)) {
            throw ApiHandler.notFound(exchange.method() + " here");
        }
    }
}
