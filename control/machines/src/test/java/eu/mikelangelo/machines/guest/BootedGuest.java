package eu.mikelangelo.machines.guest;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/**
 * A QEMU under emulation with the real init in a hand-made initramfs. The application is init's own binary or a small
 * shell, whatever the test put into the tree.
 */
final class BootedGuest implements AutoCloseable {
    private static final List<String> MODULES = List.of("virtio/virtio_ring", "virtio/virtio",
            "virtio/virtio_pci_legacy_dev", "virtio/virtio_pci_modern_dev", "char/virtio_console", "virtio/virtio_pci");

    final Path folder;
    private final Process qemu;

    /**
     * Boots.
     *
     * @param kernel an unpacked kernel package: boot/vmlinuz-*, lib/modules/*
     * @param lines  for /mike/image, behind the modules
     * @param shell  a static shell with the usual small programs, as /bin/sh, or null
     */
    BootedGuest(Path folder, Path kernel, Path init, String lines, Path shell) throws IOException {
        this.folder = folder;
        ByteArrayOutputStream archive = new ByteArrayOutputStream();
        for (String directory : List.of("bin", "mike", "mike/modules")) {
            member(archive, directory, 040755, new byte[0]);
        }
        member(archive, "init", 0100755, Files.readAllBytes(init));
        if (shell != null) {
            member(archive, "bin/busybox", 0100755, Files.readAllBytes(shell));
            for (String name : List.of("sh", "cat", "sleep", "id", "sha256sum")) {
                member(archive, "bin/" + name, 0120777, "busybox".getBytes(StandardCharsets.UTF_8));
            }
        }
        StringBuilder text = new StringBuilder();
        Path drivers = only(kernel.resolve("lib/modules")).resolve("kernel/drivers");
        for (String module : MODULES) {
            String name = module.substring(module.indexOf('/') + 1) + ".ko";
            member(archive, "mike/modules/" + name, 0100644, Files.readAllBytes(drivers.resolve(module + ".ko")));
            text.append("module /mike/modules/").append(name).append('\n');
        }
        member(archive, "mike/image", 0100644, text.append(lines).toString().getBytes(StandardCharsets.UTF_8));
        member(archive, "TRAILER!!!", 0, new byte[0]);
        Files.write(folder.resolve("initrd"), archive.toByteArray());
        qemu = new ProcessBuilder(command(kernel)).redirectErrorStream(true)
                .redirectOutput(folder.resolve("qemu.log").toFile()).start();
        qemu.getOutputStream().close();
    }

    private List<String> command(Path kernel) throws IOException {
        Path image;
        try (Stream<Path> files = Files.list(kernel.resolve("boot"))) {
            image = files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst().orElseThrow();
        }
        List<String> words = new ArrayList<>(List.of("qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max",
                "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot", "-append",
                "console=ttyS0 quiet no_timer_check panic=-1", "-device", "virtio-serial-pci"));
        words.addAll(List.of("-kernel", image.toString(), "-initrd", folder.resolve("initrd").toString()));
        words.addAll(List.of("-serial", "file:" + folder.resolve("kernel.log")));
        words.addAll(List.of("-chardev", "file,id=console,path=" + folder.resolve("console.log"),
                "-device", "virtconsole,chardev=console"));
        words.addAll(List.of("-chardev", "file,id=status,path=" + statusLog(),
                "-device", "virtserialport,chardev=status,name=mike.status"));
        words.addAll(List.of("-chardev", "socket,id=control,server=on,wait=off,path=" + control(),
                "-device", "virtserialport,chardev=control,name=mike.control"));
        return words;
    }

    Path control() {
        return folder.resolve("control");
    }

    Path statusLog() {
        return folder.resolve("status.log");
    }

    /** Waits for QEMU's socket, which is there a moment after the start. */
    GuestChannel connect(GuestChannel.First first, GuestChannel.Listener listener) throws Exception {
        for (int i = 0; ; i++) {
            try {
                return GuestChannel.connect(control(), first, listener);
            } catch (IOException e) {
                if (i == 500 || !qemu.isAlive()) {
                    throw new AssertionError(everything(), e);
                }
                Thread.sleep(10);
            }
        }
    }

    /** Waits for the machine's end. */
    List<GuestEvent> events() throws Exception {
        if (!qemu.waitFor(60, TimeUnit.SECONDS)) {
            throw new AssertionError("the machine does not end\n" + everything());
        }
        return StatusReader.readLog(statusLog());
    }

    @Override
    public String toString() {
        try {
            return everything();
        } catch (IOException e) {
            return e.toString();
        }
    }

    private String everything() throws IOException {
        StringBuilder text = new StringBuilder();
        for (String log : List.of("qemu.log", "kernel.log", "status.log", "console.log")) {
            Path file = folder.resolve(log);
            text.append("--- ").append(log).append('\n').append(Files.exists(file) ? Files.readString(file) : "");
        }
        return text.toString();
    }

    @Override
    public void close() {
        qemu.destroyForcibly();
    }

    /** What a boot test needs and where it was found; skips the test with a reason when something is missing. */
    static Path need(String what, Path path) {
        if (path == null || !Files.exists(path)) {
            System.out.println("skipped: " + what);
            Assumptions.abort(what);
        }
        return path;
    }

    static Path init() {
        Path at = Path.of("").toAbsolutePath();
        while (at != null && !Files.isDirectory(at.resolve("guest/init"))) {
            at = at.getParent();
        }
        return at == null ? null : at.resolve("guest/init/build/init");
    }

    private static Path only(Path folder) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.findFirst().orElseThrow();
        }
    }

    /** One newc member (Documentation/driver-api/early-userspace/buffer-format.rst of Linux). */
    private static void member(ByteArrayOutputStream out, String name, int mode, byte[] data) {
        int[] fields = {0, mode, 0, 0, 1, 0, data.length, 0, 0, 0, 0, name.length() + 1, 0};
        StringBuilder head = new StringBuilder("070701");
        for (int field : fields) {
            head.append("%08X".formatted(field));
        }
        out.writeBytes(head.append(name).append('\0').toString().getBytes(StandardCharsets.US_ASCII));
        out.writeBytes(new byte[-out.size() & 3]);
        out.writeBytes(data);
        out.writeBytes(new byte[-out.size() & 3]);
    }
}
