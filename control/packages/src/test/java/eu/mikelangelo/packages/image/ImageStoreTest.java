package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.packages.Storage;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ImageStoreTest {
    @TempDir
    Path folder;
    private World world;
    private Composed cache;
    private byte[] good;

    @BeforeEach
    void oneImage() throws IOException {
        world = new World(folder.resolve("home"));
        cache = world.composer.compose(new Reference.Name("cache"), Progress.NONE);
        good = Files.readAllBytes(cache.file());
    }

    @Test
    void namesDigestsAndPathsFindAnImage() throws IOException {
        ImageStore store = world.images;
        assertEquals(cache.file(), store.resolve("cache").file());
        assertEquals(cache.file(), store.resolve(cache.digest()).file());
        assertEquals(cache.file(), store.resolve("sha256:" + cache.digest().substring(0, 12)).file());
        Path copy = folder.resolve("copy.img");
        Files.write(copy, good);
        assertEquals(copy, store.resolve(copy.toString()).file());
        assertNull(store.find(cache.digest().substring(0, 5)), "too short to mean a digest");
        assertEquals(Failure.Kind.NOT_FOUND, assertThrows(Failure.class, () -> store.resolve("other")).kind());
    }

    @Test
    void aFileIsAddedUnderAnyNameAndStaysWhileOneIsLeft() throws IOException {
        Path copy = folder.resolve("copy.img");
        Files.write(copy, good);
        world.images.add(copy, "second");
        assertEquals(List.of("cache", "second"), world.images.list().stream().map(ImageStore.Entry::name).toList());
        world.images.remove("cache");
        assertTrue(world.images.has(cache.digest()));
        world.images.remove("second");
        assertFalse(world.images.has(cache.digest()));
        assertEquals(List.of(), world.images.list());
        world.images.add(copy, "");
        world.images.add(copy, "second");
        world.images.remove(cache.digest().substring(0, 12));
        assertEquals(List.of(), world.images.list(), "by digest all its names go");
        assertEquals(Failure.Kind.BAD_INPUT,
                assertThrows(Failure.class, () -> world.images.add(copy, "../x")).kind());
    }

    @Test
    void theNameMovesToTheNewerImage() {
        world.packages.state = "2";
        Composed newer = world.composer.compose(new Reference.Name("cache"), Progress.NONE);
        assertEquals(newer.digest(), world.images.find("cache").digest());
        assertEquals(List.of("cache", ""), world.images.list().stream().map(ImageStore.Entry::name).toList());
        assertEquals(1, world.images.prune());
        assertEquals(1, world.images.list().size());
        assertTrue(world.images.has(newer.digest()));
    }

    @Test
    void leftoversOfTheDeadAreSweptAndOfTheLivingAreNot() throws IOException {
        Path temporary = world.home.resolve("images/tmp");
        Path ours = temporary.resolve("compose." + ProcessHandle.current().pid() + ".999");
        Files.write(temporary.resolve("compose.4194399.1"), new byte[3]);
        Files.write(temporary.resolve("strange"), new byte[3]);
        Files.write(ours, new byte[3]);
        ImageStore.open(world.home.resolve("images"));
        try (Stream<Path> left = Files.list(temporary)) {
            assertEquals(List.of(ours), left.toList());
        }
    }

    @Test
    void aFullDiskIsToldAndLeavesNothing() throws IOException {
        // /dev/full takes no byte, as a full disk; the message is the kernel's own
        IOException full = assertThrows(IOException.class,
                () -> Files.write(Path.of("/dev/full"), new byte[1], StandardOpenOption.WRITE));
        Failure failure = Storage.failure("write the image x", full);
        assertEquals(Failure.Kind.UNAVAILABLE, failure.kind());
        assertEquals("cannot write the image x: no space left", failure.getMessage());
        Path nowhere = folder.resolve("no/such/x.img");
        assertThrows(Failure.class, () -> world.images.export(cache.digest(), nowhere));
        assertThrows(Failure.class, () -> world.images.export(cache.digest(), folder));
    }

    @Test
    void filesThatAreNoImageAreTold() throws IOException {
        refused("", "does not begin with a cpio archive");
        refused("hello, world", "does not begin with a cpio archive");
        String foreign = new String(CpioWriter.archive("/init", new byte[4]), StandardCharsets.ISO_8859_1);
        refused(foreign, "its first archive does not hold exactly mike/manifest.json");
        refused(foreign.substring(0, 50), "ends early");
        Failure failure = assertThrows(Failure.class, () -> ImageFile.open(folder.resolve("absent.img")));
        assertEquals(Failure.Kind.NOT_FOUND, failure.kind());
        failure = assertThrows(Failure.class, () -> ImageFile.open(folder));
        assertTrue(failure.getMessage().contains("not a regular file"), failure.getMessage());
    }

    @Test
    void hostileManifestsAreTold() throws IOException {
        manifest("{}", "schema \"\"");
        manifest("[", "a manifest that does not hold together");
        manifest("{\"schema\":\"mikelangelo-image/2\"}", "schema \"mikelangelo-image/2\"");
        manifest("{\"schema\":\"mikelangelo-image/1\"}", "a manifest that does not hold together");
        manifest("[".repeat(100_000), "a manifest that does not hold together");
        String json = new String(cache.manifest().json(), StandardCharsets.UTF_8);
        manifest(json, "bytes; its manifest says");
        manifest(json.replaceFirst("\"unpacked\" : [0-9]+", "\"unpacked\" : -1"), "does not hold together");
        manifest(json.replaceFirst("\"unpacked\" : [0-9]+", "\"unpacked\" : null"), "does not hold together");
        manifest(json.replace("\"zstd\"", "\"xz\""), "compression xz");
        manifest(json.replaceFirst("\"args\" : \\[", "\"args\" : [ null, "), "does not hold together");
        manifest(json.replaceFirst("\"linux\"", "\"osv\""), "flavour osv");
    }

    private void manifest(String json, String why) throws IOException {
        refused(new String(CpioWriter.archive(ImageFile.MANIFEST, json.getBytes(StandardCharsets.UTF_8)),
                StandardCharsets.ISO_8859_1), why);
    }

    private void refused(String content, String why) throws IOException {
        refused(content.getBytes(StandardCharsets.ISO_8859_1), why);
    }

    private void refused(byte[] content, String why) throws IOException {
        Path file = folder.resolve("hostile.img");
        Files.write(file, content);
        Failure failure = assertThrows(Failure.class, () -> world.images.add(file, "hostile"));
        assertTrue(failure.getMessage().contains(why), failure.getMessage());
        assertTrue(failure.getMessage().contains(file.toString()), failure.getMessage());
        assertNull(world.images.find("hostile"), "nothing of it is kept");
        try (Stream<Path> left = Files.list(world.home.resolve("images/tmp"))) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void changedImagesAreTold() throws IOException {
        refused(Arrays.copyOf(good, good.length - 4), "its manifest says");
        refused(Arrays.copyOf(good, good.length + 4), "its manifest says");
        ImageFile image = ImageFile.open(cache.file());
        long at = image.headBytes();
        for (ImageManifest.Segment segment : image.manifest().segments()) {
            byte[] bytes = good.clone();
            bytes[(int) (at + segment.size() / 2)] ^= 0x10;
            refused(bytes, "(" + segment.kind() + ")");
            if (segment.stored() > segment.size()) {
                bytes = good.clone();
                bytes[(int) (at + segment.size())] = 1;
                refused(bytes, "something stands in the padding");
            }
            at += segment.stored();
        }
    }

    @Test
    void aSegmentThatUnpacksToMoreThanItSaysIsStopped() throws IOException {
        ImageManifest old = cache.manifest();
        byte[] bomb = com.github.luben.zstd.Zstd.compress(new byte[64 << 20]);
        ImageManifest.Segment segment = new ImageManifest.Segment("tree", "zstd", bomb.length,
                java.util.HexFormat.of().formatHex(Segments.sha256().digest(bomb)), 1000, 0);
        ImageManifest manifest = new ImageManifest(old.schema(), old.name(), old.version(), old.flavour(),
                old.machine(), old.kernel(), old.start(), old.sources(), old.warnings(), List.of(segment));
        ByteArrayOutputStream file = new ByteArrayOutputStream();
        file.write(CpioWriter.archive(ImageFile.MANIFEST, manifest.json()));
        file.write(bomb);
        file.write(new byte[Cpio.padding(bomb.length)]);
        refused(file.toByteArray(), "no newc header");
    }

    @Test
    void randomDamageIsToldProperly() {
        Mutations.of(good, 300, 11, ImageFuzz::fuzzerTestOneInput);
        Mutations.of(Arrays.copyOf(good, 3000), 300, 12, ImageFuzz::fuzzerTestOneInput);
    }

    @Test
    void aDamagedBookOfNamesIsMadeAnewAndKept() throws IOException {
        Path book = folder.resolve("home/images/names.json");
        Files.writeString(book, "{\"x");
        ImageStore again = ImageStore.open(folder.resolve("home/images"));
        ImageStore.Entry entry = again.find("cache");
        assertEquals(cache.digest(), entry.digest());
        assertEquals("package cache", entry.origin());
        assertEquals("{\"x", Files.readString(book.resolveSibling("names.json.damaged")));
    }

    @Test
    void aRecoveryThatIsCutOffLosesNoName() throws IOException {
        Path book = folder.resolve("home/images/names.json");
        Files.writeString(book, "{\"x");
        // Where the new book would be written first: the disk is full, or the agent killed.
        Path obstacle = Files.createDirectory(book.resolveSibling(".names.json." + ProcessHandle.current().pid() + "."
                + Thread.currentThread().threadId() + ".tmp"));
        assertThrows(Failure.class, () -> ImageStore.open(folder.resolve("home/images")));
        Files.deleteIfExists(obstacle);
        assertEquals(cache.digest(), ImageStore.open(folder.resolve("home/images")).find("cache").digest());
    }

    @Test
    void aBookOfAnotherVersionIsLeftAlone() throws IOException {
        Path book = folder.resolve("home/images/names.json");
        String newer = Files.readString(book).replace("mikelangelo-names/1", "mikelangelo-names/2");
        Files.writeString(book, newer);
        Failure failure = assertThrows(Failure.class, () -> ImageStore.open(folder.resolve("home/images")));
        assertTrue(failure.getMessage().contains("mikelangelo-names/2"), failure.getMessage());
        assertEquals(newer, Files.readString(book));
    }

    @Test
    void anImageThatWasChangedIsNotUsedAndComposedAgain() throws IOException {
        byte[] bad = good.clone();
        bad[bad.length / 2] ^= 1;
        world.images.add(Files.write(folder.resolve("copy.img"), good), "mine");
        world.images.remove("cache");
        Files.write(cache.file(), bad);
        Files.setLastModifiedTime(cache.file(), java.nio.file.attribute.FileTime.fromMillis(1));
        Failure failure = assertThrows(Failure.class,
                () -> world.composer.compose(new Reference.Name("mine"), Progress.NONE));
        assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
        assertTrue(failure.getMessage().contains("damaged"), failure.getMessage());
        assertEquals(cache.digest(), world.composer.compose(new Reference.Name("cache"), Progress.NONE).digest());
        assertEquals(Storage.sha256(cache.file()), cache.digest(), "composing again heals");
        world.composer.compose(new Reference.Name("mine"), Progress.NONE);
    }
}
