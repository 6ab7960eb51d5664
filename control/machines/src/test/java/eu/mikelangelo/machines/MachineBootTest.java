package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.machines.MachineState.Phase;
import eu.mikelangelo.machines.host.ProcessId;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Whole machines under emulation, with our init, a real passt, and a plane that moves no packet. */
@Tag("boot")
@Timeout(180)
class MachineBootTest {
    private static final Duration BOOT = Duration.ofSeconds(60);
    private static final String HANDLER = "trap 'echo bye; exit 5' TERM; echo hello $WORD; while :; do sleep 0.1; done";

    @TempDir
    Path folder;
    private Home home;
    private final SilentBackend plane = new SilentBackend();
    private Machines machines;
    private Path kernel;

    @BeforeEach
    void open() {
        kernel = TestImage.kernel();
        home = new Home(folder.resolve("data"), folder.resolve("run"));
        machines = machines();
    }

    @AfterEach
    void close() {
        if (machines != null) { // null: there was no kernel to boot
            machines.list().forEach(Machine::kill);
            machines.close();
        }
        plane.close();
    }

    private Machines machines() {
        Map<String, String> env = new HashMap<>(System.getenv());
        env.put("MIKE_ACCEL", "tcg");
        return Machines.open(home, env, plane);
    }

    private Machine create(String script, PublishedPort... ports) throws Exception {
        return create(TestImage.shell(folder.resolve("image"), script), ports);
    }

    private Machine create(Path image, PublishedPort... ports) {
        return machines.create(new MachineRequest("box", new MachineSpec.Image("box", "", image.toString()),
                new MachineSpec.Kernel("test", "", kernel.toString()), 128, 1, List.of(ports), Map.of("WORD", "a b\n"),
                List.of(), List.of(), 4));
    }

    private void assertGone(Machine machine, ProcessId qemu, ProcessId passt) {
        assertFalse(qemu.alive());
        long deadline = System.nanoTime() + Duration.ofSeconds(5).toNanos();
        while (passt.alive() && System.nanoTime() < deadline) {
            Thread.onSpinWait();
        }
        assertFalse(passt.alive(), "passt must not stay behind");
        assertFalse(Files.exists(home.run().resolve("m").resolve(String.valueOf(machine.spec().number()))));
        assertFalse(Files.exists(home.machines().resolve("box/initrd")), "the initrd holds the environment");
        assertTrue(plane.ports.isEmpty());
    }

    @Test
    void givesTheApplicationsExitCode() throws Exception {
        Machine machine = create("echo \"hello $WORD\"; exit 7");
        machine.start(Progress.NONE);
        MachineState run = machine.state();
        List<String> argv = machine.commandLine();
        assertTrue(argv.contains("vhost-user,id=net0,chardev=net0"), argv.toString());
        assertFalse(argv.toString().contains("WORD"), "no environment in a command line");
        MachineState end = machine.awaitEnd(BOOT).orElseThrow();
        assertEquals(Phase.EXITED, end.phase(), end.toString());
        assertEquals(ExitStatus.code(7), end.exit());
        String output = Files.readString(machine.consoleLog());
        assertTrue(output.contains("hello a b"), output);
        assertGone(machine, run.qemu(), run.passt());
        machine.start(Progress.NONE); // and again
        assertEquals(ExitStatus.code(7), machine.awaitEnd(BOOT).orElseThrow().exit());
        machines.remove("box", false);
        assertEquals(List.of(), machines.list());
        assertFalse(Files.exists(home.machines().resolve("box")));
    }

    @Test
    void runsCommandsCopiesAttachesAndStops() throws Exception {
        Machine machine = create("read line; echo got $line; " + HANDLER);
        machine.start(Progress.NONE);
        machine.awaitReady(BOOT);
        assertEquals(Phase.RUNNING, machine.state().phase());
        try (Attachment console = machine.attach()) {
            console.write("typed\n".getBytes(StandardCharsets.UTF_8), 0, 6);
            StringBuilder text = new StringBuilder();
            byte[] buffer = new byte[100];
            while (!text.toString().contains("hello")) {
                text.append(new String(buffer, 0, console.read(buffer), StandardCharsets.UTF_8));
            }
            assertTrue(text.toString().contains("got typed"), text.toString());
        }
        machine.copyIn(new ByteArrayInputStream("content".getBytes(StandardCharsets.UTF_8)), "/tmp/file", 0600);
        try (ExecSession cat = machine.exec("", "", List.of("/bin/busybox", "cat", "/tmp/file"))) {
            assertEquals("content", new String(cat.stdout().readAllBytes(), StandardCharsets.UTF_8));
            assertEquals(0, cat.awaitExit());
        }
        ByteArrayOutputStream copy = new ByteArrayOutputStream();
        machine.copyOut("/tmp/file", copy);
        assertEquals("content", copy.toString(StandardCharsets.UTF_8));
        assertEquals(Failure.Kind.CONFLICT,
                assertThrows(Failure.class, () -> machine.start(Progress.NONE)).kind(), "it is live");
        assertEquals(Failure.Kind.CONFLICT, assertThrows(Failure.class, () -> machines.remove("box", false)).kind());
        MachineState run = machine.state();
        machine.stop(null);
        assertEquals(Phase.EXITED, machine.state().phase());
        assertEquals(ExitStatus.code(5), machine.state().exit(), "the application said goodbye itself");
        assertGone(machine, run.qemu(), run.passt());
    }

