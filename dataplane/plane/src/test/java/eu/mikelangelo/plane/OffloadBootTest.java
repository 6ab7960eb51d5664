package eu.mikelangelo.plane;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import eu.mikelangelo.plane.api.PlaneClient;
import eu.mikelangelo.plane.api.PortSpec;
import eu.mikelangelo.plane.api.PortStats;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Random;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Checksums and segments that a real guest's kernel leaves to others arrive intact: at a guest that takes them, at one
 * that does not, and at a host behind passt. Needs what {@link GuestBootTest} needs, and passt.
 */
@Tag("boot")
class OffloadBootTest {
    private static final Path PASST = Path.of("/usr/bin/passt");
    /** Bits of VIRTIO 1.3, section 5.1.3: CSUM, GUEST_CSUM, GUEST_TSO4, TSO6, ECN, HOST_TSO4, TSO6, ECN. */
    private static final int[] OFFLOADS = {0, 1, 7, 8, 9, 11, 12, 13};
    private static final String NONE = ",csum=off,guest_csum=off,gso=off,host_tso4=off,host_tso6=off,host_ecn=off,"
            + "host_ufo=off,guest_tso4=off,guest_tso6=off,guest_ecn=off,guest_ufo=off";
    private static final int BYTES = 8 << 20;

    @TempDir
    Path folder;

    @Test
    void whatIsLeftToOthersArrivesIntact() throws Exception {
        String kernel = System.getenv("MIKE_TEST_KERNEL");
        assumeTrue(kernel != null, "MIKE_TEST_KERNEL is not set: no guest is booted");
        for (Path needed : new Path[] {TestGuest.QEMU, TestGuest.BUSYBOX, PASST}) {
            assumeTrue(Files.isExecutable(needed), "no " + needed + ": no guest is booted");
        }
        Path run = folder.resolve("run");
        Process passt = passt();
        try (PlaneProcess plane = PlaneProcess.daemon(run);
                ServerSocket server = new ServerSocket(0, 2, InetAddress.getLoopbackAddress())) {
            addPorts(run);
            FutureTask<String[]> host = host(server);
            try (TestGuest without = new TestGuest(folder, Path.of(kernel), 2, socket(2), """
                    sed 's/^/FEATURES /' /sys/class/net/eth0/device/features
                    nc -l -p 5001 > /data
                    md5sum /data | sed 's/^/RECEIVED /'
                    until nc 10.187.0.3 5002 < /data; do sleep 0.5; done
                    """, NONE);
                    TestGuest peer = new TestGuest(folder, Path.of(kernel), 3, socket(3), """
                            nc -l -p 5002 | md5sum | sed 's/^/BACK /'
                            nc -l -p 5003 | md5sum | sed 's/^/DIRECT /'
                            """);
                    TestGuest sender = new TestGuest(folder, Path.of(kernel), 1, socket(1), sending(server))) {
                String features = sender.says("FEATURES ([01]{64})");
                String fewer = without.says("FEATURES ([01]{64})");
                for (int bit : OFFLOADS) {
                    assertEquals('1', features.charAt(bit), "bit " + bit + " of " + features);
                    assertEquals('0', fewer.charAt(bit), "bit " + bit + " of " + fewer);
                }
                String sum = sender.says("SENDING ([0-9a-f]{32})");
                assertEquals(sum, without.says("RECEIVED ([0-9a-f]{32})"), "to a guest that takes nothing unfinished");
                assertEquals(sum, peer.says("BACK ([0-9a-f]{32})"), "from it");
                assertEquals(sum, peer.says("DIRECT ([0-9a-f]{32})"), "to a guest that takes all");
                String[] sums = host.get(120, TimeUnit.SECONDS);
                assertEquals(sum, sums[0], "to the host");
                assertEquals(sums[1], sender.says("FETCHED ([0-9a-f]{32})"), "from the host");
                intact(run);
                assertTrue(plane.process.isAlive(), plane.output());
            }
        } finally {
            passt.destroyForcibly();
        }
    }

