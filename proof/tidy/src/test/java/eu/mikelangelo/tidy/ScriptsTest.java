package eu.mikelangelo.tidy;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The shell scripts, in a made-up world: a PATH of their own, JDKs that are only folders, a root that is not one. */
@Timeout(value = 60, unit = TimeUnit.SECONDS)
class ScriptsTest {
    private static final String SOURCED = ". \"$SCRIPTS/need.sh\"\n";
    private static final List<String> TOOLS = List.of("bash", "sh", "sed", "grep", "readlink", "mktemp", "flock",
            "tail", "rm", "cat", "find");

    @TempDir
    Path folder;

    private Path bin;
    private final Map<String, String> environment = new HashMap<>();

    @BeforeEach
    void world() throws IOException {
        bin = Files.createDirectory(folder.resolve("bin"));
        for (String tool : TOOLS) {
            Path real = Path.of("/usr/bin", tool);
            program(bin.resolve(tool), "exec " + (Files.exists(real) ? real : Path.of("/bin", tool)) + " \"$@\"");
        }
        environment.put("PATH", bin.toString());
        environment.put("HOME", folder.toString());
        environment.put("SCRIPTS", Repository.ROOT.resolve("scripts").toString());
    }

    /** Exit code, standard output and standard error of a piece of bash. */
    private record Said(int code, String out, String err) { }

    private Said bash(String script) throws IOException, InterruptedException {
        Path err = folder.resolve("stderr");
        ProcessBuilder builder = new ProcessBuilder("/bin/bash", "-c", script).redirectError(err.toFile())
                .redirectInput(Path.of("/dev/null").toFile());
        builder.environment().clear();
        builder.environment().putAll(environment);
        Process process = builder.start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        return new Said(process.waitFor(), out, Files.readString(err));
    }

