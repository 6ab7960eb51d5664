package eu.mikelangelo.machines;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.host.Launcher;
import eu.mikelangelo.machines.host.LogRotator;
import eu.mikelangelo.machines.host.ProcessId;
import eu.mikelangelo.machines.initrd.RunSegment;
import eu.mikelangelo.machines.qemu.Accelerator;
import eu.mikelangelo.machines.qemu.AcceleratorProbe;
import eu.mikelangelo.machines.qemu.KernelLine;
import eu.mikelangelo.machines.qemu.Qemu;
import eu.mikelangelo.machines.qemu.QemuCommand;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;

/** The start of one machine's processes, and their end when it goes wrong. Used by one thread. */
final class Launch {
    private static final long PASST_NANOS = TimeUnit.SECONDS.toNanos(10);
    private static final long STEP_NANOS = TimeUnit.MILLISECONDS.toNanos(2);
    private final Context context;
    private final MachineSpec spec;
    private final MachineFolder folder;
    private final Sockets sockets;
    private Passt passt;
    private Process passtProcess;
    private Process qemuProcess;

    Launch(Context context, MachineSpec spec, MachineFolder folder, Sockets sockets) {
        this.context = context;
        this.spec = spec;
        this.folder = folder;
        this.sockets = sockets;
    }

    /**
     * QEMU's command line for a machine of the {@code linux} flavour. Under root QEMU stays root (inside its seccomp
     * sandbox): with -runas, kernel, initrd and logs would have to belong to another user. Run the agent as a service
     * user where that matters.
     */
    static QemuCommand command(Qemu qemu, String accelerator, MachineSpec spec, MachineFolder folder, Sockets sockets) {
        QemuCommand command = QemuCommand.of(qemu.binary(), spec.name(), new QemuCommand.Machine("q35", accelerator,
                        AcceleratorProbe.cpuModel(accelerator), spec.cpus(), spec.memoryMiB()))
                .with(new QemuCommand.Kernel(Path.of(spec.kernel().file()), folder.initrd(),
                        KernelLine.linux(accelerator)))
                .with(new QemuCommand.Monitor(sockets.qmp()))
                .with(new QemuCommand.Serial(folder.kernelLog()))
                .with(new QemuCommand.VirtioSerial(List.of(
                        new QemuCommand.SerialPort("console", null, sockets.console(), folder.consoleLog()),
                        new QemuCommand.SerialPort("status", "mike.status", null, folder.statusLog()),
                        new QemuCommand.SerialPort("control", "mike.control", sockets.control(), null))))
                .with(new QemuCommand.VhostUserNet(sockets.net(), spec.mac(), spec.queues(),
                        qemu.vhostUserMsix(accelerator)))
                .with(new QemuCommand.Rng());
        command = qemu.panicDevice() ? command.with(new QemuCommand.Panic()) : command;
        return qemu.sandbox() ? command.with(new QemuCommand.Sandbox()) : command;
    }

    /** Files, passt, QEMU. Both run when it returns; neither need be ready. */
    MachineEvent.Launched processes(Qemu qemu, Accelerator accelerator) throws IOException {
        boolean asNobody = sockets.prepare(context.home());
        RunSegment.write(Path.of(spec.image().file()), RunSegment.text(spec), folder.initrd());
        LogRotator.begin(folder.kernelLog());
        for (Path log : List.of(folder.statusLog(), folder.qemuLog(), folder.passtLog())) {
            Files.deleteIfExists(log);
        }
        for (Path log : List.of(folder.consoleLog(), folder.kernelLog(), folder.statusLog())) {
            if (!Files.exists(log)) {
                Files.createFile(log, Machines.OWNER_ONLY); // before QEMU makes it with its own umask
            }
        }
        passt = Passt.of(spec, sockets, asNobody, context.env());
        passtProcess = Launcher.start(passt.argv(), folder.passtLog(), context.env());
        ProcessId passtId = ProcessId.of(passtProcess.pid()).orElse(null);
        List<String> argv = command(qemu, accelerator.name(), spec, folder, sockets).argv();
        qemuProcess = Launcher.start(argv, folder.qemuLog(), context.env());
        ProcessId qemuId = ProcessId.of(qemuProcess.pid()).orElseThrow(this::qemuDied);
        return new MachineEvent.Launched(qemuId, passtId, accelerator.name());
    }

    /** Waits until passt listens; QEMU meanwhile starts. */
    void awaitPasst() {
        awaitPasst(passt, passtProcess, folder);
    }

    private static void awaitPasst(Passt passt, Process process, MachineFolder folder) {
        long deadline = System.nanoTime() + PASST_NANOS;
        while (!Files.exists(passt.socket()) && process.isAlive() && System.nanoTime() - deadline < 0) {
            LockSupport.parkNanos(STEP_NANOS);
        }
        // Ports are bound before the socket, so one that is taken shows as an exit. Old versions go on without a socket
        // when they cannot make it.
        if (!process.isAlive() || !Files.exists(passt.socket())) {
            process.destroyForcibly();
            throw passt.explain(MachineFolder.tail(folder.passtLog(), 20));
        }
    }

    /** Starts a successor of a passt that died; the plane connects to it when it sees it. */
    static ProcessId passtAgain(Context context, MachineSpec spec, MachineFolder folder, Sockets sockets)
            throws IOException {
        Files.deleteIfExists(sockets.passt());
        boolean asNobody = System.getProperty("user.name").equals("root")
                && Files.getOwner(sockets.passtFolder()).getName().equals("nobody");
        Passt passt = Passt.of(spec, sockets, asNobody, context.env());
        Process process = Launcher.start(passt.argv(), folder.passtLog(), context.env());
        ProcessId id = ProcessId.of(process.pid()).orElse(null);
        awaitPasst(passt, process, folder);
        return id;
    }

    /** Whether it came as far as QEMU. */
    boolean started() {
        return qemuProcess != null;
    }

    boolean qemuRuns() {
        return qemuProcess.isAlive();
    }

    Failure qemuDied() {
        String tail = MachineFolder.tail(folder.qemuLog(), 10);
        return new Failure(Failure.Kind.GUEST, "QEMU ended while it started " + spec.name() + ": "
                + (tail.isEmpty() ? "it said nothing" : tail), "see " + folder.qemuLog());
    }

    /** Ends what runs. */
    void undo() {
        for (Process process : new Process[] {qemuProcess, passtProcess}) {
            if (process != null) {
                process.destroyForcibly();
                try {
                    process.waitFor(5, TimeUnit.SECONDS);
                } catch (InterruptedException e) {
                    Thread.currentThread().interrupt();
                }
            }
        }
    }
}
