package eu.mikelangelo.agent.service;

import java.util.Map;

/** What the API needs of the plane. Thread-safe; never waits long. */
public interface PlaneService {
    /** {"state": "up" or "down", "pid", …}. */
    Map<String, Object> status();

    /** Counters of a machine's port: {"rxFrames", "txFrames", "rxBytes", "txBytes", "drops"}; empty when unknown. */
    Map<String, Object> counters(String port);
}
