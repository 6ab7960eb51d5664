package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.doubles.DebWriter;
import eu.mikelangelo.doubles.Mirror;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * An archive that breaks off, lies or attacks: the command says so, nothing of it is kept, and what was there before is
 * there after. The archive is our own, on loopback, and signed.
 */
@Tag("boot")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BadMirrorTest {
    private static final Path FOLDER = Mike.ROOT.resolve("build/t/mirror-apps");
    private static final Mike MIKE = new Mike("mirror");
    private static Mirror mirror;

    @BeforeAll
    static void archive() throws IOException {
        Mike.delete(FOLDER);
        try (Mike main = new Mike("main")) {
            Files.createDirectories(FOLDER);
            main.run("compose", "./examples/hello", "-o", FOLDER.resolve("hello.img").toString()).ok();
            MIKE.delete();
            mirror = new Mirror();
            addKernelOf(main);
        }
        mirror.add("tiny", new DebWriter().folder("./usr/").file("./usr/bin/tiny", "a program\n", 0755));
        mirror.publish();
        MIKE.with("MIKE_APT_SOURCES", mirror.sources(FOLDER).toString()).with("no_proxy", "127.0.0.1");
        MIKE.run("compose", app("first", "tiny")).ok();
        MIKE.run("compose", FOLDER.resolve("hello.img").toString()).ok();
    }

    @AfterAll
    static void stop() throws IOException {
        try {
            assertEquals("Hello, world, from a machine of your own.\n", MIKE.run("run", "hello").ok().out());
        } finally {
            MIKE.close();
            mirror.close();
            MIKE.delete();
        }
    }

    /** The kernel package that another home has, as the newest cloud kernel: so nothing else here needs a network. */
    private static void addKernelOf(Mike other) throws IOException {
        Path kernels = other.home().resolve("kernels");
        String current = json(kernels.resolve("current.json")).get("sha256").asString();
        JsonNode kernel = json(kernels.resolve(current).resolve("kernel.json"));
        String name = kernel.get("packageName").asString();
        mirror.add(name, kernel.get("version").asString(), Files.readAllBytes(other.home().resolve("packages/debs")
                .resolve(kernel.get("debSha256").asString() + ".deb")));
        mirror.add("linux-image-cloud-amd64", "1", new DebWriter(), "Depends: " + name);
    }

    private static JsonNode json(Path file) {
        return JsonMapper.shared().readTree(file.toFile());
    }

    @BeforeEach
    void whole() {
        mirror.heal();
    }

    /** The archive gets a package with a program of this name, and the program's users a download that fails so. */
    private static void offer(String name, Mirror.Fault fault) throws IOException {
        mirror.add(name, new DebWriter().file("./usr/bin/" + name, "x".repeat(200_000), 0755));
        mirror.publish();
        refresh();
        mirror.fail(fault, "/pool/" + name + "_1.deb");
    }

    /** Takes what the archive published. */
    private static void refresh() {
        MIKE.run("compose", "--refresh", "tiny").ok();
    }

    private static String app(String name, String... requires) throws IOException {
        return Mike.app(FOLDER.resolve(name), "/usr/bin/" + requires[0], requires);
    }

    /** The command fails so, says all these words, and what was there before is there still. */
    private static void refused(int code, List<String> words, String... command) throws IOException {
        List<String> before = images();
        MIKE.refused(code, words, command);
        assertEquals(before, images());
        assertEquals(0, MIKE.run("ps", "-a", "--json").json().size());
    }

    private static List<String> images() {
        List<String> names = new ArrayList<>();
        MIKE.run("images", "--json").json().forEach(image -> names.add(image.get("name").asString() + " "
                + image.get("sha256").asString()));
        assertTrue(names.stream().anyMatch(name -> name.startsWith("hello ")), names.toString());
        return names;
    }

    /** Files of the home that look half done. */
    private static List<String> leftovers() throws IOException {
        try (Stream<Path> files = Files.walk(MIKE.home())) {
            return files.filter(file -> file.getFileName().toString().matches(".*\\.(part|tmp)|\\.new-.*|tmp\\..*")
                    || file.getParent().endsWith("images/tmp")).map(Path::toString).toList();
        }
    }

    @Test
    void aDownloadThatBreaksOffIsResumedByTheNextCommand() throws IOException {
        offer("cut", Mirror.Fault.CUT);
        refused(69, List.of("cannot download " + mirror.url() + "/pool/cut_1.deb", "Is the network up", "is kept"),
                "compose", app("cutter", "cut"));
        mirror.heal();
        int asked = mirror.requests().size();
        MIKE.run("compose", app("cutter", "cut")).ok();
        assertResumed("/pool/cut_1.deb", asked);
    }

    @Test
    void anAgentKilledInTheMiddleOfADownloadLetsTheNextCommandResumeIt() throws Exception {
        offer("slow", Mirror.Fault.HANG);
        Process compose = MIKE.start("compose", app("slower", "slow"));
        assertTrue(mirror.awaitHanging(Duration.ofSeconds(30)));
        Host.await(BadMirrorTest::aPartIsThere, "nothing of the download is in the home");
        mirror.heal();
        assertTrue(MIKE.kill("agent"));
        assertTrue(compose.waitFor(30, TimeUnit.SECONDS));
        assertEquals(69, compose.exitValue());
        int asked = mirror.requests().size();
        MIKE.run("compose", app("slower", "slow")).ok();
        assertResumed("/pool/slow_1.deb", asked);
    }

    /** What was asked for since then is the rest of this file, and all of it has arrived. */
    private static void assertResumed(String path, int asked) throws IOException {
        List<String> since = mirror.requestsAfter(asked);
        assertTrue(since.stream().anyMatch(request -> request.startsWith(path + " bytes=")), since.toString());
        assertEquals(List.of(), leftovers());
    }

    private static boolean aPartIsThere() {
        try (Stream<Path> files = Files.walk(MIKE.home())) {
            return files.anyMatch(file -> file.toString().endsWith(".part") && file.toFile().length() > 0);
        } catch (IOException | UncheckedIOException e) {
            return false; // a file went while the folder was read
        }
    }

    @Test
    void anotherFileThanTheIndexPromisesIsNotKept() throws IOException {
        offer("flip", Mirror.Fault.FLIP);
        refused(76, List.of("/pool/flip_1.deb has SHA-256", "the signed index promises", "another mirror"),
                "compose", app("flipper", "flip"));
        assertEquals(List.of(), leftovers());
        mirror.heal();
        MIKE.run("compose", app("flipper", "flip")).ok();
    }

    @Test
    void anIndexThatIsNotSignedByAKnownKeyIsRefused() throws IOException {
        mirror.publishAsStranger();
        refused(76, List.of("InRelease", "is not trusted", "Signed-By"), "compose", "--refresh", "tiny");
        mirror.publish();
        MIKE.run("compose", app("first", "tiny")).ok();
    }

    @Test
    void anExpiredAndAnOlderIndexAreRefusedAndTheOneWeHaveGoesOn() throws IOException {
        String date = mirror.release().get("Date");
        try {
            mirror.release().put("Valid-Until", Mirror.date(Instant.now().minusSeconds(60)));
            mirror.publish();
            refused(76, List.of("was valid until", "clock"), "compose", "--refresh", "tiny");
            mirror.release().remove("Valid-Until");
            mirror.release().put("Date", Mirror.date(Instant.now().minusSeconds(900_000)));
            mirror.publish();
            refused(76, List.of("older than the one we have", "tampered"), "compose", "--refresh", "tiny");
            refused(76, List.of("older than the one we have"), "compose", "--refresh", "tiny");
        } finally {
            mirror.release().put("Date", date);
            mirror.release().remove("Valid-Until");
            mirror.publish();
        }
        MIKE.run("compose", app("first", "tiny")).ok();
    }

    @Test
    void redirectsWithoutEndEnd() throws IOException {
        mirror.fail(Mirror.Fault.LOOP, "/dists/.*");
        refused(69, List.of("redirects more than 5 times"), "compose", "--refresh", "tiny");
    }

    @Test
    void anIndexThatBreaksOffLeavesTheOneWeHave() throws IOException {
        mirror.add("later", new DebWriter().file("./usr/bin/later", "later\n", 0755));
        mirror.publish();
        mirror.fail(Mirror.Fault.CUT, "/dists/stable/main/.*");
        refused(69, List.of("cannot download", "/main/binary-amd64/by-hash/"), "compose", "--refresh", "tiny");
        MIKE.run("compose", app("first", "tiny")).ok();
        mirror.heal();
        refresh();
        MIKE.run("compose", app("latest", "later")).ok();
        assertEquals(List.of(), leftovers());
    }

    @Test
    void archivesThatAttackAreRefusedAndTouchNothing() throws IOException {
        Path target = FOLDER.resolve("victim");
        Files.deleteIfExists(target);
        String up = "../../../../../../../../../..";
        mirror.add("evil-up", new DebWriter().file("." + "/" + up + target, "x", 0644));
        mirror.add("evil-inside", new DebWriter().file("./usr/../../" + "x", "x", 0644));
        mirror.add("evil-hard", new DebWriter().hardLink("./in", up + target).file("./usr/bin/evil-hard", "x", 0755));
        mirror.add("evil-large", new DebWriter().zeros("./usr/bin/evil-large", 7_000_000_000L));
        // Its index entry and digest are right: the archive itself ends before what its header promises.
        mirror.add("evil-short", new DebWriter().zeros("./usr/bin/evil-short", 900_000_000L));
        mirror.publish();
        refresh();
        String leaves = "path leaves the tree: ";
        Map<String, String> whys = Map.of("evil-up", leaves + "./" + up + target,
                "evil-inside", leaves + "./usr/../../x", "evil-hard", leaves + up + target,
                "evil-large", "evil-large takes it beyond", "evil-short", "Truncated TAR archive");
        for (Map.Entry<String, String> why : whys.entrySet()) {
            String name = why.getKey();
            refused(76, List.of("package " + name + " 1", why.getValue()), "compose", app("an-" + name, name));
            assertTrue(Files.notExists(target), name);
        }
        assertEquals(List.of(), leftovers());
    }

    @Test
    void absolutePathsStayInTheTreeAndDevicesAreLeftOut() throws IOException {
        Path target = FOLDER.resolve("absolute");
        // Behind a link: a path of the machine's own tree, whatever the link says of the host's.
        mirror.add("odd", new DebWriter().file(target.toString(), "x", 0644).other("./dev/odd", '3', "")
                .link("./out", FOLDER.toString()).file("./out/absolute", "x", 0644)
                .file("./usr/bin/odd", "y", 0755));
        mirror.publish();
        refresh();
        MIKE.run("compose", app("odder", "odd")).ok();
        assertTrue(Files.notExists(target));
    }
}
