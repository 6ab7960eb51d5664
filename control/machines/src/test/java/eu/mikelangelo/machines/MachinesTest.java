package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.MachineState.Phase;
import eu.mikelangelo.machines.host.ProcessId;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a successor makes of the folders a killed agent left; no QEMU is needed for that. */
class MachinesTest {
    private static final ProcessId DEAD = new ProcessId(1, 1, "a boot long ago");

    @TempDir
    Path folder;
    private Home home;
    private final List<String> removed = new ArrayList<>();

    private final PlanePorts plane = new PlanePorts() {
        @Override
        public void add(Port port) {
            throw new AssertionError("no port is wanted");
        }

        @Override
        public void remove(String name) {
            removed.add(name);
        }
    };

    @BeforeEach
    void prepare() {
        home = new Home(folder.resolve("data"), folder.resolve("run"));
    }

    private Machines open() {
        return Machines.open(home, Map.of("PATH", "/nonexistent"), plane);
    }

    private MachineFolder leave(String name, Phase phase, ProcessId qemu, ProcessId passt) throws Exception {
        try (Machines machines = open()) {
            MachineSpec spec = machines.create(MachineStoreTest.request(name, "x")).spec();
            MachineFolder left = new MachineFolder(home.machines().resolve(spec.name()));
            left.write(new MachineState(MachineState.SCHEMA, phase, qemu, passt, "tcg", false, null, "", Instant.now(),
                    Instant.now()));
            return left;
        }
    }

    private MachineState adopted(String name) {
        try (Machines machines = open()) {
            assertEquals(List.of(), machines.adoptAll());
            MachineState state = machines.get(name).state();
            assertEquals(state, new MachineFolder(home.machines().resolve(name)).readState(), "it is on disk");
            return state;
        }
    }

    @Test
    void findsTheExitCodeInTheStatusLog() throws Exception {
        MachineFolder left = leave("a", Phase.RUNNING, DEAD, null);
        Files.writeString(left.statusLog(), "mike 1\nstarted 70\nready\nexit 3\n");
        Files.writeString(left.initrd(), "secret");
        MachineState state = adopted("a");
        assertEquals(Phase.EXITED, state.phase());
        assertEquals(ExitStatus.code(3), state.exit());
        assertTrue(state.ready());
        assertFalse(Files.exists(left.initrd()));
        assertEquals(List.of("a"), removed);
    }

    @Test
    void findsAPanicInTheKernelsLog() throws Exception {
        MachineFolder left = leave("a", Phase.RUNNING, DEAD, null);
        Files.writeString(left.kernelLog(), "[ 1.0] x\n[ 2.0] Kernel panic - not syncing: Attempted to kill init!\n");
        MachineState state = adopted("a");
        assertEquals(Phase.FAILED, state.phase());
        assertTrue(state.reason().startsWith("the guest's kernel panicked: Kernel panic - not syncing: Attempted"),
                state.reason());
    }

    @Test
    void saysWhatQemuSaidLast() throws Exception {
        MachineFolder left = leave("a", Phase.STARTING, DEAD, null);
        Files.writeString(left.qemuLog(), "qemu: cannot set up guest memory\n");
        assertTrue(adopted("a").reason().contains("cannot set up guest memory"));
        leave("b", Phase.STOPPING, DEAD, null);
        assertEquals(ExitStatus.signal(9), adopted("b").exit());
        leave("c", Phase.STARTING, null, null);
        assertEquals("the agent was killed while it started the machine", adopted("c").reason());
    }

    @Test
    void endsThePasstOfADeadMachine() throws Exception {
        Process sleep = new ProcessBuilder("sleep", "100").start();
        try {
            leave("a", Phase.RUNNING, DEAD, ProcessId.of(sleep.pid()).orElseThrow());
            adopted("a");
            assertTrue(sleep.waitFor(5, TimeUnit.SECONDS), "its recorded process is ended");
        } finally {
            sleep.destroyForcibly();
        }
    }

    @Test
    void aMachineWithADamagedStateIsListedAndKeepsItsName() throws Exception {
        leave("good", Phase.EXITED, null, null);
        MachineFolder bad = leave("bad", Phase.EXITED, null, null);
        Files.writeString(bad.folder().resolve("state.json"), "{\"schema\":1}");
        try (Machines machines = open()) {
            assertEquals(List.of("bad", "good"), machines.list().stream().map(one -> one.spec().name()).toList());
            assertEquals(Phase.FAILED, machines.get("bad").state().phase());
            assertTrue(machines.get("bad").state().reason().contains("state.json"));
            assertEquals("{\"schema\":1}", Files.readString(bad.folder().resolve("state.json.damaged")));
            assertThrows(Failure.class, () -> machines.create(MachineStoreTest.request("bad", "x")));
            machines.remove("bad", false);
            assertFalse(Files.exists(bad.folder()));
            Failure gone = assertThrows(Failure.class, () -> machines.remove("bad", false));
            assertEquals(Failure.Kind.NOT_FOUND, gone.kind());
            assertTrue(gone.hint().contains("good"), gone.hint());
            machines.remove("good", true);
            assertEquals("there is none at all yet", assertThrows(Failure.class, () -> machines.get("x")).hint());
        }
    }

