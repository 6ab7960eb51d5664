package eu.mikelangelo.machines.qemu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The installed QEMU itself. */
@Tag("boot")
@Timeout(180)
class QemuBootTest {
    @TempDir
    Path folder;

    private Qemu qemu() {
        assumeTrue(Programs.find("qemu-system-x86_64", System.getenv(), List.of()).isPresent(),
                "skipped: no qemu-system-x86_64 in PATH");
        return QemuProbe.probe(System.getenv(), folder.resolve("qemu.json"));
    }

    @Test
    void speaksQmpWithARealQemu() throws Exception {
        Qemu qemu = qemu();
        assertTrue(qemu.accelerators().contains("tcg"), qemu.toString());
        Path socket = folder.resolve("qmp.sock");
        List<String> argv = new ArrayList<>(List.of(qemu.binary(), "-M", "none", "-S", "-name", "guest=quiet"));
        argv.addAll(List.of("-nodefaults", "-display", "none"));
        new QemuCommand.Monitor(socket).render(argv);
        Process process = new ProcessBuilder(argv).inheritIO().start();
        BlockingQueue<Qmp.Event> events = new LinkedBlockingQueue<>();
        try {
            try (Qmp qmp = connect(socket, process, events)) {
                assertEquals(new Qmp.Status("prelaunch", false), qmp.queryStatus());
                assertEquals("quiet", qmp.queryName());
                assertTrue(qemu.version().startsWith(qmp.queryVersion()), qemu.version());
                qmp.cont();
                assertTrue(qmp.queryStatus().running());
                qmp.stop();
                assertEquals("paused", qmp.queryStatus().status());
                qmp.quit();
                assertTrue(process.waitFor(10, TimeUnit.SECONDS));
            }
            List<String> names = new ArrayList<>();
            events.forEach(event -> names.add(event.name()));
            assertTrue(names.containsAll(List.of("RESUME", "STOP")), names.toString());
        } finally {
            process.destroyForcibly();
        }
    }

    /** The socket is there a moment after the start, and heard a moment later. */
    private static Qmp connect(Path socket, Process qemu, BlockingQueue<Qmp.Event> events) throws Exception {
        while (true) {
            try {
                return Qmp.connect(socket, Duration.ofSeconds(10), events::add);
            } catch (IOException e) {
                if (!qemu.isAlive()) {
                    throw e;
                }
                Thread.sleep(2);
            }
        }
    }

    private static String kernelFile() throws IOException {
        String given = System.getProperty("mike.test.kernel", "");
        Path boot = Path.of(given).resolve("boot");
        if (given.isEmpty() || !Files.isDirectory(boot)) {
            return given;
        }
        try (var files = Files.list(boot)) {
            return files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst().orElseThrow()
                    .toString();
        }
    }

    @Test
    void reallyBootsAKernelToChooseTheAccelerator() throws Exception {
        Qemu qemu = qemu();
        String kernel = kernelFile();
        assumeTrue(!kernel.isEmpty(), "skipped: no kernel given (-Dmike.test.kernel=FILE)");
        AcceleratorProbe probe = new AcceleratorProbe(java.util.Map.of(), folder.resolve("accelerator.json"));
        Accelerator verdict = probe.accelerator(qemu, Path.of(kernel));
        System.out.println(verdict);
        assertTrue(verdict.reason().contains(verdict.name() + " booted"), verdict.reason());
        assertFalse(verdict.reason().endsWith("; "), verdict.reason());
        long start = System.nanoTime();
        assertEquals(verdict, probe.accelerator(qemu, Path.of(kernel)));
        assertTrue(System.nanoTime() - start < TimeUnit.MILLISECONDS.toNanos(500), "the second answer is a file read");
    }
}
