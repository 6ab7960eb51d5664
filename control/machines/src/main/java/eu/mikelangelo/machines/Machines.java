package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.machines.host.ProcessId;
import eu.mikelangelo.machines.qemu.Accelerator;
import eu.mikelangelo.machines.qemu.AcceleratorProbe;
import eu.mikelangelo.machines.qemu.Qemu;
import java.io.IOException;
import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;

/**
 * All machines of a home: the facade of this module. An agent does
 * {@snippet :
 * try (Machines machines = Machines.open(home, System.getenv(), planePorts)) {
 *     machines.adoptAll();
 *     Machine machine = machines.create(request);
 *     machine.start(Progress.NONE);
 *     machine.awaitReady(Duration.ofSeconds(60));
 *     MachineState end = machine.awaitEnd(Duration.ofDays(1)).orElseThrow();
 * }
 * }
 * Thread-safe. Closing it leaves every machine running; a successor adopts them.
 */
public final class Machines implements AutoCloseable {
    static final FileAttribute<?> OWNER_ONLY =
            PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------"));
    private static final System.Logger LOG = System.getLogger(Machines.class.getName());
    /** Between two looks at the logs; the second while a guest fills one as fast as it can (mike.status is a file). */
    private static final Duration ROTATION = Duration.ofSeconds(2);
    private static final Duration QUICK_ROTATION = Duration.ofMillis(50);

    private final Context context;
    private final MachineStore store;
    private final Map<String, Machine> machines = new ConcurrentSkipListMap<>();
    /** Names of machines whose files cannot be read; nothing is written over those. */
    private final Set<String> unreadable = ConcurrentHashMap.newKeySet();
    private final Thread rotator;

    private Machines(Home home, Map<String, String> env, PlanePorts plane, GuestLink.Connector guests)
            throws IOException {
        this.store = MachineStore.open(home.machines(), home.run().resolve("m"));
        this.context = new Context(home, Map.copyOf(env), plane,
                new AcceleratorProbe(env, home.data().resolve("accelerator.json")), guests, this::live);
        for (String name : store.names()) {
            machines.put(name, found(store.folder(name)));
        }
        rotator = Thread.ofVirtual().name("log rotation").start(this::rotate);
    }

    /** The machine of a folder; damage makes it FAILED, or takes a QEMU over that runs. */
    private Machine found(MachineFolder folder) {
        MachineSpec spec = null;
        try {
            spec = folder.readSpec();
            return new Machine(context, spec, folder.readState(), folder);
        } catch (Failure e) {
            LOG.log(System.Logger.Level.WARNING, e.getMessage());
            if (spec != null && e.kind() == Failure.Kind.UNTRUSTED) {
                return new Machine(context, spec, folder.recovered(Sockets.of(context.home(), spec.number()), e),
                        folder);
            }
            unreadable.add(folder.name());
            ProcessId qemu = Sockets.users(Set.of(folder.initrd().toString()))
                    .flatMap(process -> ProcessId.of(process.pid()).stream()).findFirst().orElse(null);
            return new Machine(context, folder.unreadable(e), folder.unreadable(e, qemu), folder);
        }
    }

    /**
     * Opens the home's machines; half-made folders of a killed predecessor are removed. One process per home (the
     * agent's lock sees to it). Starts nothing. A machine whose files are damaged, or cannot be read now, is FAILED
     * with that reason; its folder stays until {@link #remove}. When only its state is damaged, a QEMU that runs is
     * taken over.
     *
     * @param env the environment to look up PATH, MIKE_ACCEL, MIKE_QEMU and MIKE_PASST in
     */
    public static Machines open(Home home, Map<String, String> env, PlanePorts plane) {
        return open(home, env, plane, new ChannelLink.Connector());
    }

