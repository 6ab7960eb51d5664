package eu.mikelangelo.system.peers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import tools.jackson.databind.JsonNode;

/**
 * DPDK's virtio driver in user space as the front-end of {@code mike io serve}: all its rings, both ways, contents
 * compared.
 */
@Tag("system")
@Timeout(value = 8, unit = TimeUnit.MINUTES)
class VirtioUserTest {
    private static final String LEFT = "02:00:00:00:00:01";
    private static final String RIGHT = "02:00:00:00:00:02";
    /** More than rings are long, so that they wrap around several times. */
    private static final int FRAMES = 3_000;
    /** All of them fit into a receiver's ring: DPDK takes long frames more slowly than it sends them. */
    private static final int LONG_FRAMES = 300;
    private static final int[] SIZES = {60, 61, 64, 127, 128, 129, 590, 1500, 1514};
    /** Sent in several pieces, in packed rings with a header that DPDK marks as one for the device to write. */
    private static final int[] LONG_SIZES = {60, 1514, 2100, 4444, 8999, 9014};
    /** VIRTIO 1.2, sections 5.1.3 and 6: VIRTIO_NET_F_MRG_RXBUF, VIRTIO_F_RING_PACKED, VIRTIO_F_IN_ORDER. */
    private static final int MERGEABLE = 15;
    private static final int PACKED = 34;
    private static final int IN_ORDER = 35;

    @TempDir
    Path folder;

    @BeforeEach
    void possible() {
        Assumptions.assumeTrue(Testpmd.missing().isEmpty(), Testpmd::missing);
    }

    @ParameterizedTest(name = "packed={0} in_order={1} mergeable={2} vectorized={3}")
    @CsvSource({"0,0,0,0", "0,0,1,0", "0,1,0,0", "0,1,1,0", "1,0,0,0", "1,0,1,0", "1,1,0,0", "1,1,1,0", "0,0,0,1"})
    void framesCrossUnchangedBothWays(int packed, int inOrder, int mergeable, int vectorized) throws Exception {
        String left = folder.resolve("left.sock").toString();
        String right = folder.resolve("right.sock").toString();
        String options = "packed_vq=" + packed + ",in_order=" + inOrder + ",mrg_rxbuf=" + mergeable + ",vectorized="
                + vectorized;
        try (IoServe serve = new IoServe(folder, "--net", left + ",server", "--net", right + ",server")) {
            String said = cross(serve, new Testpmd.Ends(left, right, options),
                    mergeable == 1 ? LONG_SIZES : SIZES);
            long features = features(said);
            assertEquals(packed, features >>> PACKED & 1, said);
            assertEquals(inOrder, features >>> IN_ORDER & 1, said);
            assertEquals(mergeable, features >>> MERGEABLE & 1, said);
            assertEquals(vectorized == 1, said.contains("using vectorized Rx path"), said);
        }
    }

    /** The other way round: the card listens, the plane connects, and connects again when another card is there. */
    @Test
    void thePlaneConnectsToOneCardAfterTheOther() throws Exception {
        String left = folder.resolve("left.sock").toString();
        String right = folder.resolve("right.sock").toString();
        try (IoServe serve = new IoServe(folder, "--net", left, "--net", right)) {
            for (String packed : List.of("packed_vq=1", "packed_vq=0")) {
                cross(serve, new Testpmd.Ends(left, right, packed + ",server=1"), SIZES);
            }
        }
    }

    /** @return what the cards and the plane agreed on, as DPDK says it */
    private String cross(IoServe serve, Testpmd.Ends ends, int... sizes) throws IOException, InterruptedException {
        int count = sizes == LONG_SIZES ? LONG_FRAMES : FRAMES;
        List<byte[]> fromLeft = Frames.random(1, RIGHT, LEFT, count, sizes);
        List<byte[]> fromRight = Frames.random(2, LEFT, RIGHT, count, sizes);
        long before = serve.port("net0").get("rxFrames").asLong();
        String said;
        try (Testpmd testpmd = new Testpmd(folder, ends, fromLeft, fromRight)) {
            said = testpmd.beginning();
            testpmd.forward();
            testpmd.finish(count);
        }
        JsonNode port = serve.port("net0");
        String state = ends.options() + "\n" + port + "\n" + serve.port("net1");
        Frames.same(fromLeft, Frames.read(folder.resolve("right.out")), "left to right, " + state);
        Frames.same(fromRight, Frames.read(folder.resolve("left.out")), "right to left, " + state);
        assertEquals(before + count, port.get("rxFrames").asLong());
        assertEquals(0, port.get("drops").asLong(), port.toString());
        serve.isWell();
        return said;
    }

    private static long features(String said) {
        String mark = "features after negotiate = ";
        int at = said.indexOf(mark);
        assertTrue(at >= 0, said);
        return Long.parseUnsignedLong(said.substring(at + mark.length()).lines().findFirst().orElseThrow().strip(), 16);
    }
}
