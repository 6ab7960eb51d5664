package eu.mikelangelo.machines.qemu;

/**
 * What runs a guest's processor.
 *
 * @param name   "kvm" or "tcg"
 * @param reason why this one, for people: "kvm booted vmlinuz-6.1 in 0.9 s", "kvm: QEMU died: …; tcg booted …"
 */
public record Accelerator(String name, String reason) { }
