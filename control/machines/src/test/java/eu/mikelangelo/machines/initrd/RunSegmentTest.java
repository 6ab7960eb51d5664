package eu.mikelangelo.machines.initrd;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.PublishedPort;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RunSegmentTest {
    @TempDir
    Path folder;

    private static MachineSpec spec(int stopSeconds) {
        Map<String, String> env = new LinkedHashMap<>();
        env.put("B", "two words\tand\nmore \\ ä");
        env.put("A", "");
        return new MachineSpec(1, "web", 0x1234, new MachineSpec.Image("i", "", "/i"),
                new MachineSpec.Kernel("k", "", "/k"), 128, 1,
                List.of(PublishedPort.parse("8080:80"), PublishedPort.parse("53/udp")), env,
                List.of("/bin/x", "", "a b"), List.of(List.of("/bin/mk", "x y"), List.of("/bin/z")), stopSeconds,
                Instant.EPOCH);
    }

    @Test
    void saysWhatTheProtocolAsks() {
        assertEquals("""
                hostname web
                net static 10.187.18.52/16 10.187.0.1 10.187.0.1 65520
                env B two\\swords\\tand\\nmore\\s\\\\\\sä
                env A \\e
                pre /bin/mk x\\sy
                pre /bin/z
                arg /bin/x
                arg \\e
                arg a\\sb
                listen tcp 80
                listen udp 53
                stop 7
                """, RunSegment.text(spec(7)));
        assertTrue(RunSegment.text(spec(0)).endsWith("stop 10\n"), "agent and guest count alike");
    }

    @Test
    void standsBehindTheImageOnFourBytes() throws Exception {
        byte[] image = "odd".getBytes(StandardCharsets.US_ASCII);
        Path target = folder.resolve("initrd");
        RunSegment.write(Files.write(folder.resolve("image"), image), RunSegment.text(spec(0)), target);
        RunSegment.write(folder.resolve("image"), RunSegment.text(spec(0)), target);
        byte[] whole = Files.readAllBytes(target);
        assertArrayEquals(new byte[] {'o', 'd', 'd', 0, '0', '7', '0', '7', '0', '1'}, Arrays.copyOf(whole, 10));
        assertEquals(0, whole.length % 4);
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)));
    }

    @Test
    void cpioReadsIt() throws Exception {
        Assumptions.assumeTrue(Files.isExecutable(Path.of("/usr/bin/cpio")), "skipped: cpio is not installed");
        Path archive = Files.write(folder.resolve("a.cpio"), new Newc().folder("mike", 0700)
                .file("mike/run", 0600, "hello".getBytes(StandardCharsets.UTF_8))
                .file("mike/x", 0755, new byte[4097]).finish());
        Process cpio = new ProcessBuilder("/usr/bin/cpio", "-itv", "--quiet").redirectInput(archive.toFile())
                .redirectErrorStream(true).start();
        String text = new String(cpio.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertTrue(cpio.waitFor(10, TimeUnit.SECONDS));
        List<String> lines = text.lines().map(line -> line.replaceAll("\\s+", " ")).toList();
        assertEquals(3, lines.size(), text);
        assertTrue(lines.get(0).startsWith("drwx------ 2 root root 0 "), text);
        assertTrue(lines.get(1).startsWith("-rw------- 1 root root 5 "), text);
        assertTrue(lines.get(2).startsWith("-rwxr-xr-x 1 root root 4097 ") && lines.get(2).endsWith("mike/x"), text);
    }
}
