package eu.mikelangelo.packages.manifest;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RequirementsTest {
    @TempDir
    Path folder;

    private Path make(Path parent, String name, String require, String sets) throws IOException {
        Path meta = Files.createDirectories(parent.resolve(name).resolve("meta"));
        Files.writeString(meta.resolve("package.yaml"), "name: " + name + "\ntitle: t\nauthor: a\nrequire: [" + require
                + "]\n");
        if (!sets.isEmpty()) {
            Files.writeString(meta.resolve("run.yaml"), "runtime: native\nconfig_set:\n" + sets.indent(2));
        }
        return parent.resolve(name);
    }

    private Requirements.Plan plan(Path root) {
        return Requirements.resolve(Application.read(root), folder.resolve("store"), Set.of("dash", "libc6")::contains);
    }

    private static List<String> names(Requirements.Plan plan) {
        return plan.packages().stream().map(Application::name).toList();
    }

    @Test
    void dependenciesComeFirstAndOnce() throws IOException {
        Path app = make(folder, "app", "left, right, dash", "");
        make(folder, "left", "base, libc6", "");
        make(folder, "right", "base", "");
        make(folder.resolve("store"), "base", "", "");
        Requirements.Plan plan = plan(app);
        assertEquals(List.of("base", "left", "right", "app"), names(plan));
        assertEquals(List.of("libc6", "dash"), plan.debian());
        make(folder, "base", "dash", "");
        assertEquals(List.of("dash", "libc6"), plan(app).debian(), "a sibling goes before the store");
    }

    @Test
    void aFolderThatIsCalledOtherwiseIsNotThePackage() throws IOException {
        Path app = make(folder, "app", "dash", "");
        Path other = make(folder, "dash", "", "");
        Files.writeString(other.resolve("meta/package.yaml"), "name: mine\ntitle: t\nauthor: a\n");
        assertEquals(List.of("dash"), plan(app).debian());
    }

    @Test
    void cyclesAndMissingPackagesAreToldWithTheChain() throws IOException {
        Path app = make(folder, "app", "one", "");
        make(folder, "one", "two", "");
        make(folder, "two", "three", "");
        Failure missing = assertThrows(Failure.class, () -> plan(app));
        assertEquals(Failure.Kind.NOT_FOUND, missing.kind());
        assertTrue(missing.getMessage().contains("app -> one -> two -> three"), missing.getMessage());
        make(folder, "three", "one", "");
        Failure cycle = assertThrows(Failure.class, () -> plan(app));
        assertEquals("packages require each other: one -> two -> three -> one", cycle.getMessage());
        make(folder, "three", "app", "");
        assertTrue(assertThrows(Failure.class, () -> plan(app)).getMessage()
                .endsWith("app -> one -> two -> three -> app"));
    }

    @Test
    void anyGraphWithoutCyclesIsOrdered() throws IOException {
        for (int seed = 0; seed < 30; seed++) {
            Random random = new Random(seed);
            Path world = Files.createDirectory(folder.resolve("world" + seed));
            int count = 2 + random.nextInt(12);
            for (int i = 0; i < count; i++) {
                Set<String> require = new HashSet<>();
                for (int k = i + 1; k < count; k++) { // edges lead to higher numbers only
                    if (random.nextInt(3) == 0) {
                        require.add("p" + k);
                    }
                }
                make(world, "p" + i, String.join(",", require), "");
            }
            List<Application> order = plan(world.resolve("p0")).packages();
            Set<String> seen = new HashSet<>();
            for (Application one : order) {
                assertTrue(seen.containsAll(one.manifest().require()), "seed " + seed + ": " + one.name());
                assertTrue(seen.add(one.name()), "once");
            }
            assertEquals("p0", order.getLast().name());
        }
    }

    @Test
    void basesGiveTheCommandAndWhatTheChildDoesNotSay() throws IOException {
        Path app = make(folder, "app", "java", """
                server: {base: "java:run", env: {MAIN: app.jar, HEAP: 1g}}
                """);
        make(folder, "java", "", """
                run: {base: "java:raw", env: {MAIN: none, OPTS: -server}}
                raw: {bootcmd: "/bin/java -Xmx$HEAP $OPTS $MAIN", env: {HEAP: 512m}}
                """);
        Start start = BootCommand.start(plan(app), List.of());
        assertEquals(List.of("/bin/java", "-Xmx$HEAP", "$OPTS", "$MAIN"), start.args());
        assertEquals("{MAIN=app.jar, HEAP=1g, OPTS=-server}", start.env().toString());
        assertEquals("0:0", start.user());
    }

    @Test
    void severalSetsRunOneAfterTheOther() throws IOException {
        Path app = make(folder, "app", "", "a: {bootcmd: /first, env: {X: 1}}\n"
                + "b: {bootcmd: /second 'y z', env: {X: 1}}\n"
                + "c: {bootcmd: /third, env: {X: 2}}\n");
        Start start = BootCommand.start(plan(app), List.of("a", "b"));
        assertEquals(List.of(List.of("/first")), start.pre());
        assertEquals(List.of("/second", "y z"), start.args());
        assertTrue(assertThrows(Failure.class, () -> BootCommand.start(plan(app), List.of("a", "c"))).getMessage()
                .contains("different values of X"));
        assertTrue(assertThrows(Failure.class, () -> BootCommand.start(plan(app), List.of())).getMessage()
                .contains("no config_set_default"));
        assertTrue(assertThrows(Failure.class, () -> BootCommand.start(plan(app), List.of("d"))).getMessage()
                .contains("no set \"d\""));
    }

    @Test
    void wrongBasesAreTold() throws IOException {
        Path app = make(folder, "app", "dash", "a: {base: 'app:b'}\nb: {base: 'app:a'}\nc: {base: 'dash:x'}\n"
                + "d: {base: 'app:nowhere'}\n");
        assertTrue(message(app, "a").endsWith("sets are each other's base: app:a -> app:b -> app:a"));
        assertTrue(message(app, "c").contains("base dash:x names a package that is not required"));
        assertTrue(message(app, "d").contains("no set \"nowhere\""));
        Path silent = make(folder, "silent", "", "");
        assertTrue(message(silent, "a").contains("says nothing about how it is started"));
        assertTrue(assertThrows(Failure.class, () -> Application.read(folder)).getMessage()
                .contains("holds no meta/package.yaml"));
    }

    private String message(Path app, String set) {
        return assertThrows(Failure.class, () -> BootCommand.start(plan(app), List.of(set))).getMessage();
    }
}
