package eu.mikelangelo.packages;

import eu.mikelangelo.base.Progress;
import java.util.List;

/**
 * A distribution's archive as composition sees it. Every method throws {@link eu.mikelangelo.base.Failure}: NOT_FOUND
 * for an unknown name (with the nearest names), UNAVAILABLE without network or space, UNTRUSTED when a signature or a
 * checksum does not match. Implementations are safe for use by many threads.
 */
public interface PackageSource {
    /** Whether the archive has a package of this name. */
    boolean exists(String name);

    /**
     * A short text that changes when {@link #importPackage} or {@link #importTree} would give something else for this
     * name: what warm caches are keyed by. Cheap: it downloads nothing but a missing or outdated index.
     */
    String fingerprint(String name);

    /** {@link #fingerprint(String)}, saying when an index is downloaded for it. */
    default String fingerprint(String name, Progress progress) {
        return fingerprint(name);
    }

    /** The package with all it needs, and how it is started. {@code refresh}: looks for newer versions first. */
    Bundle importPackage(String name, boolean refresh, Progress progress);

    /** The files of these packages and of all they need, without a start command. */
    Tree importTree(List<String> names, Progress progress);

    /**
     * The archive file of this package, without what it depends on; of a package that is only a name for another
     * ({@code linux-image-cloud-amd64}) it may be that other's.
     */
    Deb fetch(String packageName, Progress progress);
}
