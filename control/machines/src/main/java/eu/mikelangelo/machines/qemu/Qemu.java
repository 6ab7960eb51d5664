package eu.mikelangelo.machines.qemu;

import java.util.List;

/**
 * What a QEMU on this host can do; found out by {@link QemuProbe}, not by its version.
 *
 * @param binary  absolute path
 * @param version as it says it, "7.2.22"
 * @param accelerators built in, of "kvm" and "tcg" (whether they work here is another question)
 * @param panicDevice  it has pvpanic-pci
 * @param sandbox seccomp is built in and starts
 */
public record Qemu(String binary, String version, List<String> accelerators, boolean panicDevice, boolean sandbox) {
    /**
     * Versions that were seen to serve MSI-X to a vhost-user card under TCG. Finding out for sure needs a back-end
     * and a guest with drivers, seconds and another few hundred lines for an interrupt mode that gains nothing under
     * emulation; so what was not seen gets the interrupt line, which works everywhere.
     */
    private static final List<String> MSIX_SEEN_UNDER_TCG = List.of("11.1.");

    public Qemu {
        accelerators = List.copyOf(accelerators);
    }

    /**
     * Whether a vhost-user card may use MSI-X. QEMU 7.2 under TCG dies of a segmentation fault when the guest's driver
     * starts such a card (it uses the table of KVM's interrupt descriptors, which is not there); under KVM all is well.
     */
    public boolean vhostUserMsix(String accelerator) {
        return accelerator.equals("kvm") || MSIX_SEEN_UNDER_TCG.stream().anyMatch(version::startsWith);
    }
}
