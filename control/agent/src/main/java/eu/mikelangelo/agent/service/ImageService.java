package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.packages.Start;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What the API and the orchestrator need of images. Maps are JSON objects as docs/api.md shows them. Thread-safe. */
public interface ImageService {
    /**
     * An image on this host, ready to boot.
     *
     * @param name          the default name of a machine made of it
     * @param start         how its application starts, for requests that bring environment or arguments
     * @param residentBytes guest memory it takes before its application does anything
     */
    record Prepared(String name, MachineSpec.Image image, MachineSpec.Kernel kernel, Start start,
                    long residentBytes) { }

    /**
     * Finds the image the source names, or composes it, and sees to its kernel.
     *
     * @throws eu.mikelangelo.base.Failure NOT_FOUND nothing of that name; UNAVAILABLE no space, no network; UNTRUSTED
     */
    Prepared prepare(String source, boolean refresh, Progress progress);

    /** Composes; {@code output}: also written there as one file; {@code name}: also kept under it. */
    Map<String, Object> compose(String source, Optional<String> name, Optional<Path> output, boolean refresh,
                                Progress progress);

    List<Map<String, Object>> list();

    Map<String, Object> inspect(String reference);

    void remove(String reference);
}
