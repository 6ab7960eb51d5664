package eu.mikelangelo.system.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * Open vSwitch beside {@code mike io serve}, connected by a virtio card of Open vSwitch: testpmd at the one exchanges
 * frames with testpmd at the other.
 */
@Tag("system")
@Timeout(value = 10, unit = TimeUnit.MINUTES)
class OpenVswitchTest {
    private static final String LEFT = "02:00:00:00:00:01";
    private static final String RIGHT = "02:00:00:00:00:02";
    /** Fewer than a ring between the two switches holds: no end knows when one of them sleeps, and none may be lost. */
    private static final int FRAMES = 900;

    @TempDir
    Path folder;

    @Test
    void forwardsBothWays() throws Exception {
        Assumptions.assumeTrue(Testpmd.missing().isEmpty(), Testpmd::missing);
        Path place = unpacked();
        String left = folder.resolve("left.sock").toString();
        String between = folder.resolve("between.sock").toString();
        List<byte[]> fromLeft = Frames.random(1, RIGHT, LEFT, FRAMES, 60, 61, 64, 128, 590, 1500, 1514);
        List<byte[]> fromRight = Frames.random(2, LEFT, RIGHT, FRAMES, 60, 61, 64, 128, 590, 1500, 1514);
        try (IoServe serve = new IoServe(folder, "--net", left + ",server", "--net", between + ",server");
                OpenVswitch peer = new OpenVswitch(place, Files.createDirectory(folder.resolve("ovs")))) {
            peer.addCard("card", between);
            String right = peer.addServer("right");
            try (Testpmd testpmd = new Testpmd(folder, new Testpmd.Ends(left, right, "mrg_rxbuf=1"), fromLeft,
                    fromRight)) {
                testpmd.forward();
                testpmd.finish(FRAMES);
            }
            String state = serve.port("net0") + "\n" + serve.port("net1") + "\n" + peer.statistics("card");
            Frames.same(fromLeft, Frames.read(folder.resolve("right.out")), "through both to the right; " + state);
            Frames.same(fromRight, Frames.read(folder.resolve("left.out")), "through both to the left; " + state);
            JsonNode port = serve.port("net1");
            assertEquals(FRAMES, port.get("rxFrames").asLong(), state);
            assertEquals(FRAMES, port.get("txFrames").asLong(), state);
            serve.isWell();
        }
    }

    private static Path unpacked() throws Exception {
        try {
            return OpenVswitch.fetched();
        } catch (IllegalStateException cannot) {
            Assumptions.abort("skipped: " + cannot.getMessage());
            throw cannot;
        }
    }
}
