package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.MachineState.Phase;
import eu.mikelangelo.machines.host.LogRotator;
import eu.mikelangelo.machines.host.ProcessId;
import eu.mikelangelo.machines.qemu.Accelerator;
import eu.mikelangelo.machines.qemu.Qemu;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.concurrent.locks.ReentrantLock;

/**
 * One machine, supervised while it lives. Thread-safe; start, stop and removal of one machine exclude each other, kill
 * comes through at any time. Every method that meets a wrong state throws {@link Failure} CONFLICT.
 */
public final class Machine {
    private static final System.Logger LOG = System.getLogger(Machine.class.getName());
    private static final Duration AFTER_KILL = Duration.ofSeconds(10);
    private static final Duration SETTLING = Duration.ofMillis(500);
    private static final int TAIL_LINES = 20;

    private final Context context;
    private final MachineSpec spec;
    private final MachineFolder folder;
    private final Sockets sockets;
    /** Held by start, stop and removal, for as long as they take. */
    final ReentrantLock turn = new ReentrantLock();
    private final ReentrantLock rotating = new ReentrantLock();
    private final KeptState kept;
    private volatile Live live;
    private volatile boolean released;
    private volatile GuestStatus status = new GuestStatus();

    Machine(Context context, MachineSpec spec, MachineState state, MachineFolder folder) {
        this.context = context;
        this.spec = spec;
        this.folder = folder;
        this.kept = new KeptState(state, folder);
        this.sockets = Sockets.of(context.home(), spec.number());
    }

    public MachineSpec spec() {
        return spec;
    }

    /** As it is now. */
    public MachineState state() {
        return kept.state();
    }

    private MachineState apply(MachineEvent event) {
        return kept.apply(event);
    }

    /**
     * Starts QEMU and passt and hands the port to the plane; returns when QEMU runs the guest (long before it is
     * ready).
     * Allowed in CREATED, EXITED and FAILED.
     *
     * @throws Failure UNAVAILABLE program missing; CONFLICT it is live, or a host port is taken; GUEST QEMU died at
     *         once; TIMEOUT the plane did not connect
     */
    public void start(Progress progress) {
        turn.lock();
        try {
            if (state().phase().live()) {
                throw conflict("is live already", "mike ps shows it");
            }
            checkPorts();
            checkFile("image", spec.image().file());
            checkFile("kernel", spec.kernel().file());
            progress.step("looking for QEMU");
            Qemu qemu = context.qemu();
            progress.step("choosing the accelerator");
            Accelerator accelerator = context.accelerators().accelerator(qemu, Path.of(spec.kernel().file()));
            progress.step("starting " + spec.name());
            launch(qemu, accelerator);
        } finally {
            turn.unlock();
        }
    }

    private void launch(Qemu qemu, Accelerator accelerator) {
        status = new GuestStatus();
        apply(new MachineEvent.Start());
        Launch launch = new Launch(context, spec, folder, sockets);
        try {
            apply(launch.processes(qemu, accelerator));
            context.plane().add(port());
            launch.awaitPasst();
            notKilledMeanwhile();
            live = Live.connect(sockets, context.guests(), true, launch::qemuRuns, listener(),
                    this::rotateLogs);
        } catch (IOException | RuntimeException e) {
            Failure failure = e instanceof Failure known ? known : !launch.started() || launch.qemuRuns()
                    ? notStarted(e) : launch.qemuDied();
            launch.undo();
            clean();
            apply(new MachineEvent.LaunchFailed(failure.getMessage()));
            throw failure;
        }
        supervise(state());
    }

    /** A kill may come before the process is known that it should hit. */
    private void notKilledMeanwhile() {
        if (state().phase() == Phase.STOPPING) {
            throw conflict("was killed while it started", "");
        }
    }

    private Failure notStarted(Exception e) {
        return new Failure(Failure.Kind.UNAVAILABLE, "cannot start " + spec.name() + ": " + e.getMessage(),
                "if QEMU did not answer, the plane may not have connected: see " + folder.qemuLog(), e);
    }

    private PlanePorts.Port port() {
        return new PlanePorts.Port(spec.name(), sockets.net(), spec.mac(), spec.address(), MachineSpec.GATEWAY_MAC,
                MachineSpec.GATEWAY, sockets.passt(), spec.net());
    }

    private void checkPorts() {
        List<Machine> others = context.neighbours().live().stream().filter(other -> other != this).toList();
        Machines.checkPorts(spec.ports(), others);
    }

    private void checkFile(String what, String file) {
        if (!Files.isReadable(Path.of(file))) {
            throw new Failure(Failure.Kind.NOT_FOUND, "the " + what + " of machine \"" + spec.name() + "\" is gone: "
                    + file, "remove the machine and run it anew: mike rm " + spec.name());
        }
    }

    private GuestLink.Listener listener() {
        GuestStatus heard = status;
        return new GuestLink.Listener() {
            @Override
            public void event(MachineEvent event) {
                apply(event);
            }

            @Override
            public void listening(String protocol, int port, boolean everywhere) {
                heard.listening(protocol, port, everywhere);
            }

            @Override
            public void closed(String reason) {
                // The end of QEMU tells us more.
            }
        };
    }

