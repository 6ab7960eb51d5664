package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.metrics.DistinctErrors;
import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortSpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A front-end holds the I/O core in a call: its port goes, whoever waits for the core meanwhile. */
@Timeout(value = 60, unit = TimeUnit.SECONDS, threadMode = Timeout.ThreadMode.SEPARATE_THREAD)
class HeldCoreTest {
    @TempDir
    Path folder;

    private PortSpec hostile;
    private PortSpec other;

    @BeforeEach
    void ports() {
        hostile = PortSpec.open("hostile", folder.resolve("hostile.sock").toString(), false);
        other = PortSpec.open("other", folder.resolve("other.sock").toString(), false);
    }

    /** The agent's request has the plane's lock and waits for the core, which only the looking thread can free. */
    @Test
    void theLookNeverWaitsForTheCore() throws InterruptedException {
        DistinctErrors errors = new DistinctErrors();
        Plane plane = new Plane(errors, false);
        try (HostileFrontEnd front = new HostileFrontEnd(folder.resolve("hostile.sock"))) {
            plane.add(hostile);
            front.hold();
            PlaneProcess.await(() -> on("io-shard-0", "ring"));
            Thread agent = Thread.ofPlatform().daemon().name("agent").start(() -> plane.add(other));
            PlaneProcess.await(() -> on("agent", "execute"));
            while (agent.isAlive()) {
                assertTrue(plane.healthy());
                plane.freeCore();
                PlaneProcess.pause();
            }
            PlaneProcess.await(() -> plane.ports().equals(List.of(other)));
            assertTrue(plane.healthy());
        } finally {
            plane.close();
        }
    }

    /** Whether a thread of that name is in a method of that name. */
    private static boolean on(String thread, String method) {
        for (var entry : Thread.getAllStackTraces().entrySet()) {
            for (StackTraceElement frame : entry.getValue()) {
                if (entry.getKey().getName().equals(thread) && frame.getMethodName().equals(method)) {
                    return true;
                }
            }
        }
        return false;
    }

    @Test
    void theDaemonLooks() throws Exception {
        Path run = folder.resolve("run");
        try (HostileFrontEnd front = new HostileFrontEnd(folder.resolve("hostile.sock"));
                PlaneProcess plane = PlaneProcess.daemon(run);
                PlaneClient client = PlaneClient.connect(run.resolve("plane.sock"), "test", 40_000)) {
            client.addPort(hostile);
            front.hold();
            client.addPort(other);
            PlaneProcess.await(() -> names(client).equals(List.of("other")));
            PlaneProcess.await(() -> plane.text(run.resolve("plane.log")).contains("port hostile: its front-end"));
            assertTrue(plane.process.isAlive());
            assertEquals("", plane.output());
        }
    }

    private static List<String> names(PlaneClient client) {
        try {
            return client.ports().stream().map(PortSpec::name).toList();
        } catch (IOException broken) {
            throw new AssertionError(broken);
        }
    }
}
