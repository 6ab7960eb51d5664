package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A host that lacks something or has given it to somebody else: said before anything is made, and nothing is left. */
@Tag("boot")
@Timeout(value = 5, unit = TimeUnit.MINUTES)
class BadHostTest {
    private static final Path TOOLS = Mike.ROOT.resolve("build/t/tools");
    /** The time that a replaced passt may take. */
    private static final Duration REPLACED = Duration.ofSeconds(30);
    private final Mike mike = new Mike("main");

    @BeforeEach
    void prepare() throws IOException {
        Mike.delete(TOOLS);
        Files.createDirectories(TOOLS);
        mike.run("compose", "./examples/hello").ok();
        mike.run("agent", "stop", "--all").ok();
    }

    @AfterEach
    void clean() throws IOException {
        new Mike("main").close();
        Mike.delete(TOOLS);
    }

    private static Path tool(String name, String script) throws IOException {
        return Files.setPosixFilePermissions(Files.writeString(TOOLS.resolve(name), "#!/bin/sh\n" + script + "\n"),
                PosixFilePermissions.fromString("rwxr-xr-x"));
    }

    /** The command fails so and says all these words; no machine is made, and the images are those of before. */
    private static void refused(Mike by, int code, List<String> words, String... command) {
        String before = by.run("images", "--json").ok().out();
        String machines = by.run("ps", "-a", "-q").ok().out();
        by.refused(code, words, command);
        assertEquals(before, by.run("images", "--json").ok().out());
        assertEquals(machines, by.run("ps", "-a", "-q").ok().out());
    }

    @Test
    void withoutQemuTheLineToInstallItIsPrinted() throws IOException {
        for (String folder : List.of("/bin", "/usr/bin", "/sbin", "/usr/sbin", "/usr/local/bin")) {
            try (Stream<Path> programs = Files.list(Path.of(folder))) {
                for (Path program : programs.toList()) {
                    String name = program.getFileName().toString();
                    Path link = TOOLS.resolve(name);
                    if (!name.startsWith("qemu-system") && Files.notExists(link, LinkOption.NOFOLLOW_LINKS)) {
                        Files.createSymbolicLink(link, program);
                    }
                }
            }
        }
        Mike.Result result = new Mike("main").with("PATH", TOOLS.toString()).run("run", "hello");
        assertEquals(69, result.code(), result.out() + result.err());
        assertTrue(result.err().contains("qemu-system-x86") && result.err().contains("install"), result.err());
        mike.run("image", "inspect", "hello").ok();
    }

    @Test
    void aQemuThatIsTooOldOrBrokenIsRefused() throws IOException {
        tool("qemu-system-x86_64", "echo 'QEMU emulator version 5.2.0 (Debian 1:5.2+dfsg-11)'");
        Mike old = new Mike("main").with("PATH", TOOLS + ":" + System.getenv("PATH"));
        refused(old, 69, List.of(TOOLS.toString(), "5.2.0", "7.0 or later", "install"), "run", "hello");
        refused(old, 69, List.of("5.2.0"), "run", "-d", "--name", "x", "hello");
        tool("qemu-system-x86_64", "exit 1");
        refused(old, 69, List.of(TOOLS.toString()), "run", "hello");
        old.run("agent", "stop", "--all");
        Mike gone = new Mike("main").with("MIKE_QEMU", "/nonexistent/qemu");
        refused(gone, 69, List.of("MIKE_QEMU=/nonexistent/qemu", "absolute path"), "run", "hello");
        gone.run("agent", "stop", "--all");
        assertEquals("Hello, world, from a machine of your own.\n", mike.run("run", "hello").ok().out());
    }

    @Test
    void aPasstThatIsMissingOrDiesIsSaid() throws IOException {
        Mike missing = new Mike("main").with("MIKE_PASST", "/nonexistent/passt");
        refused(missing, 69, List.of("MIKE_PASST=/nonexistent/passt"), "run", "-d", "--name", "x", "hello");
        missing.run("agent", "stop", "--all");
        Mike dying = new Mike("main").with("MIKE_PASST", tool("passt", "echo no tun here >&2; exit 3").toString());
        refused(dying, 69, List.of("passt does not start", "no tun here", "by hand"), "run", "-d", "--name", "x",
                "hello");
        dying.run("agent", "stop", "--all");
        assertEquals("Hello, world, from a machine of your own.\n", mike.run("run", "hello").ok().out());
    }

    @Test
    void aPasstThatDiesIsReplacedAndOneThatIgnoresSigtermEnds() throws Exception {
        String real = sh("command -v passt").strip();
        mike.with("MIKE_PASST", tool("passt", "trap '' TERM\nexec " + real + " \"$@\"").toString());
        int port = Mike.freePort();
        mike.run("run", "-d", "--name", "m", "-p", port + ":11211", "memcached").ok();
        for (int i = 0; i < 2; i++) {
            Host.answers(port, REPLACED);
            ProcessHandle.of(mike.inspect("m").get("passtPid").asLong()).orElseThrow().destroyForcibly();
        }
        Host.answers(port, REPLACED);
        long passt = mike.inspect("m").get("passtPid").asLong();
        assertFalse(Host.commandLine(passt).isEmpty());
        mike.run("rm", "-f", "m").ok();
        Host.awaitEnd(passt);
        assertTrue(Host.free(port));
    }

    @Test
    void aPortInUseIsSaidWithItsOwnerAlsoWhenAMachineStartsAgain() throws Exception {
        int port = Mike.freePort();
        String publish = port + ":11211";
        try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertTrue(taken.isBound());
            refused(mike, 73, List.of("port " + port, "in use", "process " + ProcessHandle.current().pid()), "run",
                    "-d", "--name", "m", "-p", publish, "memcached");
        }
        mike.run("run", "-d", "--name", "m", "-p", publish, "memcached").ok();
        refused(mike, 73, List.of("port " + port, "machine m"), "run", "-d", "--name", "n", "-p", publish,
                "memcached");
        refused(mike, 73, List.of("there is a machine m already", "mike rm -f m", "--name"), "run", "-d", "--name",
                "m", "memcached");
        Host.answers(port, REPLACED);
        mike.run("stop", "m").ok();
        try (ServerSocket taken = new ServerSocket(port, 1, InetAddress.getLoopbackAddress())) {
            assertTrue(taken.isBound());
            refused(mike, 73, List.of("port " + port, "in use"), "start", "m");
            assertEquals("exited", mike.inspect("m").get("state").asString());
        }
        mike.run("start", "m").ok();
        Host.answers(port, REPLACED);
    }

    @Test
    void aHomeThatCannotBeWrittenIsSaid() throws Exception {
        Assumptions.assumeTrue(System.getProperty("user.name").equals("root"), "skipped: mounting a tmpfs needs root");
        Mike home = new Mike("readonly");
        Files.createDirectories(home.home());
        Assumptions.assumeTrue(new ProcessBuilder("mount", "-t", "tmpfs", "-o", "ro,size=1m", "none",
                home.home().toString()).start().waitFor() == 0, "skipped: this root may not mount");
        try {
            Mike.Result result = home.run("ps");
            assertEquals(69, result.code(), result.out() + result.err());
            for (String word : List.of(home.home() + "/run", "Read-only file system", "MIKE_HOME")) {
                assertTrue(result.err().contains(word), result.err());
            }
        } finally {
            new ProcessBuilder("umount", "-l", home.home().toString()).start().waitFor();
        }
    }

    private static String sh(String line) throws Exception {
        Process process = new ProcessBuilder("sh", "-c", line).start();
        String out = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertFalse(out.isBlank(), line);
        return out;
    }
}
