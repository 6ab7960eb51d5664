package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Two real guests on one switch. Needs QEMU, a static busybox and a kernel: the environment's MIKE_TEST_KERNEL names a
 * folder with an unpacked linux-image-…-cloud package.
 */
@Tag("boot")
class GuestBootTest {
    @TempDir
    Path folder;

    @Test
    void aConnectionBetweenTwoGuestsSurvivesKillsOfThePlane() throws Exception {
        String kernel = System.getenv("MIKE_TEST_KERNEL");
        assumeTrue(kernel != null, "MIKE_TEST_KERNEL is not set: no guest is booted");
        assumeTrue(Files.isExecutable(TestGuest.QEMU) && Files.isExecutable(TestGuest.BUSYBOX),
                "no " + TestGuest.QEMU + " or no " + TestGuest.BUSYBOX + ": no guest is booted");
        Path run = folder.resolve("run");
        PlaneProcess plane = PlaneProcess.daemon(run);
        addPorts(run);
        try (TestGuest receiver = new TestGuest(folder, Path.of(kernel), 2, socket(2),
                "nc -l -p 5001 | md5sum | sed 's/^/RECEIVED /'");
                TestGuest sender = new TestGuest(folder, Path.of(kernel), 1, socket(1), """
                        until ping -c 1 -W 1 10.187.0.2 > /dev/null; do sleep 0.2; done
                        dd if=/dev/urandom of=/data bs=1M count=8 2> /dev/null
                        data() { for i in 1 2 3 4 5 6 7 8 9 10 11 12; do cat /data; done; }
                        data | md5sum | sed 's/^/SENDING /'
                        data | nc 10.187.0.2 5001
                        ip addr add 10.187.9.9/16 dev eth0
                        ping -c 2 -W 1 -I 10.187.9.9 10.187.0.2 > /dev/null
                        echo SPOOFED 1
                        """)) {
            String sum = sender.says("SENDING ([0-9a-f]{32})");
            for (int kill = 1; kill <= 2; kill++) {
                awaitSent(run, 1 << 20);
                plane.close();
                plane.exitCode();
                plane = PlaneProcess.daemon(run);
                addPorts(run);
            }
            assertEquals(sum, receiver.says("RECEIVED ([0-9a-f]{32})"));
            sender.says("SPOOFED (1)");
            PortStats stats = stats(run);
            assertEquals(2, stats.ringsRunning());
            assertTrue(stats.drops().getOrDefault("spoofedAddress", 0L) >= 1, stats.toString());
        } finally {
            plane.close();
        }
    }

    private Path socket(int number) {
        return folder.resolve("net" + number);
    }

    private void addPorts(Path run) throws IOException {
        try (PlaneClient client = PlaneProcess.connect(run)) {
            for (int i = 1; i <= 2; i++) {
                client.addPort(new PortSpec("guest" + i, socket(i).toString(), false, "02:4d:00:00:00:0" + i,
                        "10.187.0." + i, "02:4d:ff:00:00:01", "10.187.255.254", ""));
            }
        }
    }

    private static PortStats stats(Path run) throws IOException {
        try (PlaneClient client = PlaneProcess.connect(run)) {
            return client.stats("guest1").getFirst();
        }
    }

    /** Until this plane has taken so many bytes of the sender; so it dies in the middle of the traffic. */
    private static void awaitSent(Path run, long bytes) throws IOException {
        long end = System.nanoTime() + 60_000_000_000L;
        try (PlaneClient client = PlaneProcess.connect(run)) {
            while (client.stats("guest1").getFirst().txBytes() < bytes) {
                assertTrue(System.nanoTime() < end, "not sent in 60 s: " + client.stats(""));
                PlaneProcess.pause();
            }
        }
    }
}
