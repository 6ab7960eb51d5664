package eu.mikelangelo.packages.debian.apt;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
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
        digest = Archive.sha256(content);
    }

    private Path download(Archive archive, String sha256) {
        Path target = folder.resolve("x.deb");
        new Fetcher(AptConfig.of(List.of())).download(URI.create(archive.url() + "/x.deb"), target, content.length,
                sha256,
                more -> { });
        return target;
    }

    @Test
    void anInterruptedDownloadIsResumed() throws IOException {
        try (Archive archive = new Archive()) {
            archive.put("/x.deb", content);
            archive.cutAfter = 80_000;
            Failure failure = assertThrows(Failure.class, () -> download(archive, digest));
            assertEquals(Failure.Kind.UNAVAILABLE, failure.kind());
            assertFalse(Files.exists(folder.resolve("x.deb")));
            long kept = Files.size(folder.resolve("x.deb.part"));
            assertTrue(kept > 80_000, "kept " + kept);
            archive.cutAfter = 0;
            archive.requests().clear();
            assertArrayEquals(content, Files.readAllBytes(download(archive, digest)));
            assertEquals(List.of("/x.deb bytes=" + kept + "-"), archive.requests());
            assertFalse(Files.exists(folder.resolve("x.deb.part")));
        }
    }

    @Test
    void aServerThatCannotResumeStartsOver() throws IOException {
        try (Archive archive = new Archive()) {
            archive.put("/x.deb", content);
            Files.write(folder.resolve("x.deb.part"), new byte[5_000]);
            archive.ignoreRange = true;
            assertArrayEquals(content, Files.readAllBytes(download(archive, digest)));
        }
    }

    @Test
    void aSpoiltPartIsThrownAwayOnce() throws IOException {
        try (Archive archive = new Archive()) {
            archive.put("/x.deb", content);
            Files.write(folder.resolve("x.deb.part"), new byte[5_000]);
            assertArrayEquals(content, Files.readAllBytes(download(archive, digest)));
        }
    }

    @Test
    void otherContentIsRefusedAndNotKept() throws IOException {
        try (Archive archive = new Archive()) {
            archive.put("/x.deb", content);
            Failure failure = assertThrows(Failure.class, () -> download(archive, "0".repeat(64)));
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertFalse(Files.exists(folder.resolve("x.deb")));
            assertFalse(Files.exists(folder.resolve("x.deb.part")));
        }
    }

    @Test
    void moreThanPromisedIsRefused() throws IOException {
        try (Archive archive = new Archive()) {
            archive.put("/x.deb", new byte[content.length + 1]);
            Failure failure = assertThrows(Failure.class, () -> download(archive, digest));
            assertTrue(failure.getMessage().contains("more than the 300000 bytes"), failure.getMessage());
        }
    }

    @Test
    void aMissingFileNamesTheMirror() throws IOException {
        try (Archive archive = new Archive()) {
            Failure failure = assertThrows(Failure.class, () -> download(archive, digest));
            assertTrue(failure.getMessage().contains(archive.url() + "/x.deb does not exist"), failure.getMessage());
        }
    }
}
