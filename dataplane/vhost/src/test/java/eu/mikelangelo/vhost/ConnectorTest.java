package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.vhost.frontend.FrontEnd;
import eu.mikelangelo.virtio.Features;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConnectorTest {
    @TempDir
    Path folder;

    @Test
    void attemptsFollowQuicklyWhileSomebodyMayBeWaiting() {
        long pause = Connector.MIN_BACK_OFF_MS;
        long total = 0;
        int attempts = 0;
        while (total * 1_000_000 <= Connector.EAGER_NS) {
            assertTrue(pause <= Connector.EAGER_BACK_OFF_MS);
            total += pause;
            attempts++;
            pause = Connector.longer(pause, total * 1_000_000);
        }
        assertTrue(attempts >= 300, attempts + " attempts in the first 3 s");
        for (int i = 0; i < 20; i++) {
            pause = Connector.longer(pause, Connector.EAGER_NS + 1);
        }
        assertEquals(Connector.MAX_BACK_OFF_MS, pause);
        // A connection that failed at once has made it longer: being eager does not shorten it.
        assertEquals(200, Connector.longer(200, 0));
    }

    /** QEMU listens when the plane starts: the port is connected when it is there. */
    @Test
    void theFirstAttemptIsMadeAtOnce() {
        String path = folder.resolve("qemu").toString();
        try (FrontEnd qemu = FrontEnd.listen(path);
                VhostRuntime runtime = new VhostRuntime("vhost", (where, what) -> { })) {
            VhostPort port = runtime.add(path, false, new BackEndConfig(Features.NET_OFFERED, 1, false),
                    new RecordingHandler());
            assertTrue(port.connected(), port.lastError());
            qemu.await();
        }
    }
}
