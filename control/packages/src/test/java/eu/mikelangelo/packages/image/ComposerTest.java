package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ComposerTest {
    @TempDir
    Path folder;
    private World world;

    @BeforeEach
    void home() throws IOException {
        world = new World(folder.resolve("home"));
    }

    private Composed compose(String name) {
        return world.composer.compose(new Reference.Name(name), Progress.NONE);
    }

    private Composed compose(Path path) {
        return world.composer.compose(new Reference.Folder(path), Progress.NONE);
    }

    private static TreeMap<String, ImageInfo.File> files(Composed image) {
        TreeMap<String, ImageInfo.File> files = new TreeMap<>();
        for (ImageInfo.File file : ImageInfo.of(ImageFile.open(image.file()), true).files()) {
            files.put(file.path(), file);
        }
        return files;
    }

    @Test
    void aPackageBecomesAnImage() {
        Composed image = compose("cache");
        ImageManifest manifest = ImageFile.open(image.file()).verify().manifest();
        assertEquals(image.manifest(), manifest);
        assertEquals("cache", manifest.name());
        assertEquals(List.of("config", "system", "tree"),
                manifest.segments().stream().map(ImageManifest.Segment::kind).toList());
        assertEquals(world.kernels.current(Progress.NONE).sha256(), manifest.kernel().sha256());
        assertEquals(List.of("a warning"), image.warnings());
        var files = files(image);
        assertEquals("755", files.get("/init").mode());
        assertTrue(files.containsKey("/mike/modules/virtio_net.ko"));
        assertTrue(files.containsKey("/usr/lib/libcache.so"), "what lay below a link went where it leads");
        assertEquals("1777", files.get("/tmp").mode());
    }

    @Test
    void sameInputsSameBytesInAnyHome() throws IOException {
        World other = new World(folder.resolve("elsewhere"));
        Path app = world.application("hello");
        Path twin = other.application("hello");
        Composed here = compose(app);
        Composed there = other.composer.compose(new Reference.Folder(twin), Progress.NONE);
        assertEquals(here.digest(), there.digest());
        assertArrayEquals(Files.readAllBytes(here.file()), Files.readAllBytes(there.file()));
    }

    @Test
    void whatDidNotChangeIsNotMadeAgain() throws IOException {
        Composed first = compose("cache");
        assertFalse(first.warm());
        Composed second = compose("cache");
        assertTrue(second.warm());
        assertEquals(first.digest(), second.digest());
        assertEquals(1, world.packages.imports.get());
        world.packages.state = "2";
        Composed newer = compose("cache");
        assertNotEquals(first.digest(), newer.digest());
        assertEquals("2", newer.manifest().version());
        Files.writeString(world.init, "another init");
        assertNotEquals(newer.digest(), compose("cache").digest());
    }

    @Test
    void anImageThatCannotRunDoesNotTakeItsNameFromOneThatCan() throws IOException {
        World other = new World(folder.resolve("elsewhere"));
        other.packages.state = "2";
        Path file = other.composer.compose(new Reference.Name("cache"), Progress.NONE).file();
        Composed own = compose("cache");
        world.packages.debs.clear();
        try (var kernel = Files.walk(world.home.resolve("kernels").resolve(own.manifest().kernel().sha256()))) {
            for (Path part : kernel.sorted(java.util.Comparator.reverseOrder()).toList()) {
                Files.delete(part);
            }
        }
        assertThrows(Failure.class, () -> world.composer.compose(new Reference.File(file), Progress.NONE));
        assertEquals(own.digest(), world.images.find("cache").digest());
        assertEquals(1, world.images.list().size());
    }

    @Test
    void withoutNetworkTheImageOfBeforeServes() {
        Composed first = compose("cache");
        world.packages.offline = true;
        Composed second = compose("cache");
        assertEquals(first.digest(), second.digest());
        assertTrue(second.warnings().getFirst().contains("no network"), second.warnings().toString());
        assertThrows(Failure.class, () -> world.composer.compose(new Reference.Name("cache"), true, Progress.NONE),
                "who asks for the newest is told");
        assertThrows(Failure.class, () -> compose("shell"), "and what was never composed cannot be");
    }

    @Test
    void aFolderBecomesAnImage() throws IOException {
        Path app = world.application("hello");
        Files.createDirectories(app.resolve("lib/deep"));
        Files.writeString(app.resolve("lib/deep/x"), "x");
        Files.setPosixFilePermissions(app.resolve("lib/deep/x"), PosixFilePermissions.fromString("rwxr-x--x"));
        Files.createSymbolicLink(app.resolve("link"), Path.of("/etc/../nowhere"));
        Files.createDirectories(app.resolve("tmp"));
        Files.createDirectories(app.resolve("empty"));
        Files.writeString(app.resolve(".capstanignore"), "/out\n");
        Files.createDirectories(app.resolve("out/big"));
        Composed image = compose(app);
        var files = files(image);
        assertEquals(List.of("/usr/bin/shell", "/run.sh"), image.manifest().start().args());
        byte[] earlier = new String(image.manifest().json(), StandardCharsets.UTF_8).replaceFirst("\"wrap\" : .*", "")
                .getBytes(StandardCharsets.UTF_8);
        assertEquals(image.manifest(), ImageManifest.parse(earlier, "an image of an earlier time"));
        assertEquals("751", files.get("/usr/lib/deep/x").mode(), "/lib is a link in the package below");
        assertEquals("/etc/../nowhere", files.get("/link").target());
        assertEquals("1777", files.get("/tmp").mode(), "a folder that is there keeps its mode");
        assertEquals(0, files.get("/run.sh").uid());
        assertTrue(files.containsKey("/empty"));
        assertFalse(files.containsKey("/out"));
        assertFalse(files.containsKey("/meta"));
        assertEquals("3", image.manifest().version());
        assertEquals(image.digest(), compose(app).digest());
        assertEquals(1, world.packages.imports.get(), "the packages below are remembered");
        assertEquals(image.digest(), compose("hello").digest(), "an image of one's own is found by its name");
    }

    @Test
    void aFileIsAnImage() throws IOException {
        Composed image = compose("cache");
        Path file = folder.resolve("cache.img");
        world.images.export(image.digest(), file);
        assertArrayEquals(Files.readAllBytes(image.file()), Files.readAllBytes(file));
        World other = new World(folder.resolve("other"));
        Composed there = other.composer.compose(new Reference.File(file), Progress.NONE);
        assertEquals(image.digest(), there.digest());
        assertEquals("cache", there.name());
        assertEquals(image.manifest(), there.manifest());
    }

    @Test
    void whatCannotBeInAnImageIsRefused() throws IOException {
        Path app = world.application("hello");
        Path socket = app.resolve("sock");
        try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
            server.bind(UnixDomainSocketAddress.of(socket));
            assertRefused(app, "socket, pipe or device");
        }
        Files.delete(socket);
        Files.writeString(app.resolve("init"), "x");
        assertRefused(app, "brings /init, a name that every machine uses");
        Files.delete(app.resolve("init"));
        Files.writeString(app.resolve("usr"), "x");
        assertRefused(app, "a file or link /usr, which is a folder with content");
        Files.delete(app.resolve("usr"));
        assertEquals("hello", compose(app).name());
    }

    private void assertRefused(Path app, String why) throws IOException {
        Failure failure = assertThrows(Failure.class, () -> compose(app));
        assertTrue(failure.getMessage().contains(why), failure.getMessage());
        assertEquals(List.of(), world.images.list(), "nothing is visible");
        try (Stream<Path> left = Files.list(world.home.resolve("images/tmp"))) {
            assertEquals(0, left.count());
        }
    }

    @Test
    void aDamagedCacheRepairsItself() throws IOException {
        Path app = world.application("hello");
        Composed first = compose(app);
        try (Stream<Path> segments = Files.list(world.images.segments())) {
            for (Path segment : segments.filter(file -> !file.toString().endsWith(".json")).toList()) {
                byte[] bytes = Files.readAllBytes(segment);
                bytes[bytes.length / 2] ^= 1;
                Files.write(segment, bytes);
            }
        }
        Files.writeString(app.resolve("new"), "so that it is composed again");
        Composed second = compose(app);
        assertNotEquals(first.digest(), second.digest());
        ImageFile.open(second.file()).verify();
    }

    @Test
    void aStoreThatFailsIsToldWithTheName() throws IOException {
        world.kernels.current(Progress.NONE);
        Files.delete(world.home.resolve("images/tmp"));
        Failure failure = assertThrows(Failure.class, () -> compose("cache"));
        assertTrue(failure.getMessage().startsWith("cannot compose cache: "), failure.getMessage());
        assertEquals(List.of(), world.images.list());
    }

    @Test
    void manyAtOnceAgree() throws Exception {
        Path app = world.application("hello");
        List<Callable<String>> tasks = new ArrayList<>();
        for (int i = 0; i < 12; i++) {
            boolean folderTask = i % 2 == 0;
            tasks.add(() -> (folderTask ? compose(app) : compose("cache")).digest());
        }
        try (ExecutorService pool = Executors.newFixedThreadPool(6)) {
            List<String> digests = new ArrayList<>();
            for (Future<String> future : pool.invokeAll(tasks)) {
                digests.add(future.get());
            }
            assertEquals(2, digests.stream().distinct().count(), digests.toString());
        }
        assertEquals(2, world.images.list().size());
    }

    @Test
    void unknownNamesAndMissingInitAreTold() throws IOException {
        assertEquals(Failure.Kind.NOT_FOUND, assertThrows(Failure.class, () -> compose("nothing")).kind());
        assertEquals(List.of(), world.kernels.list(), "no kernel is fetched for it");
        Files.delete(world.init);
        Failure failure = assertThrows(Failure.class, () -> compose("cache"));
        assertTrue(failure.getMessage().contains("cannot read the guest's init"), failure.getMessage());
    }

    @Test
    void referencesMeanWhatTheyLookLike() throws IOException {
        Path app = world.application("hello");
        Path apps = app.getParent();
        Files.writeString(apps.resolve("x.img"), "");
        assertEquals(new Reference.Folder(app), Reference.parse("./hello", apps));
        assertEquals(new Reference.Folder(app), Reference.parse(".", app));
        assertEquals(new Reference.Name("hello"), Reference.parse("hello", apps));
        assertEquals(new Reference.File(apps.resolve("x.img")), Reference.parse("x.img", apps));
        assertEquals(new Reference.File(apps.resolve("no/y.img")), Reference.parse("no/y.img", apps));
        assertEquals(new Reference.Name("memcached"), Reference.parse("memcached", apps));
        assertEquals(new Reference.Name("a\0b"), Reference.parse("a\0b", apps));
    }
}