    static Machines open(Home home, Map<String, String> env, PlanePorts plane, GuestLink.Connector guests) {
        try {
            return new Machines(home, env, plane, guests);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot open the machines in " + home.machines() + ": "
                    + e.getMessage(), "check that the folder is ours and the disk has space", e);
        }
    }

    /**
     * Takes over what a predecessor left: machines whose QEMU lives are supervised again (their ports are added to the
     * plane anew, a dead passt is restarted), others become EXITED or FAILED by what their status log says. Call once,
     * before anything else. One machine that cannot be adopted is FAILED and does not keep the others from it.
     *
     * @return the machines that are live
     */
    public List<Machine> adoptAll() {
        Set<Machine> adopted = ConcurrentHashMap.newKeySet();
        atOnce(machines.values(), machine -> {
            if (machine.adopt()) {
                adopted.add(machine);
            }
        });
        return List.copyOf(adopted);
    }

    /** Each may have to wait for its guest or QEMU: all do at the same time. */
    static void atOnce(Collection<Machine> machines, Consumer<Machine> action) {
        List<Thread> threads = new ArrayList<>();
        for (Machine machine : machines) {
            threads.add(Thread.ofVirtual().name("for " + machine.spec().name()).start(() -> action.accept(machine)));
        }
        for (Thread thread : threads) {
            try {
                thread.join();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
        }
    }

    /**
     * Makes the folder of a new machine; it is CREATED and not started.
     *
     * @throws Failure CONFLICT name in use (given names only), or a published port that another live machine has, or
     *         twice the same; BAD_INPUT
     */
    public Machine create(MachineRequest request) {
        checkPorts(request.ports(), live());
        try {
            MachineSpec spec = store.create(request);
            MachineFolder folder = store.folder(spec.name());
            Machine machine = new Machine(context, spec, folder.readState(), folder);
            machines.put(spec.name(), machine);
            return machine;
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot make a machine in " + context.home().machines() + ": "
                    + e.getMessage(), "check the space on the disk", e);
        }
    }

    static void checkPorts(List<PublishedPort> ports, Collection<Machine> others) {
        for (int i = 0; i < ports.size(); i++) {
            PublishedPort ours = ports.get(i);
            if (ports.subList(0, i).stream().anyMatch(ours::collidesWith)) {
                throw new Failure(Failure.Kind.CONFLICT, "port " + ours + " is published twice", "leave one out");
            }
            for (Machine other : others) {
                for (PublishedPort theirs : other.spec().ports()) {
                    if (ours.collidesWith(theirs)) {
                        throw new Failure(Failure.Kind.CONFLICT, "cannot publish " + ours + ": machine \""
                                + other.spec().name() + "\" has " + theirs, "choose another host port with -p");
                    }
                }
            }
        }
    }

    /** @throws Failure NOT_FOUND with the names there are in the hint */
    public Machine get(String name) {
        Machine machine = machines.get(name);
        if (machine == null) {
            List<String> names = List.copyOf(machines.keySet());
            throw new Failure(Failure.Kind.NOT_FOUND, "there is no machine \"" + name + "\"", names.isEmpty()
                    ? "there is none at all yet" : "there are: " + String.join(", ", names.subList(0,
                            Math.min(10, names.size()))) + (names.size() > 10 ? ", …" : ""));
        }
        return machine;
    }

    /** All machines, live or not, by name. */
    public List<Machine> list() {
        return List.copyOf(machines.values());
    }

    private List<Machine> live() {
        return machines.values().stream().filter(machine -> machine.state().phase().live()).toList();
    }

    /** {@link Machine#kill}; of a machine whose files cannot be read, a QEMU that runs nevertheless. */
    public void kill(String name) {
        Machine machine = get(name);
        if (!unreadable.contains(name)) {
            machine.kill();
            return;
        }
        try {
            endUnreadable(name, true);
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot end machine \"" + name + "\": " + e.getMessage(),
                    "", e);
        }
    }

    /**
     * Removes a machine's folder with its logs; a damaged one as well.
     *
     * @param force stop it first (its grace, then kill); without it a live machine is CONFLICT
     * @throws Failure NOT_FOUND, CONFLICT
     */
    public void remove(String name, boolean force) {
        Machine machine = get(MachineSpec.checkName(name));
        try {
            if (unreadable.contains(name)) {
                endUnreadable(name, force);
            }
            machine.turn.lock();
            try {
                if (force) {
                    machine.stop(null);
                }
                if (machine.state().phase().live()) {
                    throw new Failure(Failure.Kind.CONFLICT, "machine \"" + name + "\" is live",
                            "stop it first (mike stop " + name + "), or remove it with -f");
                }
                store.remove(name);
                machines.remove(name, machine);
                unreadable.remove(name);
            } finally {
                machine.turn.unlock();
            }
        } catch (IOException e) {
            throw new Failure(Failure.Kind.UNAVAILABLE, "cannot remove machine \"" + name + "\": " + e.getMessage(),
                    "look into " + context.home().machines(), e);
        }
    }

    /** Its QEMU and passt may live, and we cannot read where their sockets are. */
    private void endUnreadable(String name, boolean force) throws IOException {
        Set<String> initrd = Set.of(store.folder(name).initrd().toString());
        if (!force && Sockets.users(initrd).findAny().isPresent()) {
            throw new Failure(Failure.Kind.CONFLICT, "machine \"" + name + "\" is damaged, and its QEMU runs",
                    "remove it with -f; that ends it");
        }
        Set<ProcessHandle> ours = Sockets.users(initrd).collect(Collectors.toSet());
        for (int number : strayNumbers()) {
            Sockets sockets = Sockets.of(context.home(), number);
            ProcessId qemu = sockets.qemu();
            if (qemu == null || qemu.handle().filter(ours::contains).isPresent()) {
                sockets.killUsers();
                sockets.remove();
            }
        }
        Sockets.kill(initrd);
    }

    /** Numbers with sockets that no machine with a readable spec has. */
    private List<Integer> strayNumbers() throws IOException {
        Set<Integer> known = machines.values().stream().map(machine -> machine.spec().number())
                .collect(Collectors.toSet());
        return store.numbersWithSockets().stream().filter(number -> !known.contains(number)).boxed().toList();
    }

    /**
     * The accelerator machines will use with this kernel; found by booting the kernel once (a few seconds) and kept in
     * data/accelerator.json. May be called early to have the verdict ready; later calls are cheap.
     */
    public Accelerator accelerator(Path kernel) {
        return context.accelerators().accelerator(context.qemu(), kernel);
    }

    /** The QEMU machines are started with. */
    public Qemu qemu() {
        return context.qemu();
    }

    private void rotate() {
        try {
            boolean grown = false;
            while (true) {
                Thread.sleep(grown ? QUICK_ROTATION : ROTATION);
                grown = false;
                for (Machine machine : live()) {
                    grown |= machine.rotateLogs();
                }
            }
        } catch (InterruptedException e) {
            // close()
        }
    }

    /** Ends supervision and leaves the machines running. */
    @Override
    public void close() {
        rotator.interrupt();
        atOnce(machines.values(), Machine::release);
    }
}
