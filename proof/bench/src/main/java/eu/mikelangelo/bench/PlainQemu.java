package eu.mikelangelo.bench;

import eu.mikelangelo.packages.image.ImageFile;
import eu.mikelangelo.packages.image.RunSegment;
import eu.mikelangelo.packages.image.RunSpec;
import java.io.File;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The peer: QEMU as an expert would type it for the same kernel and tree, with its own user networking. The kernel's
 * options are the ones our machines get, so that neither side prints more or probes less.
 */
final class PlainQemu {
    private final List<String> command;

    private PlainQemu(List<String> command) {
        this.command = command;
    }

    /** @param hostPort forwarded to memcached's port in the guest; 0 for no forwarding */
    static PlainQemu of(Product product, Path image, Path scratch, int hostPort) {
        ImageFile file = ImageFile.open(image);
        Path initrd = scratch.resolve(image.getFileName() + ".plain");
        RunSpec spec = new RunSpec("plain", new RunSpec.Net.Static("10.0.2.15", 24, "10.0.2.2", "10.0.2.3", 1500), List.of(),
                Map.of(), List.of(), "", "", List.of(), 0);
        RunSegment.writeInitrd(image, RunSegment.of(file.manifest().start(), spec), initrd);
        Path kernel = product.home.resolve("kernels").resolve(file.manifest().kernel().sha256()).resolve("vmlinuz");
        String forward = hostPort == 0 ? "" : ",hostfwd=tcp:127.0.0.1:" + hostPort + "-:11211";
        return new PlainQemu(new ArrayList<>(List.of("qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu", "max",
                "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", kernel.toString(), "-initrd", initrd.toString(),
                "-append", "console=ttyS0 quiet panic=-1 no_timer_check",
                "-serial", "stdio", "-device", "virtio-rng-pci",
                "-netdev", "user,id=n0" + forward, "-device", "virtio-net-pci,netdev=n0")));
    }

    Process start() {
        try {
            return new ProcessBuilder(command).redirectInput(new File("/dev/null"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (java.io.IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }
}
