package eu.mikelangelo.packages.debian.apt;

import eu.mikelangelo.doubles.Mirror;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A configuration whose only source is a test's own archive. */
public final class MirrorConfig {
    private MirrorConfig() { }

    /** The archive with its key, kept in {@code folder}. */
    public static AptConfig of(Mirror mirror, Path folder) throws IOException {
        return AptConfig.of(List.of(new AptSource(mirror.url(), "stable", List.of("main"), List.of(mirror.key(folder)),
                "", List.of(), false, true)));
    }
}
