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
import java.util.concurrent.TimeUnit;
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
