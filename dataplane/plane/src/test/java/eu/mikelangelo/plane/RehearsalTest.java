package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import eu.mikelangelo.plane.api.PlaneClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RehearsalTest {
    @TempDir
    Path folder;

    @Test
    void aPlaneThatIsTrainedRehearsesBeforeItEnds() throws Exception {
        Path run = folder.resolve("run");
        try (PlaneProcess plane = PlaneProcess.daemon(run, Map.of("MIKE_AOT_TRAIN", folder.toString()));
                PlaneClient client = PlaneProcess.connect(run)) {
            assertEquals(List.of(), client.ports());
            client.shutdown();
            assertEquals(0, plane.exitCode());
            assertEquals("", plane.output());
            assertFalse(Files.exists(run.resolve("r1")));
        }
    }
}
