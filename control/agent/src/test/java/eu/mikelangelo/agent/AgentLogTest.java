package eu.mikelangelo.agent;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.logging.Level;
import java.util.logging.LogRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class AgentLogTest {
    @TempDir
    Path folder;

    @Test
    void theLogIsBoundedAndPrivateAndLosesNoRecentLine() throws Exception {
        Path file = folder.resolve("agent.log");
        AgentLog log = new AgentLog(file, 4000);
        for (int i = 0; i < 1000; i++) {
            log.publish(new LogRecord(Level.WARNING, "line " + i));
            assertTrue(Files.size(file) <= 4000);
        }
        log.close();
        String recent = Files.readString(folder.resolve("agent.log.1")) + Files.readString(file);
        assertTrue(recent.endsWith("WARNING line 999\n"), recent);
        long first = 1000 - recent.lines().count();
        assertTrue(recent.lines().findFirst().orElseThrow().endsWith(" line " + first), "no line is missing");
        assertEquals("rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
    }

    /** An interrupt closes a file channel that is in use, and this one is for all threads. */
    @Test
    void anInterruptedThreadLogsAndClosesNothing() throws Exception {
        Path file = folder.resolve("agent.log");
        AgentLog log = new AgentLog(file, 4000);
        Thread.currentThread().interrupt();
        log.publish(new LogRecord(Level.WARNING, "interrupted"));
        assertTrue(Thread.interrupted(), "the interrupt is still there");
        log.publish(new LogRecord(Level.WARNING, "later"));
        // One that comes in the middle of a write.
        Thread victim = Thread.ofVirtual().start(() -> {
            for (int i = 0; i < 2000; i++) {
                log.publish(new LogRecord(Level.WARNING, "busy"));
            }
        });
        while (victim.isAlive()) {
            victim.interrupt();
        }
        log.publish(new LogRecord(Level.WARNING, "last"));
        log.close();
        String all = Files.readString(file);
        assertTrue(all.endsWith("WARNING last\n"), all.substring(Math.max(0, all.length() - 200)));
    }
}
