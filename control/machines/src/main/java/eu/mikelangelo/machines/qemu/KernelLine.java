package eu.mikelangelo.machines.qemu;

/** The kernel's command line of the {@code linux} flavour. */
public final class KernelLine {
    private KernelLine() { }

    /** @param accelerator "tcg" or "kvm" */
    public static String linux(String accelerator) {
        StringBuilder line = new StringBuilder("console=ttyS0 quiet");
        // After a panic reset at once; QEMU (-no-reboot) then ends instead.
        line.append(" panic=-1");
        // Devices a machine of ours never has; looking for them costs start time.
        line.append(" 8250.nr_uarts=1 i8042.noaux i8042.nomux i8042.nopnp");
        // The known-answer tests of the kernel's ciphers cost boot time under emulation (compare `mike run` of a shell
        // that prints /proc/uptime with and without); nothing of ours relies on them.
        line.append(" cryptomgr.notests");
        // Boot-time waits for RCU grace periods become short.
        line.append(" rcupdate.rcu_expedited=1");
        if (accelerator.equals("tcg")) {
            // The check of the 8254 behind the I/O APIC counts real time, which emulation under load has not.
            line.append(" no_timer_check");
        }
        return line.toString();
    }
}
