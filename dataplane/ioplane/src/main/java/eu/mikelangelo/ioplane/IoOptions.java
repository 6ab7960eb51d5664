package eu.mikelangelo.ioplane;

/**
 * How a core behaves.
 *
 * @param cpu the CPU to pin the thread to, or -1
 * @param spinNs how long the core goes on looking after the last frame before it sleeps, 0 to 1,000,000,000
 * @param gatewayMac the gateway's MAC address, or -1 for an open switch without uplinks
 * @param gatewayIpv4 the gateway's IPv4 address, read big-endian
 */
public record IoOptions(int cpu, long spinNs, long gatewayMac, int gatewayIpv4) {
    /**
     * With fewer than three CPUs the guests need the one we would spin on: whoever shares it with us sees a frame
     * only when the spinning ends. Measured on two busy CPUs, one frame there and seen: 97 us median without
     * spinning, 29 with 10 us, 47 with 30, 110 with 100. Yielding while spinning has a better median and a tail of 4
     * ms, a time slice of somebody else.
     */
    private static final int FEW_CPUS = 3;
    private static final long SPIN_FEW_CPUS_NS = 10_000;
    private static final long SPIN_NS = 1_000_000;

    /** @throws IllegalArgumentException when a core would not sleep after a second without traffic */
    public IoOptions {
        if (spinNs < 0 || spinNs > 1_000_000_000) {
            throw new IllegalArgumentException("spinning for " + spinNs + " ns; 0 to 1000000000 is possible");
        }
    }

    /** Defaults for this machine, for an open switch. */
    public static IoOptions open() {
        return new IoOptions(-1, defaultSpinNs(), FrameRules.NO_GATEWAY, 0);
    }

    /** Defaults for this machine, with a gateway. */
    public static IoOptions gateway(long mac, int ipv4) {
        return new IoOptions(-1, defaultSpinNs(), mac, ipv4);
    }

    /** The same, pinned to a CPU of its own: nobody waits for that, so it spins as long as one with many others. */
    public IoOptions pinned(int toCpu) {
        return new IoOptions(toCpu, Math.max(spinNs, SPIN_NS), gatewayMac, gatewayIpv4);
    }

    private static long defaultSpinNs() {
        return Runtime.getRuntime().availableProcessors() < FEW_CPUS ? SPIN_FEW_CPUS_NS : SPIN_NS;
    }
}