    private static String sending(ServerSocket server) {
        return """
                sed 's/^/FEATURES /' /sys/class/net/eth0/device/features
                dd if=/dev/urandom of=/data bs=1M count=8 2> /dev/null
                md5sum /data | sed 's/^/SENDING /'
                for n in 2 3; do until ping -c 1 -W 1 10.187.0.$n > /dev/null; do sleep 0.2; done; done
                until nc 10.187.0.2 5001 < /data; do sleep 0.5; done
                sleep 3
                until nc 10.187.0.3 5003 < /data; do sleep 0.5; done
                nc 10.187.255.254 PORT < /data
                sleep 100 | nc 10.187.255.254 PORT | md5sum | sed 's/^/FETCHED /'
                """.replace("PORT", Integer.toString(server.getLocalPort()));
    }

    /** Long segments really came from the sender, with an MTU of 1,500, and nothing was found malformed. */
    private static void intact(Path run) throws IOException {
        try (PlaneClient client = PlaneProcess.connect(run)) {
            PortStats sender = client.stats("guest1").getFirst();
            PortStats peer = client.stats("guest3").getFirst();
            PortStats without = client.stats("guest2").getFirst();
            assertTrue(sender.txBytes() / sender.txFrames() > 3000, sender.toString());
            assertTrue(peer.rxBytes() / peer.rxFrames() > 1514, peer.toString());
            assertTrue(without.rxBytes() / without.rxFrames() <= 1514, without.toString());
            for (PortStats port : client.stats("")) {
                assertEquals(0L, port.drops().getOrDefault("malformed", 0L), port.toString());
                assertEquals(0L, port.drops().getOrDefault("tooLong", 0L), port.toString());
            }
        }
    }

    /** Takes one connection's bytes, and answers the next with random ones. @return the sums of both */
    private static FutureTask<String[]> host(ServerSocket server) {
        FutureTask<String[]> task = new FutureTask<>(() -> {
            String[] sums = new String[2];
            MessageDigest digest = md5();
            try (Socket socket = server.accept(); InputStream in = socket.getInputStream();
                    OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
                in.transferTo(out);
            }
            sums[0] = HexFormat.of().formatHex(digest.digest());
            byte[] bytes = new byte[BYTES];
            new Random(5).nextBytes(bytes);
            try (Socket socket = server.accept(); OutputStream out = socket.getOutputStream()) {
                out.write(bytes);
            }
            sums[1] = HexFormat.of().formatHex(digest.digest(bytes));
            return sums;
        });
        Thread.ofPlatform().daemon().start(task);
        return task;
    }

    private static MessageDigest md5() {
        try {
            return MessageDigest.getInstance("MD5");
        } catch (NoSuchAlgorithmException impossible) {
            throw new UncheckedIOException(new IOException(impossible));
        }
    }

    /** With the gateway's address for the host's loopback, which is what passt does when it is not told otherwise. */
    private Process passt() throws IOException {
        // For passt gives up root.
        Files.setPosixFilePermissions(folder, PosixFilePermissions.fromString("rwxrwxrwx"));
        Process process = new ProcessBuilder(PASST.toString(), "--foreground", "--quiet", "--socket",
                uplink().toString(), "--ipv4-only", "--mtu", "1500", "--address", "10.187.0.1", "--netmask", "16",
                "--gateway", "10.187.255.254", "--mac-addr", "02:4d:ff:00:00:01", "--tcp-ports", "none")
                .redirectErrorStream(true).redirectOutput(folder.resolve("passt.log").toFile()).start();
        PlaneProcess.await(() -> Files.exists(uplink()));
        return process;
    }

    private Path uplink() {
        return folder.resolve("passt.sock");
    }

    private Path socket(int number) {
        return folder.resolve("net" + number);
    }

    private void addPorts(Path run) throws IOException {
        try (PlaneClient client = PlaneProcess.connect(run)) {
            for (int i = 1; i <= 3; i++) {
                client.addPort(new PortSpec("guest" + i, socket(i).toString(), false, "02:4d:00:00:00:0" + i,
                        "10.187.0." + i, "02:4d:ff:00:00:01", "10.187.255.254", i == 1 ? uplink().toString() : ""));
            }
        }
    }
}
