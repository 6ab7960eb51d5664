package eu.mikelangelo.machines.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ProcessIdTest {
    @TempDir
    Path folder;

    @Test
    void knowsAProcessFromItsNamesake() {
        ProcessId self = ProcessId.of(ProcessHandle.current().pid()).orElseThrow();
        assertTrue(self.alive());
        assertFalse(new ProcessId(self.pid(), self.startTicks() + 1, self.bootId()).alive(), "a re-used number");
        assertFalse(new ProcessId(self.pid(), self.startTicks(), "another boot").alive());
        assertEquals(Optional.empty(), new ProcessId(self.pid(), 1, "x").handle());
        new ProcessId(self.pid(), 1, "x").kill(); // must not hit us
        assertEquals(Optional.empty(), ProcessId.of(Long.MAX_VALUE));
    }

    @Test
    void launchedProgramsLeadASessionAndSeeLittle() throws Exception {
        Path program = folder.resolve("a b) c"); // the name in /proc/PID/stat may hold parentheses
        Files.writeString(program, "#!/bin/sh\nreadlink /proc/self/fd/0\nenv\nexec sleep 60\n");
        Files.setPosixFilePermissions(program, PosixFilePermissions.fromString("rwx------"));
        Path log = folder.resolve("log");
        Process process = Launcher.start(List.of(program.toString()), log, System.getenv());
        try {
            while (!Files.readString(log).contains("PATH=")) {
                Thread.onSpinWait();
            }
            ProcessId id = ProcessId.of(process.pid()).orElseThrow();
            assertTrue(id.alive());
            String[] stat = Files.readString(Path.of("/proc/" + id.pid() + "/stat")).replaceAll(".*\\) ", "")
                    .split(" ");
            assertEquals(String.valueOf(id.pid()), stat[3], "it leads a session of its own");
            assertTrue(Files.readString(log).startsWith("/dev/null\n"), Files.readString(log));
            assertFalse(Files.readString(log).contains("JAVA_HOME"), Files.readString(log));
            assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(log)));
            id.kill();
            assertTrue(process.waitFor(10, TimeUnit.SECONDS));
            assertFalse(id.alive());
        } finally {
            process.destroyForcibly();
        }
    }
}
