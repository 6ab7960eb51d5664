package eu.mikelangelo.agent.service;

import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.Machine;
import eu.mikelangelo.machines.MachineRequest;
import eu.mikelangelo.machines.MachineSpec;
import eu.mikelangelo.machines.MachineState;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;

/**
 * {@link eu.mikelangelo.machines.Machines} by name, as the orchestrator uses it; an interface so that the orchestrator
 * is tested without QEMU. Errors are those of {@code Machines} and {@code Machine}.
 */
public interface Fleet {
    /** A machine at one moment. {@code commandLine} is QEMU's, empty when it is not live. */
    record Item(MachineSpec spec, MachineState state, List<String> commandLine, List<String> listening) { }

    List<Item> list();

    /** Empty when there is none. */
    Optional<Item> find(String name);

    /** @throws eu.mikelangelo.base.Failure NOT_FOUND with near names */
    Item get(String name);

    MachineSpec create(MachineRequest request);

    void start(String name, Progress progress);

    void awaitReady(String name, Duration limit);

    Optional<MachineState> awaitEnd(String name, Duration limit);

    void stop(String name, Duration grace);

    void kill(String name);

    void remove(String name, boolean force);

    /** The log of the application or of the kernel. */
    Path log(String name, boolean kernel);

    /** The machine itself, for what passes straight through. */
    Machine machine(String name);
}
