package eu.mikelangelo.machines;

import eu.mikelangelo.machines.initrd.Newc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Assumptions;

/** A kernel and a hand-made image for tests that boot: our init, busybox, and the modules a machine needs. */
final class TestImage {
    private static final List<String> MODULES = List.of("drivers/virtio/virtio_ring", "drivers/virtio/virtio",
            "drivers/virtio/virtio_pci_legacy_dev", "drivers/virtio/virtio_pci_modern_dev", "net/core/failover",
            "drivers/net/net_failover", "drivers/net/virtio_net", "drivers/char/virtio_console",
            "drivers/virtio/virtio_pci");

    private TestImage() { }

    /** The kernel named by -Dmike.test.kernel, a file or an unpacked kernel package; skips the test without one. */
    static Path kernel() {
        return need("no kernel: set -Dmike.test.kernel to an unpacked linux-image package", find(root(), "boot"));
    }

    private static Path root() {
        String property = System.getProperty("mike.test.kernel", "");
        return property.isEmpty() ? null : Path.of(property);
    }

    private static Path find(Path root, String folder) {
        if (root == null || !Files.isDirectory(root.resolve(folder))) {
            return root;
        }
        try (Stream<Path> files = Files.list(root.resolve(folder))) {
            return files.filter(file -> file.getFileName().toString().startsWith("vmlinuz")).findFirst().orElse(null);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path need(String reason, Path path) {
        if (path == null || !Files.exists(path)) {
            System.out.println("skipped: " + reason);
            Assumptions.abort(reason);
        }
        return path;
    }

    /** Writes an image that runs {@code sh -c script}. */
    static Path shell(Path target, String script) throws IOException {
        String built = System.getProperty("mike.test.init", "../../guest/init/build/init");
        Path init = need("guest/init/build/init is not built", Path.of(built));
        Path busybox = need("no /bin/busybox (package busybox-static)", Path.of("/bin/busybox"));
        Path modules;
        try (Stream<Path> versions = Files.list(need("no modules beside the kernel",
                kernel().getParent().resolveSibling("lib/modules")))) {
            modules = versions.findFirst().orElseThrow().resolve("kernel");
        }
        Newc archive = new Newc().folder("bin", 0755).folder("mike", 0700).folder("mike/modules", 0700)
                .file("init", 0755, Files.readAllBytes(init)).file("bin/sh", 0755, Files.readAllBytes(busybox))
                .file("bin/busybox", 0755, Files.readAllBytes(busybox));
        StringBuilder lines = new StringBuilder();
        for (String module : MODULES) {
            String name = module.substring(module.lastIndexOf('/') + 1) + ".ko";
            archive.file("mike/modules/" + name, 0644, Files.readAllBytes(modules.resolve(module + ".ko")));
            lines.append("module /mike/modules/").append(name).append('\n');
        }
        lines.append("arg /bin/sh\narg -c\narg ").append(script.replace("\\", "\\\\").replace(" ", "\\s")
                .replace("\n", "\\n")).append('\n');
        archive.file("mike/image", 0600, lines.toString().getBytes(StandardCharsets.UTF_8));
        return Files.write(target, archive.finish());
    }
}
