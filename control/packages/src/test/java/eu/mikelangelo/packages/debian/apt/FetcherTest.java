package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.doubles.Mirror;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FetcherTest {
    @TempDir
    Path folder;
    private final byte[] content = new byte[300_000];
    private String digest;

    @BeforeEach
    void fill() {
        new Random(7).nextBytes(content);
        digest = Mirror.sha256(content);
    }

    private Path download(Mirror mirror, String sha256) {
        Path target = folder.resolve("x.deb");
        new Fetcher(AptConfig.of(List.of())).download(URI.create(mirror.url() + "/x.deb"), target, content.length,
                sha256,
                more -> { });
        return target;
    }

    @Test
    void anInterruptedDownloadIsResumed() throws IOException {
        try (Mirror mirror = new Mirror()) {
            mirror.put("/x.deb", content);
            mirror.cut("/x.deb", 80_000);
            Failure failure = assertThrows(Failure.class, () -> download(mirror, digest));
            assertEquals(Failure.Kind.UNAVAILABLE, failure.kind());
            assertFalse(Files.exists(folder.resolve("x.deb")));
            long kept = Files.size(folder.resolve("x.deb.part"));
            assertTrue(kept > 80_000, "kept " + kept);
            mirror.heal();
            int asked = mirror.requests().size();
            assertArrayEquals(content, Files.readAllBytes(download(mirror, digest)));
            assertEquals(List.of("/x.deb bytes=" + kept + "-"), mirror.requestsAfter(asked));
            assertFalse(Files.exists(folder.resolve("x.deb.part")));
        }
    }

    @Test
    void aServerThatCannotResumeStartsOver() throws IOException {
        try (Mirror mirror = new Mirror()) {
            mirror.put("/x.deb", content);
            Files.write(folder.resolve("x.deb.part"), new byte[5_000]);
            mirror.fail(Mirror.Fault.IGNORE_RANGE, "/x.deb");
            assertArrayEquals(content, Files.readAllBytes(download(mirror, digest)));
        }
    }

    @Test
    void aSpoiltPartIsThrownAwayOnce() throws IOException {
        try (Mirror mirror = new Mirror()) {
            mirror.put("/x.deb", content);
            Files.write(folder.resolve("x.deb.part"), new byte[5_000]);
            assertArrayEquals(content, Files.readAllBytes(download(mirror, digest)));
        }
    }

    @Test
    void otherContentIsRefusedAndNotKept() throws IOException {
        try (Mirror mirror = new Mirror()) {
            mirror.put("/x.deb", content);
            Failure failure = assertThrows(Failure.class, () -> download(mirror, "0".repeat(64)));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertFalse(Files.exists(folder.resolve("x.deb")));
            assertFalse(Files.exists(folder.resolve("x.deb.part")));
        }
    }

    @Test
    void moreThanPromisedIsRefused() throws IOException {
        try (Mirror mirror = new Mirror()) {
            mirror.put("/x.deb", new byte[content.length + 1]);
            Failure failure = assertThrows(Failure.class, () -> download(mirror, digest));
            assertTrue(failure.getMessage().contains("more than the 300000 bytes"), failure.getMessage());
        }
    }

    @Test
    void aMissingFileNamesTheMirror() throws IOException {
        try (Mirror mirror = new Mirror()) {
            Failure failure = assertThrows(Failure.class, () -> download(mirror, digest));
            assertTrue(failure.getMessage().contains(mirror.url() + "/x.deb does not exist"), failure.getMessage());
        }
    }
}
