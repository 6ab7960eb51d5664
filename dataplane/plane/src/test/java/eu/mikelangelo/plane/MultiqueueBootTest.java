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
 * Linux with two processors and two queue pairs, which its driver enables by itself: both carry traffic, it arrives
 * intact, and goes on under a successor of the plane. Needs what
 * {@link GuestBootTest} needs.
 */
@Tag("boot")
class MultiqueueBootTest {
    @TempDir
    Path folder;

    @Test
    void bothPairsOfAGuestWithTwoProcessorsCarryTraffic() throws Exception {
        String kernel = System.getenv("MIKE_TEST_KERNEL");
        assumeTrue(kernel != null, "MIKE_TEST_KERNEL is not set: no guest is booted");
        assumeTrue(Files.isExecutable(TestGuest.QEMU) && Files.isExecutable(TestGuest.BUSYBOX),
                "no " + TestGuest.QEMU + " or no " + TestGuest.BUSYBOX + ": no guest is booted");
        Path run = folder.resolve("run");
        PlaneProcess plane = PlaneProcess.daemon(run);
        addPorts(run);
        try (TestGuest receiver = new TestGuest(folder, Path.of(kernel), 2, socket(2), """
                for n in 0 1; do sleep 1000 | nc -l -p 500$n | md5sum | sed "s/^/RECEIVED$n /" & done
                wait
                """, "", 2);
                TestGuest sender = new TestGuest(folder, Path.of(kernel), 1, socket(1), """
                        ls /sys/class/net/eth0/queues | tr '\\n' ' ' | sed 's/^/QUEUES /'; echo
                        until ping -c 1 -W 1 10.187.0.2 > /dev/null; do sleep 0.2; done
                        dd if=/dev/urandom of=/data bs=1M count=4 2> /dev/null
                        data() { for i in 1 2 3 4 5 6; do cat /data; done; }
                        data | md5sum | sed 's/^/SENDING /'
                        for n in 0 1; do data | taskset $((n + 1)) nc 10.187.0.2 500$n & done
                        wait
                        echo ALL SENT 1
                        """, "", 2)) {
            assertEquals("rx-0 rx-1 tx-0 tx-1 ", sender.says("QUEUES (.*?)\\r?\\n"));
            String sum = sender.says("SENDING ([0-9a-f]{32})");
            awaitSent(run, 2 << 20);
            both(run, "guest1", "tx");
            plane.close();
            plane.exitCode();
            plane = PlaneProcess.daemon(run);
            addPorts(run);
            assertEquals(sum, receiver.says("RECEIVED0 ([0-9a-f]{32})"));
            assertEquals(sum, receiver.says("RECEIVED1 ([0-9a-f]{32})"));
            sender.says("ALL SENT (1)");
            both(run, "guest1", "tx");
            both(run, "guest1", "rx");
            both(run, "guest2", "tx");
            both(run, "guest2", "rx");
        } finally {
            plane.close();
        }
    }

    private static void both(Path run, String port, String direction) throws IOException {
        PortStats stats = stats(run, port);
        assertEquals(4, stats.ringsRunning(), stats.toString());
        assertEquals(2, stats.queues().stream().filter(queue -> queue.name().startsWith(direction)
                && queue.frames() > 0).count(), direction + " of " + stats);
        assertTrue(stats.lastError().isEmpty(), stats.lastError());
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

    private static PortStats stats(Path run, String port) throws IOException {
        try (PlaneClient client = PlaneProcess.connect(run)) {
            return client.stats(port).getFirst();
        }
    }

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
