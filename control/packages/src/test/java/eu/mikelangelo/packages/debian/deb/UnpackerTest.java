package eu.mikelangelo.packages.debian.deb;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.debian.deb.DebFacts.Entry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import org.apache.commons.compress.archivers.tar.TarConstants;
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

    private static Debs good() {
        return new Debs().folder("./bin").file("./bin/run", "#!/bin/sh -e\necho\n", 0755)
                .link("./bin/same", "./bin/run", true).link("./usr/bin/soft", "../../bin/run", false)
                .file("./usr/share/doc/p/readme", "long", 0644).file("./etc/p.conf", "a=b\n", 0640)
                .special("./dev/null", "", TarConstants.LF_CHR).script("postinst", "#!/bin/sh\nadduser x\n");
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
            Failure failure = assertThrows(Failure.class, () -> facts(new Debs().file(name, "x", 0644).build("gz")),
                    name);
            assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
            assertTrue(failure.getMessage().contains("leaves the tree"), failure.getMessage());
        }
        assertThrows(Failure.class, () -> facts(new Debs().file("./a", "x", 0644).link("./b", "../../etc/shadow", true)
                .build("gz")));
        assertThrows(Failure.class, () -> facts(new Debs().link("./b", "./later", true).file("./later", "x", 0644)
                .build("gz")));
    }

    @Test
    void aBombIsRefusedByItsDeclaredSizeBeforeItIsUnpacked() throws IOException {
        // A tar header that declares 3 GiB; the content never follows.
        byte[] header = new byte[1024];
        byte[] name = "./bomb".getBytes(StandardCharsets.US_ASCII);
        System.arraycopy(name, 0, header, 0, name.length);
        System.arraycopy("0000644\0000000000\0000000000\00030000000000\00000000000000\0".replace("0000000000\0",
                "0000000\0")
                .getBytes(StandardCharsets.US_ASCII), 0, header, 100, 24);
        System.arraycopy("30000000000\000000000000000\0".substring(0, 12).getBytes(StandardCharsets.US_ASCII), 0,
                header, 124, 12);
        System.arraycopy("00000000000\0".getBytes(StandardCharsets.US_ASCII), 0, header, 136, 12);
        header[156] = '0';
        System.arraycopy("ustar\00000".getBytes(StandardCharsets.US_ASCII), 0, header, 257, 8);
        java.util.Arrays.fill(header, 148, 156, (byte) ' ');
        int sum = 0;
        for (int i = 0; i < 512; i++) {
            sum += header[i] & 0xff;
        }
        System.arraycopy(String.format("%06o\0 ", sum).getBytes(StandardCharsets.US_ASCII), 0, header, 148, 8);
        byte[] deb = Debs.ar("control.tar.gz", Debs.pack(new byte[1024], "gz"), "data.tar.gz", Debs.pack(header, "gz"));
        Failure failure = assertThrows(Failure.class, () -> facts(deb));
        assertTrue(failure.getMessage().contains("beyond"), failure.getMessage());
    }

    @Test
    void otherFilesAreNoPackages() throws IOException {
        assertThrows(Failure.class, () -> facts("not a deb".getBytes(StandardCharsets.UTF_8)));
        assertThrows(Failure.class, () -> facts(Debs.ar("control.tar.gz", Debs.pack(new byte[1024], "gz"),
                "data.tar.rar",
                new byte[10])));
    }

    @Test
    void mutatedArchivesFailCleanly() throws IOException {
        byte[] good = good().build("gz");
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
        Files.write(file, good().build("gz"));
        Unpacker unpacker = new Unpacker(folder.resolve("facts"), new BlobStore(folder.resolve("blobs")));
        DebFacts first = unpacker.facts(file, "a".repeat(64));
        try (var files = Files.list(folder.resolve("facts"))) {
            Files.writeString(files.filter(f -> f.getFileName().toString().startsWith("aaa")).findFirst().orElseThrow(),
                    "e\t/etc");
        }
        assertEquals(first, unpacker.facts(file, "a".repeat(64)));
    }
}
