package eu.mikelangelo.vhost;

import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.virtio.Features;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(value = 60, unit = TimeUnit.SECONDS)
class VhostRuntimeTest {
    @TempDir
    Path folder;

    /** Several at once, as a shutdown hook and a try block: each finds everything closed when it returns. */
    @Test
    void whoeverClosesWaitsForTheEnd() throws InterruptedException {
        for (int round = 0; round < 50; round++) {
            String name = "control-" + round;
            Path socket = folder.resolve(name);
            VhostRuntime runtime = new VhostRuntime(name, (path, what) -> { });
            VhostPort port = runtime.add(socket.toString(), true, new BackEndConfig(Features.NET_OFFERED, 1, false),
                    new RecordingHandler());
            assertTrue(port.listening());
            boolean[] ended = new boolean[2];
            Thread other = Thread.ofPlatform().start(() -> {
                runtime.close();
                ended[1] = !runs(name);
            });
            runtime.close();
            ended[0] = !runs(name);
            other.join();
            assertTrue(ended[0] && ended[1], "its thread runs");
            assertFalse(Files.exists(socket));
            runtime.remove(port);
            assertThrows(IllegalStateException.class, () -> runtime.add(socket.toString(), true,
                    new BackEndConfig(Features.NET_OFFERED, 1, false), new RecordingHandler()));
        }
    }

    private static boolean runs(String name) {
        return Thread.getAllStackTraces().keySet().stream().anyMatch(thread -> thread.getName().equals(name));
    }
}