    private void program(Path file, String script) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, "#!/bin/sh\n" + script + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwx------"));
    }

    private String jdk(String name, String version) throws IOException {
        Path home = folder.resolve(name);
        program(home.resolve("bin/java"), "");
        program(home.resolve("bin/javac"), "");
        Files.writeString(home.resolve("release"), "IMPLEMENTOR=\"x\"\nJAVA_VERSION=\"" + version + "\"\n");
        return home.toString();
    }

    @Test
    void allScriptsParse() throws IOException, InterruptedException {
        int scripts = 0;
        for (String path : Repository.paths()) {
            if (path.endsWith(".sh") || path.equals("mike") || path.equals("do") || path.equals(".ci/run")) {
                String first = Files.readAllLines(Repository.ROOT.resolve(path)).getFirst();
                boolean posix = !first.contains("bash") && path.contains("jdk-from");
                Said said = bash((posix ? "sh" : "bash") + " -n '" + Repository.ROOT.resolve(path) + "'");
                assertEquals(new Said(0, "", ""), said, path);
                scripts++;
            }
        }
        assertTrue(scripts >= 10, scripts + " scripts");
    }

    @Test
    void aJdkIs25OrNewerAnd25First() throws IOException, InterruptedException {
        String other = jdk("jdk-25", "25.0.1");
        environment.put("MIKE_JAVA_HOME", jdk("jdk-26", "26"));
        environment.put("JAVA_HOME", other);
        assertEquals(other + "\n", bash(SOURCED + "find_jdk").out());
        environment.put("MIKE_JAVA_HOME", jdk("jdk 25 of mine", "25"));
        assertEquals(folder + "/jdk 25 of mine\n", bash(SOURCED + "find_jdk").out());
        environment.put("MIKE_JAVA_HOME", jdk("jdk-21", "21.0.9"));
        assertEquals(other + "\n", bash(SOURCED + "find_jdk").out());
        Files.delete(Path.of(other, "bin", "javac"));
        assertNotEquals(other + "\n", bash(SOURCED + "find_jdk").out(), "a JRE builds nothing");
    }

    @Test
    void theJdksPackageIsTheDistributionsOwn() throws IOException, InterruptedException {
        program(bin.resolve("apt-cache"), "echo '  Candidate: 25.0.1+8-1'");
        assertEquals("openjdk-25-jdk-headless", bash(SOURCED + "jdk_package").out());
        program(bin.resolve("apt-cache"), "echo '  Candidate: (none)'");
        assertEquals("", bash(SOURCED + "jdk_package").out(), "no apt-get");
    }

    @Test
    void withoutAptTheMissingIsNamed() throws IOException, InterruptedException {
        environment.put("MIKE_JAVA_HOME", jdk("jdk-25", "25"));
        Said said = bash(SOURCED + "need_tools 1");
        assertEquals(1, said.code());
        assertTrue(said.err().startsWith("mike: missing: qemu-system-x86 passt "), said.err());
        assertTrue(said.err().contains("this system's package manager"), said.err());
    }

    @Test
    void theLineForRootIsWhatItRuns() throws IOException, InterruptedException {
        program(bin.resolve("id"), "echo 1000");
        program(bin.resolve("su"), "shift 2; exec sh -c \"$1\"");
        assertEquals("su - -c 'a && b'", bash(SOURCED + "as_root 'a && b'").out());
        environment.put("HOSTILE", "printf %s \"it's\" '$HOME `x`'");
        for (String way : List.of("su", "sudo")) {
            if (way.equals("sudo")) {
                program(bin.resolve("sudo"), "exec \"$@\"");
                assertEquals("sudo sh -c 'a && b'", bash(SOURCED + "as_root 'a && b'").out());
            }
            String line = bash(SOURCED + "as_root \"$HOSTILE\"").out();
            assertTrue(line.startsWith(way), line);
            assertEquals("it's$HOME `x`", bash(line).out(), line);
        }
        program(bin.resolve("id"), "echo 0");
        assertEquals("a && b", bash(SOURCED + "as_root 'a && b'").out());
    }

    /** The way to a JDK is a line to be pasted; the clone may lie anywhere. */
    @Test
    void theWayToAJdkCanBePasted() throws IOException, InterruptedException {
        Path scripts = Files.createDirectory(folder.resolve("it's $HOME `x` \"y\""));
        for (String name : List.of("need.sh", "stale.sh")) {
            Files.copy(Repository.ROOT.resolve("scripts").resolve(name), scripts.resolve(name));
        }
        Files.writeString(scripts.resolve("jdk-from-debian-13.sh"), "echo it runs");
        environment.put("SCRIPTS", scripts.toString());
        program(bin.resolve("apt-get"), "");
        program(bin.resolve("sudo"), "exec \"$@\"");
        for (int user : new int[] {0, 1000}) {
            program(bin.resolve("id"), "echo " + user);
            String line = bash(SOURCED + "no_jdk ''").err().lines().filter(text -> text.startsWith("    ")).findFirst()
                    .orElseThrow();
            assertEquals(new Said(0, "it runs\n", ""), bash(line), line);
        }
    }

    /** A fresh machine updates its lists by itself, at any time; other failures are told at once. */
    @Test
    void aBusyAptIsWaitedFor() throws IOException, InterruptedException {
        program(bin.resolve("apt-get"), "echo x >> '" + folder + "/tries'; [ \"$(grep -c x '" + folder
                + "/tries')\" -gt 2 ] || { echo 'E: Could not get lock /var/lib/apt/lists/lock.' >&2; exit 100; }");
        String noSleep = SOURCED + "sleep() { :; }\nupdate_lists > /dev/null";
        assertEquals(0, bash(noSleep).code());
        assertEquals(3, Files.readAllLines(folder.resolve("tries")).size());
        program(bin.resolve("apt-get"), "echo x >> '" + folder + "/tries'; exit 100");
        assertEquals(1, bash(noSleep).code());
        assertEquals(4, Files.readAllLines(folder.resolve("tries")).size());
    }

    @Test
    void aBuildIsStaleWhenASourceIsNewer() throws IOException, InterruptedException {
        Path tree = Files.createDirectory(folder.resolve("a tree"));
        List<String> sources = List.of("pom.xml", "ground/memory/pom.xml", "face/cli/src/main/java/A.java",
                "guest/init/main.c", "guest/init/Makefile", "scripts/build.sh", "scripts/train.sh",
                "scripts/Modernise.java");
        Instant built = Instant.now().minusSeconds(1_000);
        for (String source : sources) {
            write(tree.resolve(source), "", built.minusSeconds(1));
        }
        write(tree.resolve("build/stamp"), "", built);
        write(tree.resolve("build/java"), jdk("jdk-25", "25") + "/bin/java\n" + tree + "\n", built);
        assertFalse(stale(tree));
        for (String source : sources) {
            write(tree.resolve(source), "", built.plusSeconds(1));
            assertTrue(stale(tree), source);
            write(tree.resolve(source), "", built.minusSeconds(1));
        }
        assertFalse(stale(tree));
        Files.move(tree, tree.resolveSibling("moved"));
        assertTrue(stale(tree.resolveSibling("moved")));
        Files.move(tree.resolveSibling("moved"), tree);
        write(tree.resolve("build/java"), "", built);
        assertTrue(stale(tree), "a build that was cut off left an empty file");
    }

    private boolean stale(Path tree) throws IOException, InterruptedException {
        return bash(SOURCED + "stale '" + tree + "'").code() == 0;
    }

    private static void write(Path file, String text, Instant time) throws IOException {
        Files.createDirectories(file.getParent());
        Files.writeString(file, text);
        Files.setLastModifiedTime(file, FileTime.from(time));
    }
}