    @Test
    void aMachineWithADamagedSpecIsListedAndCanOnlyBeRemoved() throws Exception {
        MachineFolder bad = leave("bad", Phase.EXITED, null, null);
        Path spec = bad.folder().resolve("spec.json");
        Files.writeString(spec, "{");
        try (Machines machines = open()) {
            machines.adoptAll();
            assertTrue(machines.get("bad").state().reason().contains("spec.json"));
            assertThrows(Failure.class, () -> machines.get("bad").start(Progress.NONE));
            assertEquals("{", Files.readString(spec), "nothing is written over it");
            machines.remove("bad", false);
            assertFalse(Files.exists(bad.folder()));
        }
    }

    @Test
    void aStateThatIsNotReadableNowOrOfANewerSchemaIsLeftAlone() throws Exception {
        MachineFolder newer = leave("newer", Phase.EXITED, null, null);
        Path state = newer.folder().resolve("state.json");
        String later = Files.readString(state).replace("\"schema\":1", "\"schema\":2");
        Files.writeString(state, later);
        MachineFolder locked = leave("locked", Phase.EXITED, null, null);
        Path folder = locked.folder().resolve("state.json");
        Files.delete(folder);
        Files.createDirectory(folder); // its read fails like one without a descriptor or permission
        try (Machines machines = open()) {
            machines.adoptAll();
            assertTrue(machines.get("newer").state().reason().contains("schema 2"));
            assertEquals(Phase.FAILED, machines.get("locked").state().phase());
            assertThrows(Failure.class, () -> machines.get("newer").start(Progress.NONE));
        }
        assertEquals(later, Files.readString(state));
        assertTrue(Files.isDirectory(folder));
    }

    @Test
    void aRecoveryThatCannotBeWrittenKeepsNoOtherMachineFromItsAgent() throws Exception {
        leave("good", Phase.EXITED, null, null);
        MachineFolder bad = leave("bad", Phase.EXITED, null, null);
        Files.writeString(bad.folder().resolve("state.json"), "{");
        Files.createDirectory(bad.folder().resolve(".state.json." + ProcessHandle.current().pid() + "."
                + Thread.currentThread().threadId() + ".tmp")); // a full disk
        try (Machines machines = open()) {
            assertEquals(Phase.FAILED, machines.get("bad").state().phase());
            assertEquals(Phase.EXITED, machines.get("good").state().phase());
        }
        assertEquals("{", Files.readString(bad.folder().resolve("state.json")));
    }

    @Test
    void theQemuOfAMachineWithADamagedSpecKeepsItsNumberAndCanBeEnded() throws Exception {
        MachineFolder bad = leave("bad", Phase.RUNNING, null, null);
        int number = bad.readSpec().number();
        Files.createDirectories(home.run().resolve("m/" + number));
        Files.writeString(bad.folder().resolve("spec.json"), "{");
        Path qemu = Files.createSymbolicLink(folder.resolve("qemu"), Path.of("/bin/sh"));
        Process process = new ProcessBuilder(qemu.toString(), "-c", "read x", bad.initrd().toString()).start();
        try (Machines machines = open()) {
            MachineState state = machines.get("bad").state();
            assertEquals(process.pid(), state.qemu().pid());
            assertTrue(state.reason().contains("process " + process.pid() + ") runs"), state.reason());
            assertTrue(machines.create(MachineStoreTest.request("new", "x")).spec().number() != number,
                    "its sockets are another's");
            machines.kill("bad");
            assertTrue(process.waitFor(10, TimeUnit.SECONDS));
        } finally {
            process.destroyForcibly();
        }
    }

    @Test
    void machinesAreAdoptedAndReleasedAtOnce() throws Exception {
        try (Machines machines = open()) {
            for (int i = 0; i < 5; i++) {
                machines.create(MachineStoreTest.request("m" + i, "x"));
            }
            CyclicBarrier all = new CyclicBarrier(5);
            AtomicInteger met = new AtomicInteger();
            Machines.atOnce(machines.list(), machine -> {
                try {
                    all.await(60, TimeUnit.SECONDS); // one after another they never meet
                    met.incrementAndGet();
                } catch (InterruptedException | BrokenBarrierException | TimeoutException e) {
                    throw new AssertionError(e);
                }
            });
            assertEquals(5, met.get());
        }
    }

    @Test
    void refusesWhatTheStateForbids() throws Exception {
        try (Machines machines = open()) {
            Machine machine = machines.create(MachineStoreTest.request("a", "x"));
            assertEquals(Failure.Kind.CONFLICT, assertThrows(Failure.class, machine::attach).kind());
            assertEquals(Failure.Kind.CONFLICT,
                    assertThrows(Failure.class, () -> machine.exec("", "", List.of("x"))).kind());
            machine.stop(null); // nothing to stop
            assertEquals(Phase.CREATED, machine.awaitEnd(Duration.ofSeconds(1)).orElseThrow().phase());
            Failure gone = assertThrows(Failure.class, () -> machine.start(Progress.NONE));
            assertEquals(Failure.Kind.NOT_FOUND, gone.kind());
            assertTrue(gone.getMessage().contains("/i/x"), gone.getMessage());
            assertEquals(Phase.CREATED, machine.state().phase(), "nothing was started");
            assertEquals(List.of(), machine.commandLine());
        }
    }
}
