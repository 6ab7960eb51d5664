package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.MethodOrderer;
import org.junit.jupiter.api.Order;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestMethodOrder;
import tools.jackson.databind.JsonNode;

/** The README's first story: a Debian package nobody prepared by hand becomes a machine and serves. In order. */
@Tag("boot")
@TestMethodOrder(MethodOrderer.OrderAnnotation.class)
class MemcachedTest {
    private static final Mike MIKE = new Mike("main");
    private static final int PORT = Mike.freePort();

    @BeforeAll
    static void start() throws InterruptedException {
        AtomicBoolean up = new AtomicBoolean();
        Thread impatient = Thread.ofVirtual().start(() -> {
            while (!up.get()) {
                tryOnce();
                pause();
            }
        });
        try {
            MIKE.run("run", "-d", "--name", "cache", "memcached", "-p", PORT + ":11211").ok();
        } finally {
            up.set(true);
            impatient.join();
        }
    }

    /** A client that comes while the machine boots and does not wait for long: many of them once hung the uplink. */
    private static void tryOnce() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), PORT), 200);
            socket.setSoTimeout(200);
            socket.getOutputStream().write("version\r\n".getBytes(StandardCharsets.US_ASCII));
            socket.getInputStream().read();
        } catch (IOException e) {
            return; // not there yet
        }
    }

    private static void pause() {
        try {
            Thread.sleep(20);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    @Order(1)
    void servesWhenRunReturns() throws IOException {
        assertEquals("STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n", Host.talk(PORT, "set a 0 0 1\r\n1\r\nget a\r\nquit\r\n"));
    }

    @Test
    @Order(2)
    void isListedWithItsPort() {
        String listing = MIKE.run("ps").ok().out();
        assertTrue(listing.contains("cache") && listing.contains(String.valueOf(PORT)), listing);
    }

    @Test
    @Order(3)
    void inspectCountsTheFramesOfThePlane() throws IOException {
        JsonNode before = MIKE.inspect("cache");
        assertTrue(ProcessHandle.of(before.get("pid").asLong()).orElseThrow().isAlive());
        for (int i = 0; i < 50; i++) {
            Host.talk(PORT, "get a\r\nquit\r\n");
        }
        JsonNode after = MIKE.inspect("cache");
        for (String counter : List.of("rxFrames", "txFrames")) {
            long rise = after.get("io").get(counter).asLong() - before.get("io").get(counter).asLong();
            assertTrue(rise >= 50, counter + " rose by " + rise);
        }
    }

    @Test
    @Order(4)
    void qemuIsServedByThePlaneAndNotByItsOwnNetwork() {
        long pid = MIKE.inspect("cache").get("pid").asLong();
        String line = ProcessHandle.of(pid).orElseThrow().info().commandLine().orElseThrow();
        assertTrue(line.contains("vhost-user"), line);
        assertFalse(line.contains("-netdev user") || line.contains("-nic user"), line);
    }

    @Test
    @Order(5)
    void aSecondMachineOfThatNameIsRefused() {
        Mike.Result refused = MIKE.run("run", "-d", "--name", "cache", "memcached");
        assertEquals(73, refused.code(), refused.err());
        assertTrue(refused.err().contains("cache"), refused.err());
    }

    @Test
    @Order(6)
    void aPortInUseIsRefusedBeforeAnythingIsMade() {
        Mike.Result refused = MIKE.run("run", "-d", "--name", "other", "memcached", "-p", PORT + ":11211");
        assertEquals(73, refused.code(), refused.err());
        assertTrue(refused.err().contains(String.valueOf(PORT)), refused.err());
        assertFalse(MIKE.run("ps", "-a").ok().out().contains("other"));
    }

    @Test
    @Order(7)
    void execRunsBesideTheApplication() {
        assertTrue(MIKE.run("exec", "cache", "/usr/bin/memcached", "-V").ok().out().contains("memcached 1"));
    }

    @Test
    @Order(8)
    void aScriptLeavesTheConsoleAtTheEndOfItsInput() {
        assertEquals(0, MIKE.run("console", "cache").code());
        assertEquals("RUNNING", MIKE.inspect("cache").get("state").asString().toUpperCase());
    }

    @Test
    @Order(9)
    void stopsGracefullyAndIsRemoved() {
        long pid = MIKE.inspect("cache").get("pid").asLong();
        MIKE.run("stop", "cache").ok();
        Host.awaitEnd(pid);
        assertEquals("EXITED", MIKE.inspect("cache").get("state").asString().toUpperCase());
        MIKE.run("logs", "cache").ok();
        MIKE.run("rm", "cache").ok();
        assertEquals(66, MIKE.run("inspect", "cache").code());
    }
}
