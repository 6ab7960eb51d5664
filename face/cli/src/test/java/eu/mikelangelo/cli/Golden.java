package eu.mikelangelo.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Expected output in src/test/resources/golden; {@code -Dgolden.update=true} writes it anew: read the diff. */
final class Golden {
    private Golden() { }

    static void check(String name, String actual) throws IOException {
        if (Boolean.getBoolean("golden.update")) {
            Path file = Path.of("src/test/resources/golden", name + ".txt");
            Files.createDirectories(file.getParent());
            Files.writeString(file, actual);
            return;
        }
        try (InputStream in = Golden.class.getResourceAsStream("/golden/" + name + ".txt")) {
            assertNotNull(in, "no golden file " + name + "; run with -Dtest.jvm=-Dgolden.update=true and read it");
            assertEquals(new String(in.readAllBytes(), StandardCharsets.UTF_8), actual, name);
        }
    }
}
