package eu.mikelangelo.packages.image;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.packages.Start;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The text that guest/init reads; guest/PROTOCOL.md, "Files in the initramfs". */
class GuestConfigTest {
    private static final Start START = new Start(List.of("/bin/a b", "$OPTS", "x${NAME}", "$$HOME"),
            List.of(List.of("/bin/prepare", "$NAME")), Map.of("NAME", "tab\there"), "7:8,9", "/var/lib/a", true,
            List.of(new Start.RunFolder("/run/a b", 01750, 7, -1)), List.of());
    @TempDir
    Path folder;

    private static RunSpec spec(Map<String, String> env, List<String> args) {
        return new RunSpec("web", new RunSpec.Net.Static("10.187.0.2", 16, "10.187.0.1", "", 65520),
                List.of(new RunSpec.HostName("10.187.0.3", "db")), env, args, "", "",
                List.of(new RunSpec.Listen("tcp", 80), new RunSpec.Listen("udp", 53)), 5);
    }

    @Test
    void imageTextSaysAll() {
        assertEquals("""
                module /mike/modules/virtio.ko
                late /mike/modules/button.ko
                folder /run/a\\sb 1750 7 4294967295
                env NAME tab\\there
                pre /bin/prepare tab here
                arg /bin/a\\sb
                arg xtab\\there
                arg $HOME
                user 7 8,9
                workdir /var/lib/a
                forking 1
                """, GuestConfig.image(List.of("/mike/modules/virtio.ko"), List.of("/mike/modules/button.ko"), START));
    }

    @Test
    void runTextSaysWhatIsDifferentAndExpandsAgain() {
        assertEquals("""
                hostname web
                net static 10.187.0.2/16 10.187.0.1 - 65520
                host 10.187.0.3 db
                env NAME N
                env OPTS -v\\s-x
                pre /bin/prepare N
                arg /bin/a\\sb
                arg -v
                arg -x
                arg xN
                arg $HOME
                listen tcp 80
                listen udp 53
                stop 5
                """, GuestConfig.run(START, spec(orderedEnv(), List.of())));
        String plain = GuestConfig.run(START, RunSpec.PLAIN);
        assertTrue(plain.startsWith("net none\n"), plain);
        assertFalse(plain.contains("user"), "the image's user stays");
        String other = GuestConfig.run(START, spec(Map.of("E", ""), List.of("$NAME", "\\")));
        assertTrue(other.contains("env E \\e\n"), other);
        assertTrue(other.contains("arg /bin/a\\sb\narg $NAME\narg \\\\\n"), other);
    }

    private static Map<String, String> orderedEnv() {
        Map<String, String> env = new java.util.LinkedHashMap<>();
        env.put("NAME", "N");
        env.put("OPTS", "-v -x");
        return env;
    }

    @Test
    void impossibleValuesAreTold() {
        bad(spec(Map.of("A", "x\0"), List.of()));
        bad(spec(Map.of("A=B", "x"), List.of()));
        bad(spec(Map.of("", "x"), List.of()));
        bad(spec(Map.of("A", "x".repeat(50_000)), List.of()));
        bad(new RunSpec("", new RunSpec.Net.None(), List.of(), Map.of(), List.of(), "1:" + "2,".repeat(32) + "2", "",
                List.of(), 0));
        bad(spec(Map.of(), Collections.nCopies(5000, "x")));
        Start unset = new Start(List.of("$UNSET"), List.of(), Map.of(), "0:0", "/", false, List.of(), List.of());
        assertThrows(Failure.class, () -> GuestConfig.command(unset, Map.of(), List.of("x")));
        assertEquals(List.of("/bin/x", "a"), GuestConfig.command(unset, Map.of("UNSET", "/bin/x b"), List.of("a")));
        bad(new RunSpec("", new RunSpec.Net.None(), List.of(), Map.of(), List.of(), "postgres", "", List.of(), 0));
        bad(new RunSpec("", new RunSpec.Net.None(), List.of(), Map.of(), List.of(), "", "",
                List.of(new RunSpec.Listen("tcp", 70000)), 0));
    }

    private static void bad(RunSpec spec) {
        assertEquals(Failure.Kind.BAD_INPUT,
                assertThrows(Failure.class, () -> GuestConfig.run(START, spec)).kind());
    }

    @Test
    void anInitrdIsImageAndSegment() throws IOException {
        byte[] image = new byte[40_000];
        Arrays.fill(image, (byte) 3);
        Path file = folder.resolve("image");
        Files.write(file, image);
        byte[] segment = RunSegment.of(START, RunSpec.PLAIN);
        assertEquals(0, segment.length % 4);
        Path target = folder.resolve("initrd");
        RunSegment.writeInitrd(file, segment, target);
        byte[] written = Files.readAllBytes(target);
        assertArrayEquals(image, Arrays.copyOf(written, image.length));
        assertArrayEquals(segment, Arrays.copyOfRange(written, image.length, written.length));
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(target)),
                "an environment may hold secrets");
        CpioReader reader = new CpioReader(new ByteArrayInputStream(segment));
        assertEquals("/mike", reader.next().path());
        assertEquals("/mike/run", reader.next().path());
        Files.write(file, new byte[7]);
        assertEquals(Failure.Kind.UNTRUSTED,
                assertThrows(Failure.class, () -> RunSegment.writeInitrd(file, segment, target)).kind());
        assertArrayEquals(written, Files.readAllBytes(target), "what was there stays");
    }
}
