package eu.mikelangelo.packages.image;

import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;

/** What a user names when something is composed or run. */
public sealed interface Reference {
    /** An image of the store (name, digest, beginning of a digest), else a Debian package. */
    record Name(String name) implements Reference { }

    /** A folder with meta/package.yaml; absolute. */
    record Folder(Path path) implements Reference { }

    /** A file that {@code mike compose -o} wrote; absolute. */
    record File(Path path) implements Reference { }

    /**
     * What the word means where the user stands: with a / in it, or as "." or "..", it is a path; a regular file of
     * that name is an image file; anything else is a name, also when a folder of that name is there (write ./name).
     */
    static Reference parse(String what, Path workingFolder) {
        boolean isPath = what.contains("/") || what.equals(".") || what.equals("..");
        Path path;
        try {
            path = workingFolder.resolve(what).toAbsolutePath().normalize();
        } catch (InvalidPathException e) {
            return new Name(what);
        }
        if (Files.isDirectory(path)) {
            return isPath ? new Folder(path) : new Name(what);
        }
        return isPath || Files.isRegularFile(path) ? new File(path) : new Name(what);
    }

    /** As a message shows it. */
    default String shown() {
        return switch (this) {
            case Name name -> name.name();
            case Folder folder -> folder.path().toString();
            case File file -> file.path().toString();
        };
    }
}
