package eu.mikelangelo.machines;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import java.util.List;
import org.junit.jupiter.api.Test;

class PublishedPortTest {
    @Test
    void readsEveryForm() {
        assertEquals(new PublishedPort("tcp", "127.0.0.1", 80, 80), PublishedPort.parse("80"));
        assertEquals(new PublishedPort("tcp", "127.0.0.1", 8080, 80), PublishedPort.parse("8080:80"));
        assertEquals(new PublishedPort("udp", "0.0.0.0", 53, 5353), PublishedPort.parse("0.0.0.0:53:5353/udp"));
        assertEquals(new PublishedPort("tcp", "10.0.0.1", 1, 1), PublishedPort.parse("10.0.0.1:1/tcp"));
        PublishedPort port = PublishedPort.parse("9:65535/udp");
        assertEquals(port, PublishedPort.parse(port.toString()));
    }

    @Test
    void refusesOthers() {
        for (String bad : List.of("", "x", "0", "65536", "80:0", "80:", ":80", "1:2:3", "300.0.0.1:80", "80/sctp",
                "-1", "80 ", "99999999999", "::1:80", "127.0.0.1/80,~22")) {
            assertEquals(Failure.Kind.BAD_INPUT,
                    assertThrows(Failure.class, () -> PublishedPort.parse(bad), bad).kind(), bad);
        }
    }

    @Test
    void knowsCollisions() {
        PublishedPort any = PublishedPort.parse("0.0.0.0:80");
        assertTrue(any.collidesWith(PublishedPort.parse("80:81")));
        assertTrue(PublishedPort.parse("80:81").collidesWith(any));
        assertFalse(any.collidesWith(PublishedPort.parse("80/udp")));
        assertFalse(PublishedPort.parse("127.0.0.2:80").collidesWith(PublishedPort.parse("80")));
        assertFalse(any.collidesWith(PublishedPort.parse("81:80")));
        assertThrows(Failure.class, () -> Machines.checkPorts(List.of(any, PublishedPort.parse("80")), List.of()));
    }
}
