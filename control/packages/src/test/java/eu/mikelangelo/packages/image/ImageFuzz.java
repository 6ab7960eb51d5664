package eu.mikelangelo.packages.image;

import eu.mikelangelo.base.Failure;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Fuzz target: an image file is verified or refused with a Failure that can be shown. */
public final class ImageFuzz {
    private ImageFuzz() { }

    public static void fuzzerTestOneInput(byte[] bytes) {
        try {
            Path file = Files.createTempFile("image-fuzz", ".img");
            try {
                Files.write(file, bytes);
                ImageFile.open(file).verify();
            } catch (Failure expected) {
                if (expected.getMessage().isBlank() || expected.getCause() instanceof NullPointerException) {
                    throw new AssertionError("not a refusal but a mistake", expected);
                }
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
