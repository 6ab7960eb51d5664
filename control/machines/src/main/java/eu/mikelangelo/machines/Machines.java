package eu.mikelangelo.machines;

import eu.mikelangelo.base.Home;
import eu.mikelangelo.machines.qemu.Accelerator;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * All machines of a home: the facade of this module. An agent does
 * {@snippet :
 * try (Machines machines = Machines.open(home, System.getenv(), planePorts)) {
 *     machines.adoptAll();
 *     Machine machine = machines.create(request);
 *     machine.start(Progress.NONE);
 *     machine.awaitReady(Duration.ofSeconds(60));
 *     ExitStatus exit = machine.awaitExit(Duration.ofDays(1)).orElseThrow();
 * }
 * }
 * Thread-safe. Closing it leaves every machine running; a successor adopts them.
 */
public final class Machines implements AutoCloseable {
    private Machines() { }

    /**
     * Opens the home's machines; half-made folders of a killed predecessor are removed. One process per home (the
     * agent's lock sees to it). Starts nothing.
     *
     * @param env the environment to look up PATH, MIKE_ACCEL, MIKE_QEMU and MIKE_PASST in
     */
    public static Machines open(Home home, Map<String, String> env, PlanePorts plane) {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Takes over what a predecessor left: machines whose QEMU lives are supervised again (their ports are added to the
     * plane anew, a dead passt is restarted), others become EXITED or FAILED by what their status log says. Call once,
     * before anything else. One machine that cannot be adopted is FAILED and does not keep the others from it.
     *
     * @return the machines that are live
     */
    public List<Machine> adoptAll() {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Makes the folder of a new machine; it is CREATED and not started.
     *
     * @throws eu.mikelangelo.base.Failure CONFLICT name in use (given names only), or a published port that another live
     *         machine has; BAD_INPUT
     */
    public Machine create(MachineRequest request) {
        throw new UnsupportedOperationException("soon");
    }

    /** @throws eu.mikelangelo.base.Failure NOT_FOUND with the nearest names in the hint */
    public Machine get(String name) {
        throw new UnsupportedOperationException("soon");
    }

    /** All machines, live or not, by name. */
    public List<Machine> list() {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * Removes a machine's folder with its logs.
     *
     * @param force stop it first (its grace, then kill); without it a live machine is CONFLICT
     */
    public void remove(String name, boolean force) {
        throw new UnsupportedOperationException("soon");
    }

    /**
     * The accelerator machines will use with this kernel; found by booting the kernel once (a few seconds) and kept in
     * data/accelerator.json. May be called early to have the verdict ready; later calls are cheap.
     */
    public Accelerator accelerator(Path kernel) {
        throw new UnsupportedOperationException("soon");
    }

    /** Ends supervision and leaves the machines running. */
    @Override
    public void close() { }
}
