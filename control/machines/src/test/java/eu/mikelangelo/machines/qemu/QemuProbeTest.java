package eu.mikelangelo.machines.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Scripts stand for QEMUs that this host does not have: too old, too new, built without something. */
class QemuProbeTest {
    @TempDir
    Path folder;

    private Map<String, String> fake(String version, String missing) throws Exception {
        Path script = folder.resolve("qemu-system-x86_64");
        Files.writeString(script, """
                #!/bin/sh
                echo run >> %s
                case "$*" in
                  --version) echo 'QEMU emulator version %s (Debian)';;
                  '-machine help') echo 'q35   Standard PC';;
                  '-accel help') printf 'Accelerators supported:\\ntcg\\nkvm\\n';;
                  *'%s'*) exit 1;;
                esac
                """.formatted(folder.resolve("runs"), version, missing));
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return Map.of("PATH", "relative:/nonexistent:" + folder + ":/usr/bin:/bin");
    }

    private Failure failure(Map<String, String> env) {
        return assertThrows(Failure.class, () -> QemuProbe.probe(env, folder.resolve("data/qemu.json")));
    }

    @Test
    void findsItInPathAndRemembers() throws Exception {
        Map<String, String> env = fake("10.2.1", "pvpanic");
        Path cache = folder.resolve("data/qemu.json");
        Qemu qemu = QemuProbe.probe(env, cache);
        assertEquals(new Qemu(folder + "/qemu-system-x86_64", "10.2.1", List.of("tcg", "kvm"), false, true), qemu);
        int runs = Files.readAllLines(folder.resolve("runs")).size();
        assertEquals(qemu, QemuProbe.probe(env, cache));
        assertEquals(runs, Files.readAllLines(folder.resolve("runs")).size());
        fake("10.2.11", "-sandbox");
        assertEquals(new Qemu(folder + "/qemu-system-x86_64", "10.2.11", List.of("tcg", "kvm"), true, false),
                QemuProbe.probe(env, cache));
    }

    @Test
    void refusesOldOnes() throws Exception {
        Failure failure = failure(fake("6.2.0", "nothing"));
        assertEquals(Failure.Kind.UNAVAILABLE, failure.kind());
        assertTrue(failure.getMessage().contains("is version 6.2.0; version 7.0"), failure.getMessage());
        assertTrue(failure.hint().contains("apt-get install"), failure.hint());
    }

    @Test
    void refusesOnesThatLackADevice() throws Exception {
        Failure failure = failure(fake("9.0.0", "virtconsole"));
        assertTrue(failure.getMessage().contains("lacks the device virtconsole"), failure.getMessage());
    }

    @Test
    void saysWhenTheOverrideIsNothing() {
        Failure failure = failure(Map.of("MIKE_QEMU", "/nonexistent/qemu"));
        assertTrue(failure.getMessage().contains("/nonexistent/qemu"), failure.getMessage());
    }
}
