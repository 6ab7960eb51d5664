package eu.mikelangelo.machines.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AcceleratorProbeTest {
    private static final Path KERNEL = Path.of("/k/vmlinuz-6.1");

    @TempDir
    Path folder;

    private static AcceleratorProbe.Boot judge(int exit, String output, boolean late) {
        return AcceleratorProbe.judge(new Programs.Result(exit, output, late), KERNEL, 1234);
    }

    @Test
    void onlyUserSpaceCounts() {
        assertTrue(judge(-1, "[ 1.1] Run /init\nmike-probe: user space\n", false).reached());
        assertFalse(judge(0, "[ 1.1] Run /init as init process\n", false).reached());
    }

    @Test
    void tellsAbortFromHang() {
        assertEquals("failed after 1.2 s (QEMU's exit code 134), its last line: kvm_buf_set_msrs: Assertion failed?[0m",
                judge(134, "x\nkvm_buf_set_msrs: Assertion failed\u001b[0m\n", false).story());
        assertEquals("did not reach user space within 1.2 s, it wrote nothing", judge(-1, "", true).story());
    }

    @Test
    void overrideSkipsTheProbe() {
        Qemu qemu = new Qemu("/nonexistent", "7.2.0", List.of("tcg"), false, false);
        Accelerator verdict = new AcceleratorProbe(Map.of("MIKE_ACCEL", "tcg"), folder.resolve("a"))
                .accelerator(qemu, KERNEL);
        assertEquals(new Accelerator("tcg", "MIKE_ACCEL=tcg"), verdict);
        AcceleratorProbe wrong = new AcceleratorProbe(Map.of("MIKE_ACCEL", "xen"), folder.resolve("a"));
        assertEquals(Failure.Kind.BAD_INPUT,
                assertThrows(Failure.class, () -> wrong.accelerator(qemu, KERNEL)).kind());
    }

    /** A script instead of QEMU, so that the cache can be watched without waiting for boots. */
    private Qemu fake(String accelerator, String says) throws Exception {
        Path script = folder.resolve("qemu.sh");
        Files.writeString(script, "#!/bin/sh\necho run >> " + folder.resolve("runs") + "\n"
                + "case \"$*\" in *' -accel " + accelerator + " '*) echo '" + says + "';; *) exit 3;; esac\n");
        Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
        return new Qemu(script.toString(), "7.2.0", List.of("tcg"), false, false);
    }

    @Test
    void asksOnceUntilQemuChanges() throws Exception {
        Qemu qemu = fake("tcg", "mike-probe: user space");
        Path kernel = Files.writeString(folder.resolve("vmlinuz"), "k");
        Path cache = folder.resolve("data/accelerator.json");
        Accelerator first = new AcceleratorProbe(Map.of(), cache).accelerator(qemu, kernel);
        assertEquals("tcg", first.name());
        assertTrue(first.reason().startsWith("kvm is not built into this QEMU; tcg booted vmlinuz"), first.reason());
        assertEquals(first, new AcceleratorProbe(Map.of(), cache).accelerator(qemu, kernel));
        assertEquals(1, Files.readAllLines(folder.resolve("runs")).size());
        Files.writeString(kernel, "another kernel");
        new AcceleratorProbe(Map.of(), cache).accelerator(qemu, kernel);
        assertEquals(2, Files.readAllLines(folder.resolve("runs")).size());
        Files.writeString(cache, "{not json");
        new AcceleratorProbe(Map.of(), cache).accelerator(qemu, kernel);
        assertEquals(3, Files.readAllLines(folder.resolve("runs")).size());
        try (var files = Files.list(folder.resolve("data"))) {
            assertEquals(List.of(cache), files.toList(), "the probe's initrd must be gone");
        }
    }

    @Test
    void nothingBootsIsAFailureWithBothStories() throws Exception {
        Qemu qemu = fake("none", "");
        Path kernel = Files.writeString(folder.resolve("vmlinuz"), "k");
        Failure failure = assertThrows(Failure.class,
                () -> new AcceleratorProbe(Map.of(), folder.resolve("a")).accelerator(qemu, kernel));
        assertTrue(failure.getMessage().contains("tcg failed after"), failure.getMessage());
        assertTrue(failure.getMessage().contains("exit code 3"), failure.getMessage());
    }

    @Test
    void programsAreKilledWhenLate() throws Exception {
        Programs.Result result = Programs.run(List.of("sh", "-c", "echo a; exec sleep 100"), Duration.ofMillis(300));
        assertTrue(result.timedOut());
        assertEquals("a\n", result.output());
        assertEquals(7, Programs.run(List.of("sh", "-c", "exit 7"), Duration.ofSeconds(10)).exit());
    }

    @Test
    void msixUnderTcgOnlyWhereItWasSeen() {
        assertFalse(new Qemu("q", "7.2.22", List.of(), false, false).vhostUserMsix("tcg"));
        assertTrue(new Qemu("q", "7.2.22", List.of(), false, false).vhostUserMsix("kvm"));
        assertTrue(new Qemu("q", "11.1.2", List.of(), false, false).vhostUserMsix("tcg"));
    }
}
