package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Tree;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CpioTest {
    @TempDir
    Path folder;

    static byte[] write(Tree tree, BlobStore blobs) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        CpioWriter writer = new CpioWriter(bytes);
        for (Map.Entry<String, Tree.Node> entry : tree.nodes().entrySet()) {
            switch (entry.getValue()) {
                case Tree.Folder f -> writer.folder(entry.getKey(), f.mode(), f.uid(), f.gid());
                case Tree.Link l -> writer.link(entry.getKey(), l.target(), l.uid(), l.gid());
                case Tree.File f -> {
                    try (InputStream in = blobs.open(f.sha256())) {
                        writer.file(entry.getKey(), f.mode(), f.uid(), f.gid(), f.size(), in);
                    }
                }
            }
        }
        assertEquals(writer.finish(), bytes.size());
        return bytes.toByteArray();
    }

    static Tree read(byte[] archive, BlobStore blobs) throws IOException {
        CpioReader reader = new CpioReader(new ByteArrayInputStream(archive));
        Tree tree = new Tree();
        for (CpioReader.Entry e = reader.next(); e != null; e = reader.next()) {
            tree.put(e.path(), switch (e.type()) {
                case 'd' -> new Tree.Folder(e.mode(), e.uid(), e.gid());
                case 'l' -> new Tree.Link(e.target(), e.uid(), e.gid());
                default -> {
                    byte[] content = reader.content(1 << 20);
                    var blob = blobs.put(new ByteArrayInputStream(content), content.length);
                    yield new Tree.File(e.mode(), e.uid(), e.gid(), blob.sha256(), blob.size());
                }
            });
        }
        assertEquals(archive.length, reader.position());
        return tree;
    }

    /** What a writer makes of a tree: missing parents added. */
    private static Map<String, Tree.Node> whole(Tree tree) {
        Map<String, Tree.Node> all = new TreeMap<>(tree.nodes());
        for (String path : tree.nodes().keySet()) {
            for (int slash = path.lastIndexOf('/'); slash > 0; slash = path.lastIndexOf('/', slash - 1)) {
                all.putIfAbsent(path.substring(0, slash), new Tree.Folder(0755, 0, 0));
            }
        }
        return all;
    }

    @Test
    void whatIsWrittenIsRead() throws IOException {
        BlobStore blobs = new BlobStore(folder);
        for (int seed = 0; seed < 150; seed++) {
            Tree tree = new RandomTree(seed, blobs).next();
            byte[] archive = write(tree, blobs);
            assertEquals(0, archive.length % 4);
            Tree back = read(archive, blobs);
            assertEquals(whole(tree), back.nodes(), "seed " + seed);
            assertArrayEquals(archive, write(tree, blobs), "same tree, same bytes; seed " + seed);
            Tree text = TreeText.read(TreeText.write(tree));
            assertEquals(tree.nodes(), text.nodes(), "as text; seed " + seed);
        }
    }

    @Test
    void headerIsTheKernels() throws IOException {
        byte[] archive = CpioWriter.archive("/a", new byte[] {'x'});
        String text = new String(archive, StandardCharsets.ISO_8859_1);
        assertEquals("070701" + "00000001" + "00008180" + "00000000" + "00000000" + "00000001" + "386D4380"
                + "00000001" + "00000000" + "00000000" + "00000000" + "00000000" + "00000002" + "00000000" + "a\0"
                + "x\0\0\0", text.substring(0, 116));
        assertEquals("070701" + "00000000".repeat(4) + "00000001" + "386D4380" + "00000000".repeat(5)
                + "0000000B" + "00000000"
                + "TRAILER!!!\0\0\0\0", text.substring(116));
    }

    @Test
    void impossibleMembersAreRefused() throws IOException {
        CpioWriter writer = new CpioWriter(new ByteArrayOutputStream());
        writer.file("/a", 0644, 0, 0, new byte[0]);
        assertThrows(IOException.class, () -> writer.file("/a", 0644, 0, 0, new byte[0]), "twice");
        assertThrows(IOException.class, () -> writer.file("/a/b", 0644, 0, 0, new byte[0]), "below a file");
        assertThrows(IOException.class, () -> writer.folder("b", 0755, 0, 0), "relative");
        assertThrows(IOException.class, () -> writer.folder("/b//c", 0755, 0, 0));
        assertThrows(IllegalArgumentException.class, () -> writer.folder("/../b", 0755, 0, 0));
        assertThrows(IOException.class, () -> writer.link("/l", "", 0, 0), "empty target");
        assertThrows(IOException.class, () -> writer.link("/m", "x".repeat(4096), 0, 0), "long target");
        assertThrows(IOException.class, () -> writer.folder("/" + "n".repeat(4096), 0755, 0, 0), "long name");
        assertThrows(IOException.class, () -> writer.folder("/\ud800", 0755, 0, 0), "half a surrogate pair");
        assertThrows(IOException.class, () -> writer.file("/big", 0644, 0, 0, 1L << 32, InputStream.nullInputStream()));
        InputStream three = new ByteArrayInputStream(new byte[3]);
        assertThrows(IOException.class, () -> writer.file("/short", 0644, 0, 0, 4, three));
        InputStream five = new ByteArrayInputStream(new byte[5]);
        assertThrows(IOException.class, () -> writer.file("/long", 0644, 0, 0, 4, five));
    }

    @Test
    void readerRefusesWhatTheWriterNeverWrites() throws IOException {
        byte[] good = CpioWriter.archive("/mike/run", "x".getBytes(StandardCharsets.UTF_8));
        assertEquals("070701", new String(good, 0, 6, StandardCharsets.US_ASCII));
        String text = new String(good, StandardCharsets.ISO_8859_1);
        refused(text.replace("mike/run", "../e/run"), "plain relative path");
        refused(text.replace("mike/run", "/ike/run"), "plain relative path");
        refused(text.replace("mike/run", "else/run"), "before its folder");
        refused(text.replace("00008180", "00006180"), "neither file, folder nor link");
        refused(text.replaceFirst("070701", "070702"), "no newc header");
        refused(text.replaceFirst("00000001", "0000000g"), "hexadecimal");
        refused(text.substring(0, text.length() - 30), "ends early");
        refused(text + text, null);
        CpioReader reader = new CpioReader(new ByteArrayInputStream(good));
        reader.next();
        reader.next();
        assertNull(reader.next());
        assertNull(reader.next(), "after the end it stays ended");
    }

    private static void refused(String archive, String why) throws IOException {
        CpioReader reader = new CpioReader(new ByteArrayInputStream(archive.getBytes(StandardCharsets.ISO_8859_1)));
        if (why == null) {
            while (reader.next() != null) {
                continue;
            }
            assertTrue(reader.position() < archive.length(), "one archive is read, not what follows");
            return;
        }
        IOException e = assertThrows(IOException.class, () -> {
            while (reader.next() != null) {
                continue;
            }
        });
        assertTrue(e.getMessage().contains(why), e.getMessage());
    }

    @Test
    void damagedArchivesEndInAnExceptionOrAnEnd() throws IOException {
        BlobStore blobs = new BlobStore(folder);
        byte[] archive = write(new RandomTree(3, blobs).next(), blobs);
        Mutations.of(archive, 4000, 17, CpioFuzz::fuzzerTestOneInput);
    }

    @Test
    void theHostsCpioListsTheSame() throws Exception {
        BlobStore blobs = new BlobStore(folder.resolve("blobs"));
        Tree tree = new Tree();
        tree.put("/etc/a b", new RandomTree(1, blobs).next().nodes().values().stream()
                .filter(node -> node instanceof Tree.File).findFirst().orElseThrow());
        tree.put("/link", new Tree.Link("etc/a b", 0, 0));
        Path file = folder.resolve("x.cpio");
        Files.write(file, write(tree, blobs));
        Process process;
        try {
            process = new ProcessBuilder("cpio", "-t", "--quiet").redirectInput(file.toFile()).start();
        } catch (IOException e) {
            Assumptions.abort("no cpio on this host: " + e.getMessage());
            return;
        }
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        assertEquals("etc\netc/a b\nlink\n", out);
    }
}