    /** Watches QEMU and passt of a run until QEMU ends. */
    private void supervise(MachineState run) {
        Live watched = live;
        Thread.ofVirtual().name("watch " + spec.name()).start(() -> {
            if (awaitGone(run.qemu(), watched)) {
                ended();
            }
        });
        Thread.ofVirtual().name("watch passt of " + spec.name()).start(() -> new PasstWatch(this, run.qemu()).run());
    }

    /** Returns whether QEMU ended; false: our supervision did. */
    private boolean awaitGone(ProcessId qemu, Live watched) {
        qemu.handle().ifPresent(handle ->
                CompletableFuture.anyOf(handle.onExit(), watched.qmp.onClose()).join());
        // QMP closes a moment before the process is gone; a process that is not our child is polled by the JDK, slowly.
        long quick = System.nanoTime() + AFTER_KILL.toNanos();
        while (qemu.alive()) {
            if (released) {
                return false;
            }
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(System.nanoTime() - quick < 0 ? 5 : 500));
        }
        return true;
    }

    private void ended() {
        Live over = live;
        if (over != null) {
            over.close();
        }
        lastWords();
        clean();
        live = null;
        apply(new MachineEvent.Gone(MachineFolder.tail(folder.qemuLog(), 5)));
    }

    /** What the logs know that the connections may have missed. */
    private void lastWords() {
        try {
            context.guests().replay(folder.statusLog(), listener());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot read " + folder.statusLog() + ": " + e.getMessage());
        }
        String kernel = MachineFolder.tail(folder.kernelLog(), 60);
        int panic = kernel.indexOf("Kernel panic");
        if (panic >= 0) {
            apply(new MachineEvent.Panicked(kernel.substring(panic).lines().findFirst().orElse("")
                    + "\nlast lines of the kernel:\n" + MachineFolder.tail(folder.kernelLog(), TAIL_LINES)));
        }
    }

    /** Ends and removes what belongs to a run that is over. */
    private void clean() {
        ProcessId passt = state().passt();
        if (passt != null) {
            passt.kill();
        }
        try {
            context.plane().remove(spec.name());
        } catch (RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "the plane keeps the port of " + spec.name() + ": " + e.getMessage());
        }
        try {
            sockets.remove();
            Files.deleteIfExists(folder.initrd());
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot clean up after " + spec.name() + ": " + e.getMessage());
        }
    }

    /**
     * Takes the machine over from a killed predecessor.
     *
     * @return whether it is live
     */
    boolean adopt() {
        turn.lock();
        try {
            MachineState left = state();
            if (!left.phase().live()) {
                return false;
            }
            if (left.qemu() == null || !left.qemu().alive()) {
                sockets.killUsers();
                if (left.qemu() == null) {
                    clean();
                    apply(new MachineEvent.LaunchFailed("the agent was killed while it started the machine"));
                } else {
                    ended();
                }
                return false;
            }
            return reconnect(left);
        } finally {
            turn.unlock();
        }
    }

    private boolean reconnect(MachineState left) {
        try {
            context.plane().add(port());
            live = Live.connect(sockets, context.guests(), false, left.qemu()::alive, listener(),
                    this::rotateLogs);
        } catch (IOException | RuntimeException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot take " + spec.name() + " over: " + e.getMessage());
            left.qemu().kill();
            awaitDeath(left.qemu());
            ended();
            return false;
        }
        supervise(left);
        if (left.phase() == Phase.STOPPING) {
            Thread.ofVirtual().name("stop " + spec.name()).start(() -> stop(null));
        }
        return true;
    }

    private static void awaitDeath(ProcessId process) {
        long deadline = System.nanoTime() + AFTER_KILL.toNanos();
        while (process.alive() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(TimeUnit.MILLISECONDS.toNanos(5));
        }
    }

    /** A new passt for the run of that QEMU; nothing when that run is over. */
    void replacePasst(ProcessId qemu) throws IOException {
        turn.lock();
        try {
            if (state().phase().live() && qemu.equals(state().qemu()) && qemu.alive()) {
                apply(new MachineEvent.PasstReplaced(Launch.passtAgain(context, spec, folder, sockets)));
            }
        } finally {
            turn.unlock();
        }
    }

    /**
     * Returns when the guest said "ready": the application runs and listens on every published port; without ports,
     * when it has also lived for half a second or has ended with exit code 0.
     *
     * @throws Failure TIMEOUT naming the ports that nobody listens on; GUEST with the last lines of the console when
     *         the machine ended first
     */
    public void awaitReady(Duration limit) {
        MachineState reached = kept.await(limit, now -> now.ready() || ending(now)).orElse(null);
        if (reached == null) {
            throw GuestStatus.late(spec, state(), status, limit);
        }
        if (!ending(reached) && spec.ports().isEmpty()) {
            // Nothing to listen for: "ready" means started only, and many a bad configuration ends it right after.
            reached = kept.await(SETTLING, Machine::ending).orElse(reached);
        }
        boolean done = reached.ready() && ExitStatus.code(0).equals(reached.exit());
        if (ending(reached) && !done) {
            throw GuestStatus.endedEarly(spec, reached, MachineFolder.tail(folder.consoleLog(), TAIL_LINES));
        }
    }

    /** It is over, or its fate is known and it is powering off. */
    private static boolean ending(MachineState now) {
        return now.exit() != null || !now.reason().isEmpty() || !now.phase().live();
    }

    /** Waits for EXITED or FAILED, at once when it is not live; empty when {@code limit} passed first. */
    public Optional<MachineState> awaitEnd(Duration limit) {
        return kept.awaitEnd(limit);
    }

    /**
     * Stops it: SIGTERM to the application, after the grace SIGKILL and power off, then QMP quit, then SIGKILL to QEMU.
     * Returns when it is over; at once if it is not live.
     *
     * @param grace how long the application may take; null: the spec's, else 10 s
     */
    public void stop(Duration grace) {
        turn.lock();
        try {
            MachineState before = state();
            if (!before.phase().live()) {
                return;
            }
            apply(new MachineEvent.StopRequested());
            Live target = live;
            if (target != null && target.farewell(spec, kept, before.phase(), grace)) {
                return;
            }
            kill();
        } finally {
            turn.unlock();
        }
    }

    /** Ends QEMU at once; the state becomes EXITED by signal 9. Returns when it is over. */
    public void kill() {
        MachineState now = apply(new MachineEvent.StopRequested());
        if (now.qemu() != null) {
            now.qemu().kill();
        }
        if (awaitEnd(AFTER_KILL).isEmpty()) {
            throw new Failure(Failure.Kind.TIMEOUT, "QEMU of " + spec.name() + " does not end after SIGKILL",
                    "look at process " + (now.qemu() == null ? "list" : now.qemu().pid()) + " (a disk that hangs?)");
        }
    }

    /** Sends a signal to the application. */
    public void signal(int number) {
        running().answering().signal(number);
    }

    /** Joins the application's console; many may. */
    public Attachment attach() {
        Live now = live;
        if (now == null) {
            throw conflict("is not running", "start it: mike start " + spec.name());
        }
        return now.console.attach();
    }

    /**
     * Runs a command in the guest.
     *
     * @param user    "" for the application's, else {@code UID[:GID[,GID...]]} in numbers
     * @param workdir "" for /
     * @param argv    the command and its words
     */
    public ExecSession exec(String user, String workdir, List<String> argv) {
        return running().answering().exec(user, workdir, argv);
    }

    /** Copies a file of the guest. */
    public void copyOut(String guestPath, OutputStream to) throws IOException {
        running().answering().get(guestPath, to);
    }

    /** Writes a file of the guest (beside it, then renamed). */
    public void copyIn(InputStream from, String guestPath, int mode) throws IOException {
        running().answering().put(from, guestPath, mode);
    }

    private Live running() {
        Live now = live;
        if (now == null || state().phase() != Phase.RUNNING) {
            throw conflict("is not running (it is " + state().phase() + ")", "start it: mike start " + spec.name());
        }
        return now;
    }

    private Failure conflict(String what, String hint) {
        return new Failure(Failure.Kind.CONFLICT, "machine \"" + spec.name() + "\" " + what, hint);
    }

    /** QEMU's command line as it was started; empty when it does not run. */
    public List<String> commandLine() {
        ProcessId qemu = state().qemu();
        if (qemu == null || !qemu.alive()) {
            return List.of();
        }
        try {
            byte[] bytes = Files.readAllBytes(Path.of("/proc/" + qemu.pid() + "/cmdline"));
            return List.of(new String(bytes, StandardCharsets.UTF_8).split("\0"));
        } catch (IOException e) {
            return List.of();
        }
    }

    /** Ports of the guest somebody listens on, as "tcp 80", as far as the guest has said. */
    public List<String> listening() {
        return status.listening();
    }

    /** The application's output, bounded; its predecessor is the same name with ".1" (may be absent). */
    public Path consoleLog() {
        return folder.consoleLog();
    }

    /** The kernel's messages, likewise. */
    public Path kernelLog() {
        return folder.kernelLog();
    }

    /** Keeps the logs within bounds. @return whether one had grown beyond */
    boolean rotateLogs() {
        boolean grown = false;
        rotating.lock();
        try {
            for (Path log : List.of(folder.consoleLog(), folder.kernelLog(), folder.statusLog(), folder.qemuLog(),
                    folder.passtLog())) {
                grown |= LogRotator.rotate(log, LogRotator.MOST_BYTES);
            }
        } catch (IOException e) {
            LOG.log(System.Logger.Level.WARNING, "cannot rotate a log of " + spec.name() + ": " + e.getMessage());
        } finally {
            rotating.unlock();
        }
        return grown;
    }

    /** Ends supervision; the machine lives on. */
    void release() {
        released = true;
        Live now = live;
        if (now != null) {
            now.close();
        }
    }

    boolean released() {
        return released;
    }
}
