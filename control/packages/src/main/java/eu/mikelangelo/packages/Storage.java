package eu.mikelangelo.packages;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** What a failing disk means to a person. */
public final class Storage {
    private Storage() { }

    /** @param what what could not be done, as in "write the image /x/y" */
    public static Failure failure(String what, IOException e) {
        String text = String.valueOf(e.getMessage());
        if (text.contains("No space left on device") || text.contains("Disk quota exceeded")) {
            return new Failure(Failure.Kind.UNAVAILABLE, "cannot " + what + ": no space left",
                    "Free some space there (`mike images` lists what takes it) or set MIKE_HOME to another disk.", e);
        }
        if (e instanceof AccessDeniedException) {
            return new Failure(Failure.Kind.UNAVAILABLE, "cannot " + what + ": permission denied for " + text,
                    "Check who owns it; the agent must be able to read and write there.", e);
        }
        if (e instanceof NoSuchFileException) {
            return new Failure(Failure.Kind.NOT_FOUND, "cannot " + what + ": " + text + " does not exist", "", e);
        }
        return new Failure(Failure.Kind.UNAVAILABLE, "cannot " + what + ": " + text, "", e);
    }

    /** For leftovers that the next start removes anyway. */
    public static void deleteQuietly(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException ignored) {
            // swept by ImageStore.open
        }
    }
}
