package eu.mikelangelo.packages;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;

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

    /** SHA-256 of a file's content, in lower-case hex. */
    public static String sha256(Path file) throws IOException {
        MessageDigest digest;
        try {
            digest = MessageDigest.getInstance("SHA-256");
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException("every JDK has SHA-256", e);
        }
        byte[] block = new byte[1 << 16];
        try (InputStream in = Files.newInputStream(file)) {
            for (int n = in.read(block); n >= 0; n = in.read(block)) {
                digest.update(block, 0, n);
            }
        }
        return HexFormat.of().formatHex(digest.digest());
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
