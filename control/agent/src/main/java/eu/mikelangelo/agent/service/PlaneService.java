package eu.mikelangelo.agent.service;

import eu.mikelangelo.agent.api.PlaneSocket;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Map;
import java.util.function.BooleanSupplier;

/** What the API needs of the plane. Thread-safe; waits for nothing long unless it says so. */
public interface PlaneService {
    /** {"state": "up" or "down", "pid", …}. */
    Map<String, Object> status();

    /** Counters of a machine's port: {"rxFrames", "txFrames", "rxBytes", "txBytes", "drops"}; empty when unknown. */
    Map<String, Object> counters(String port);

    /**
     * All that the plane counts ({@link eu.mikelangelo.agent.api.IoStats}), of one port or of all when {@code port} is
     * empty; {"state": "down", …} without a plane.
     *
     * @throws eu.mikelangelo.base.Failure NOT_FOUND when there is no such port
     */
    Map<String, Object> stats(String port);

    /** See {@link PlaneSocket#capture}; waits as long as that takes. */
    void capture(String port, PlaneSocket.Limits limits, OutputStream out, BooleanSupplier stop) throws IOException;
}
