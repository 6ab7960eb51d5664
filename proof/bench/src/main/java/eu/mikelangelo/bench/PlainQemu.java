package eu.mikelangelo.bench;

import eu.mikelangelo.base.GuestText;
import eu.mikelangelo.machines.initrd.RunSegment;
import eu.mikelangelo.packages.image.ImageFile;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * The peer: QEMU as an expert would type it for the same kernel and tree, with its own user networking. The kernel
 * says as little as ours; the options with which our machines spare probes are part of what is measured.
 */
public final class PlainQemu {
    private final List<String> command;

    private PlainQemu(List<String> command) {
        this.command = command;
    }

    /** With QEMU's own user networking. @param hostPort forwarded to memcached's port in the guest; 0 for none */
    static PlainQemu of(Product product, Path image, Path scratch, int hostPort) {
        String run = new GuestText().line("hostname", "plain")
                .line("net", "static", "10.0.2.15/24", "10.0.2.2", "10.0.2.3", "1500").toString();
        String forward = hostPort == 0 ? "" : ",hostfwd=tcp:127.0.0.1:" + hostPort + "-:11211";
        return of(product, image, scratch.resolve(image.getFileName() + ".plain"), run,
                List.of("-netdev", "user,id=n0" + forward, "-device", "virtio-net-pci,netdev=n0"));
    }

    /**
     * With any network.
     *
     * @param initrd where the image is to be copied to, with what is this machine's own behind it
     * @param run lines of {@code /mike/run}
     * @param network QEMU's options
     */
    public static PlainQemu of(Product product, Path image, Path initrd, String run, List<String> network) {
        ImageFile file = ImageFile.open(image);
        try {
            RunSegment.write(image, run, initrd);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        Path kernel = product.home.resolve("kernels").resolve(file.manifest().kernel().sha256()).resolve("vmlinuz");
        List<String> command = new ArrayList<>(List.of("qemu-system-x86_64", "-M", "q35", "-accel", "tcg", "-cpu",
                "max", "-m", "256", "-nodefaults", "-no-user-config", "-display", "none", "-no-reboot",
                "-kernel", kernel.toString(), "-initrd", initrd.toString(),
                "-append", "console=ttyS0 quiet panic=-1 no_timer_check",
                "-serial", "stdio", "-device", "virtio-rng-pci"));
        command.addAll(network);
        return new PlainQemu(command);
    }

    /** Its words. */
    public List<String> command() {
        return command;
    }

    Process start() {
        try {
            return new ProcessBuilder(command).redirectInput(new File("/dev/null"))
                    .redirectError(ProcessBuilder.Redirect.DISCARD).start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
