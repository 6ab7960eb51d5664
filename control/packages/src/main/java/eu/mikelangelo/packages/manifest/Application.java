package eu.mikelangelo.packages.manifest;

import eu.mikelangelo.base.Failure;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * A package of one's own, as its author keeps it: a folder with {@code meta/package.yaml}.
 *
 * @param root absolute
 * @param run  null when there is no {@code meta/run.yaml}: the package then only gives files to others
 */
public record Application(Path root, PackageManifest manifest, RunManifest run) {

    /** Reads both manifests. Throws Failure with file, line and column of a mistake. */
    public static Application read(Path root) {
        Path absolute = root.toAbsolutePath().normalize();
        if (!Files.isDirectory(absolute)) {
            throw new Failure(Failure.Kind.NOT_FOUND, root + " is not a folder",
                    "Name a folder with " + PackageManifest.PATH + ".");
        }
        if (!isOne(absolute)) {
            throw new Failure(Failure.Kind.NOT_FOUND, root + " holds no " + PackageManifest.PATH,
                    "Write one with name, title and author; see examples/hello.");
        }
        RunManifest run = Files.exists(absolute.resolve(RunManifest.PATH)) ? RunManifest.read(absolute) : null;
        return new Application(absolute, PackageManifest.read(absolute), run);
    }

    /** Whether the folder looks like a package. */
    public static boolean isOne(Path root) {
        return Files.isRegularFile(root.resolve(PackageManifest.PATH));
    }

    public String name() {
        return manifest.name();
    }
}
