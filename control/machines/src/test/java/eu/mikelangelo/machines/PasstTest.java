package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Home;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class PasstTest {
    private static Passt passt(boolean asNobody, boolean root) {
        return new Passt("/usr/bin/passt", Path.of("/r/passt.sock"), "10.187.0.5",
                List.of(PublishedPort.parse("8080:80"), PublishedPort.parse("0.0.0.0:53/udp")), asNobody, root);
    }

    @Test
    void rendersItsCommandLine() {
        String expected = "/usr/bin/passt --foreground --quiet --socket /r/passt.sock --ipv4-only --mtu 65520"
                + " --address 10.187.0.5 --netmask 16 --gateway 10.187.0.1 --mac-addr 02:4d:ff:00:00:01"
                + " --no-map-gw --dns-forward 10.187.0.1"
                + " --tcp-ports 127.0.0.1/8080:80 --udp-ports 0.0.0.0/53:53";
        assertEquals(expected, String.join(" ", passt(false, false).argv()));
        assertEquals(expected, String.join(" ", passt(true, true).argv()));
        assertTrue(String.join(" ", passt(false, true).argv()).contains("--runas 0:0 --socket"));
    }

    @Test
    void saysWhichPortIsTaken() {
        Failure failure = passt(true, true).explain("""
                Failed to send 47 bytes to syslog
                Don't run as root. Changing to nobody...
                Failed to send 67 bytes to syslog
                Failed to bind any port for '-t 127.0.0.1/8080:80', exiting
                """);
        assertEquals(Failure.Kind.CONFLICT, failure.kind());
        assertTrue(failure.getMessage().contains("127.0.0.1:8080/tcp"), failure.getMessage());
        assertTrue(failure.hint().contains("-p 18080:80"), failure.hint());
    }

    @Test
    void passesOtherTroubleOn() {
        Failure failure = passt(true, true).explain("Failed to send 1 bytes to syslog\nNo external interface\n");
        assertEquals(Failure.Kind.UNAVAILABLE, failure.kind());
        assertEquals("passt does not start: No external interface", failure.getMessage());
        assertFalse(passt(true, true).explain("").getMessage().isBlank());
    }

    @Test
    void refusesASocketPathThatLinuxCannotTake() {
        Home home = new Home(Path.of("/d"), Path.of("/" + "x".repeat(90)));
        assertTrue(assertThrows(Failure.class, () -> Sockets.of(home, 65_000)).getMessage().contains("107"));
        assertEquals(Path.of("/r/m/7/passt/passt.sock"),
                Sockets.of(new Home(Path.of("/d"), Path.of("/r")), 7, null).passt());
    }

    @Test
    void livesInAHomeDirectoryWhereAppArmorConfinesIt() {
        Path one = Sockets.of(new Home(Path.of("/d"), Path.of("/r")), 7, Path.of("/home/u")).passt();
        Path two = Sockets.of(new Home(Path.of("/d"), Path.of("/r2")), 7, Path.of("/home/u")).passt();
        assertTrue(one.startsWith("/home/u/.cache/mikelangelo/passt") && two.startsWith("/home/u/.cache"));
        assertFalse(one.equals(two), "two homes of one user");
    }

    @Test
    void saysWhatToInstall() {
        MachineSpec spec = new MachineSpec(1, "a", 5, new MachineSpec.Image("i", "", "/i"),
                new MachineSpec.Kernel("k", "", "/k"), 128, 1, List.of(), Map.of(), List.of(), List.of(), 0,
                java.time.Instant.EPOCH);
        Sockets sockets = Sockets.of(new Home(Path.of("/d"), Path.of("/r")), 5);
        Failure failure = assertThrows(Failure.class,
                () -> Passt.of(spec, sockets, false, Map.of("MIKE_PASST", "/nonexistent")));
        assertEquals(Failure.Kind.UNAVAILABLE, failure.kind());
        assertEquals("02:4d:00:00:00:05", spec.mac());
        assertEquals("10.187.0.5", spec.address());
    }
}
