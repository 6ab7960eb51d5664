package eu.mikelangelo.packages.debian.deb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.doubles.DebWriter;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class UnpackerTest {
    @TempDir
    Path folder;
    private int serial;

    private DebFacts facts(byte[] deb) throws IOException {
        Path file = folder.resolve("p" + serial++ + ".deb");
        Files.write(file, deb);
        return new Unpacker(folder.resolve("facts"), new BlobStore(folder.resolve("blobs")))
                .facts(file, String.format("%064x", serial));
    }

    private static DebWriter good() {
        return new DebWriter().folder("./bin").file("./bin/run", "#!/bin/sh -e\necho\n", 0755)
                .hardLink("./bin/same", "./bin/run").link("./usr/bin/soft", "../../bin/run")
                .file("./usr/share/doc/p/readme", "long", 0644).file("./etc/p.conf", "a=b\n", 0640)
                .other("./dev/null", '3', "").control("postinst", "#!/bin/sh\nadduser x\n");
    }

    @Test
    void everyPackingGivesTheSameFacts() throws IOException {
        DebFacts first = null;
        for (String packing : List.of("", "gz", "xz", "zst")) {
            DebFacts facts = facts(good().build(packing));
            assertEquals(first == null ? facts : first, facts, packing);
            first = facts;
        }
        assertEquals(List.of("/etc/p.conf", "/usr/bin/run", "/usr/bin/same", "/usr/bin/soft",
                "/usr/share/doc/p/readme"),
                first.entries().stream().map(Entry::path).toList());
        Entry run = first.entry("/usr/bin/run");
        assertEquals("/bin/sh -e", run.script());
        assertEquals(0755, run.mode());
        assertEquals(run.digest(), first.entry("/usr/bin/same").digest());
        assertEquals("../../bin/run", first.entry("/usr/bin/soft").digest());
        assertEquals('x', first.entry("/usr/share/doc/p/readme").kind());
        assertEquals("#!/bin/sh\nadduser x\n", first.scripts().get("postinst"));
        assertNull(first.entry("/nowhere"));
        assertEquals(first, DebFacts.read(first.write()));
    }

    @Test
    void singleMembersAreStreamed() throws IOException {
        Path file = folder.resolve("one.deb");
        Files.write(file, good().build("xz"));
        assertArrayEquals("a=b\n".getBytes(StandardCharsets.UTF_8), DebReader.member(file, "/etc/p.conf", 100));
        assertNull(DebReader.member(file, "/etc/q.conf", 100));
        assertThrows(Failure.class, () -> DebReader.member(file, "/etc/p.conf", 3));
    }

    @Test
    void membersThatLeaveTheTreeAreRefused() {
        for (String name : List.of("../etc/passwd", "./a/../../b", "usr/..")) {
            byte[] deb = new DebWriter().file(name, "x", 0644).build();
            Failure failure = assertThrows(Failure.class, () -> facts(deb), name);
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("leaves the tree"), failure.getMessage());
        }
        DebWriter outside = new DebWriter().file("./a", "x", 0644).hardLink("./b", "../../etc/shadow");
        assertThrows(Failure.class, () -> facts(outside.build()));
        DebWriter later = new DebWriter().hardLink("./b", "./later").file("./later", "x", 0644);
        assertThrows(Failure.class, () -> facts(later.build()));
    }

    @Test
    void aBombIsRefusedByItsDeclaredSizeBeforeItIsUnpacked() {
        byte[] deb = new DebWriter().zeros("./bomb", 3L << 30).build();
        Failure failure = assertThrows(Failure.class, () -> facts(deb));
        assertTrue(failure.getMessage().contains("beyond"), failure.getMessage());
    }

    @Test
    void otherFilesAreNoPackages() {
        assertThrows(Failure.class, () -> facts("not a deb".getBytes(StandardCharsets.UTF_8)));
        assertThrows(Failure.class, () -> facts(DebWriter.ar("control.tar.gz", DebWriter.pack(new byte[1024], "gz"),
                "data.tar.rar", new byte[10])));
    }

    @Test
    void mutatedArchivesFailCleanly() throws IOException {
        byte[] good = good().build();
        Random random = new Random(42);
        int refused = 0;
        for (int round = 0; round < 150; round++) {
            byte[] bad = good.clone();
            for (int n = 1 + random.nextInt(4); n > 0; n--) {
                bad[random.nextInt(bad.length)] = (byte) random.nextInt(256);
            }
            try {
                facts(round % 3 == 0 ? java.util.Arrays.copyOf(bad, random.nextInt(bad.length)) : bad);
            } catch (Failure e) {
                assertEquals(Failure.Kind.UNTRUSTED, e.kind());
                refused++;
            } catch (UncheckedIOException e) {
                throw new AssertionError("round " + round, e);
            }
        }
        assertTrue(refused > 30, "only " + refused + " refused: do mutations reach the parser?");
    }

    @Test
    void damagedFactsAreReadFromTheArchiveAgain() throws IOException {
        Path file = folder.resolve("again.deb");
        Files.write(file, good().build());
        Unpacker unpacker = new Unpacker(folder.resolve("facts"), new BlobStore(folder.resolve("blobs")));
        DebFacts first = unpacker.facts(file, "a".repeat(64));
        try (var files = Files.list(folder.resolve("facts"))) {
            Files.writeString(files.filter(f -> f.getFileName().toString().startsWith("aaa")).findFirst().orElseThrow(),
                    "e\t/etc");
        }
        assertEquals(first, unpacker.facts(file, "a".repeat(64)));
    }
}