    @Test
    void readinessNamesThePortThatNobodyServes() throws Exception {
        int host = freePort();
        Machine machine = create("busybox nc -l -p 80 & sleep 100",
                new PublishedPort("tcp", "127.0.0.1", host, 80), new PublishedPort("tcp", "127.0.0.1", freePort(), 81));
        machine.start(Progress.NONE);
        Failure late = assertThrows(Failure.class, () -> machine.awaitReady(Duration.ofSeconds(8)));
        assertEquals(Failure.Kind.TIMEOUT, late.kind());
        assertTrue(late.getMessage().contains("nobody listens on tcp 81"), late.getMessage());
        assertFalse(late.getMessage().contains("tcp 80"), late.getMessage());
        assertEquals(List.of("tcp 80"), machine.listening());
        assertTrue(machines.list().contains(machine));
        Failure taken = assertThrows(Failure.class, () -> machines.create(new MachineRequest("", machine.spec().image(),
                machine.spec().kernel(), 128, 1, List.of(new PublishedPort("tcp", "0.0.0.0", host, 1)), Map.of(),
                List.of(), List.of(), 0)));
        assertTrue(taken.getMessage().contains("\"box\""), taken.getMessage());
        ProcessId qemu = machine.state().qemu();
        machine.kill();
        assertFalse(qemu.alive());
        assertEquals(ExitStatus.signal(9), machine.state().exit());
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    @Test
    void saysThatAHostPortIsTaken() throws Exception {
        try (ServerSocket taken = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
            Machine machine = create("sleep 100", new PublishedPort("tcp", "127.0.0.1", taken.getLocalPort(), 80));
            Failure failure = assertThrows(Failure.class, () -> machine.start(Progress.NONE));
            assertEquals(Failure.Kind.CONFLICT, failure.kind(), failure.getMessage());
            assertTrue(failure.getMessage().contains(":" + taken.getLocalPort()), failure.getMessage());
            assertEquals(Phase.FAILED, machine.state().phase());
            assertTrue(plane.ports.isEmpty());
        }
    }

    @Test
    void tellsAPanicAndAQemuThatDied() throws Exception {
        Path nothing = Files.write(folder.resolve("empty"),
                new eu.mikelangelo.machines.initrd.Newc().file("init", 0755, new byte[] {1, 2, 3}).finish());
        Machine machine = create(nothing);
        machine.start(Progress.NONE);
        Failure early = assertThrows(Failure.class, () -> machine.awaitReady(BOOT));
        assertEquals(Failure.Kind.GUEST, early.kind());
        // The failure is told when it is known; QEMU ends a moment later.
        MachineState panicked = machine.awaitEnd(BOOT).orElseThrow();
        assertEquals(Phase.FAILED, panicked.phase());
        assertTrue(panicked.reason().startsWith("the guest's kernel panicked: Kernel panic - not syncing"),
                panicked.reason());
        machine.start(Progress.NONE);
        machine.state().qemu().kill();
        MachineState end = machine.awaitEnd(BOOT).orElseThrow();
        assertEquals(Phase.FAILED, end.phase());
        assertTrue(end.reason().startsWith("QEMU ended unexpectedly"), end.reason());
    }

    @Test
    void aSuccessorTakesOver() throws Exception {
        Machine machine = create(HANDLER);
        machine.start(Progress.NONE);
        machine.awaitReady(BOOT);
        MachineState before = machine.state();
        machines.close();
        plane.remove("box");
        before.passt().kill();
        machines = machines();
        List<Machine> live = machines.adoptAll();
        assertEquals(1, live.size());
        Machine adopted = live.getFirst();
        assertEquals(before.qemu(), adopted.state().qemu());
        assertTrue(plane.ports.containsKey("box"));
        long deadline = System.nanoTime() + BOOT.toNanos();
        while (adopted.state().passt().equals(before.passt()) && System.nanoTime() < deadline) {
            Thread.sleep(20);
        }
        assertNotEquals(before.passt(), adopted.state().passt(), "passt was restarted");
        assertTrue(adopted.state().passt().alive());
        try (ExecSession echo = adopted.exec("", "", List.of("/bin/busybox", "echo", "still here"))) {
            assertEquals("still here\n", new String(echo.stdout().readAllBytes(), StandardCharsets.UTF_8));
        }
        ProcessId passt = adopted.state().passt();
        adopted.stop(null);
        assertEquals(ExitStatus.code(5), adopted.state().exit());
        assertGone(adopted, before.qemu(), passt);
    }

    @Test
    void anExitThatNobodySawIsFoundInTheLog() throws Exception {
        Machine machine = create("sleep 3; i=0; while [ $i -lt 3000 ]; do echo line $i; i=$((i+1)); done; exit 9");
        machine.start(Progress.NONE);
        machine.awaitReady(BOOT);
        MachineState before = machine.state();
        machines.close();
        before.qemu().handle().ifPresent(handle -> handle.onExit().join());
        machines = machines();
        assertEquals(List.of(), machines.adoptAll());
        Machine found = machines.get("box");
        assertEquals(Phase.EXITED, found.state().phase(), found.state().toString());
        assertEquals(ExitStatus.code(9), found.state().exit());
        assertTrue(MachineFolder.tail(found.consoleLog(), 1).equals("line 2999"), "the log went on without us");
        assertGone(found, before.qemu(), before.passt());
    }
}
