package eu.mikelangelo.machines;

import java.nio.file.Path;

/**
 * The plane as machines see it; the agent implements it with the plane's protocol. Called from any thread.
 * QEMU blocks at start until the plane has connected to {@link Port#vhostSocket}, so {@link #add} must hand the port
 * over at once; neither socket need exist yet (the plane tries again until it does).
 */
public interface PlanePorts {
    /**
     * @param name          the machine's name
     * @param vhostSocket   where QEMU listens for the back-end
     * @param mac           the guest's, the only one it may send with; {@code ip} likewise
     * @param gatewayMac    frames to it go to the uplink only; ARP for {@code gatewayIp} as well
     * @param uplinkSocket  where the machine's passt listens
     * @param rules         {@link MachineSpec#net}
     */
    record Port(String name, Path vhostSocket, String mac, String ip, String gatewayMac, String gatewayIp,
                Path uplinkSocket, String rules) { }

    /**
     * Adds the port, or replaces the one of that name. Returns soon; a plane that is away gets it when it is back.
     *
     * @throws eu.mikelangelo.base.Failure when the plane could not keep to the rules: the machine must not run without
     */
    void add(Port port);

    /** Removes the port; nothing happens when there is none. */
    void remove(String name);
}
