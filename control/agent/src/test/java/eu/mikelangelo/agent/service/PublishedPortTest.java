package eu.mikelangelo.agent.service;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.machines.PublishedPort;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PublishedPortTest {
    @Test
    void whatIsPrintedParsesToTheSame() {
        Random random = new Random(5);
        for (int i = 0; i < 1000; i++) {
            PublishedPort port = new PublishedPort(random.nextBoolean() ? "tcp" : "udp",
                    random.nextInt(256) + "." + random.nextInt(256) + ".0." + random.nextInt(256),
                    1 + random.nextInt(65535), 1 + random.nextInt(65535));
            assertEquals(port, PublishedPort.parse(port.toString()));
        }
    }

    @Test
    void aPortHeldByAnotherProcessIsAConflictThatNamesIt() throws Exception {
        try (ServerSocket held = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            PublishedPort port = new PublishedPort("tcp", "127.0.0.1", held.getLocalPort(), 80);
            Failure failure = assertThrows(Failure.class, () -> HostPorts.check(List.of(port), List.of()));
            assertEquals(Failure.Kind.CONFLICT, failure.kind());
            String self = "(process " + ProcessHandle.current().pid() + ")";
            assertTrue(failure.getMessage().contains(self), failure.getMessage());
        }
    }

    @Test
    void aFreePortIsFine() throws Exception {
        int number;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.ofLiteral("127.0.0.1"))) {
            number = socket.getLocalPort();
        }
        HostPorts.check(List.of(new PublishedPort("tcp", "127.0.0.1", number, 80),
                new PublishedPort("udp", "127.0.0.1", number, 80)), List.of());
    }

    @Test
    void anAddressOfAnotherHostIsBadInput() {
        PublishedPort port = new PublishedPort("tcp", "192.0.2.1", 18080, 80);
        assertEquals(Failure.Kind.BAD_INPUT,
                assertThrows(Failure.class, () -> HostPorts.check(List.of(port), List.of())).kind());
    }

    @Test
    void readsTheKernelsTable() {
        PublishedPort port = new PublishedPort("tcp", "127.0.0.1", 8080, 80);
        String line = " 0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 4711 1";
        assertEquals("4711", HostPorts.inodeOf(line, port));
        assertNull(HostPorts.inodeOf(line.replace(" 0A ", " 01 "), port), "not listening");
        assertNull(HostPorts.inodeOf("  sl  local_address rem_address   st tx_queue", port), "the head");
        assertNotNull(HostPorts.inodeOf(line.replace("0100007F", "00000000000000000000000001000000"), port));
    }
}
