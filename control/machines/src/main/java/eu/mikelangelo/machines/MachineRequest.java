package eu.mikelangelo.machines;

import java.util.List;
import java.util.Map;

/**
 * What a caller asks {@link Machines#create} for; the number and the moment are added there. Fields as in
 * {@link MachineSpec}.
 *
 * @param name "" to derive one from {@code image.reference()}: memcached, then memcached-2, memcached-3 …
 */
public record MachineRequest(String name, MachineSpec.Image image, MachineSpec.Kernel kernel, int memoryMiB, int cpus,
                             List<PublishedPort> ports, Map<String, String> env, List<String> command,
                             List<List<String>> pre, int stopSeconds, String net) {
    /** A machine of which nothing is asked on the network. */
    public MachineRequest(String name, MachineSpec.Image image, MachineSpec.Kernel kernel, int memoryMiB, int cpus,
                          List<PublishedPort> ports, Map<String, String> env, List<String> command,
                          List<List<String>> pre, int stopSeconds) {
        this(name, image, kernel, memoryMiB, cpus, ports, env, command, pre, stopSeconds, "");
    }
}
