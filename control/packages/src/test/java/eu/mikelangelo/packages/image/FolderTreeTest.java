package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.manifest.IgnoreRules;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class FolderTreeTest {
    @TempDir
    Path folder;

    private Tree read(Path root) {
        return FolderTree.read(root, IgnoreRules.read(root), new BlobStore(folder.resolve("blobs")));
    }

    @Test
    void contentIsStoredOnce() throws IOException {
        Path root = Files.createDirectories(folder.resolve("root/sub"));
        Files.writeString(root.resolve("a"), "same");
        Files.writeString(root.resolve("b"), "same");
        Files.createSymbolicLink(root.resolve("l"), Path.of("a"));
        Tree tree = read(root.getParent());
        assertEquals("[/sub, /sub/a, /sub/b, /sub/l]", tree.nodes().keySet().toString());
        Tree.File a = (Tree.File) tree.get("/sub/a");
        assertEquals(a, tree.get("/sub/b"));
        assertEquals("same", Files.readString(new BlobStore(folder.resolve("blobs")).path(a.sha256())));
    }

    @Test
    void aFileThatIsWrittenToIsNoticed() throws Exception {
        Path root = Files.createDirectories(folder.resolve("root"));
        Path file = root.resolve("log");
        Files.write(file, new byte[16 << 20]);
        AtomicBoolean stop = new AtomicBoolean();
        Thread writer = Thread.ofPlatform().start(() -> append(file, stop));
        try {
            Failure failure = assertThrows(Failure.class, () -> {
                for (int i = 0; i < 50; i++) {
                    read(root);
                }
            });
            assertEquals(Failure.Kind.CONFLICT, failure.kind());
            assertEquals(file + " changed while it was read", failure.getMessage());
        } finally {
            stop.set(true);
            writer.join();
        }
    }

    private static void append(Path file, AtomicBoolean stop) {
        try (RandomAccessFile out = new RandomAccessFile(file.toFile(), "rw")) {
            for (int i = 0; !stop.get(); i++) {
                out.seek(i % 1000);
                out.write(i);
                Thread.sleep(1);
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void depthIsBounded() throws IOException {
        Path root = Files.createDirectories(folder.resolve("root"));
        Files.createDirectories(root.resolve("d/".repeat(FolderTree.DEPTH_MAX + 2)));
        Failure failure = assertThrows(Failure.class, () -> read(root));
        assertTrue(failure.getMessage().contains("folders deep"), failure.getMessage());
    }
}
