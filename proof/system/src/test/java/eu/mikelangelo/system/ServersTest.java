package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/** The other servers of the README. */
@Tag("boot")
class ServersTest {
    private static final Mike MIKE = new Mike("main");

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void nginxServesAPageAndIsRemovedWhileRunning() throws IOException {
        int port = Mike.freePort();
        MIKE.run("run", "-d", "--name", "web", "nginx", "-p", port + ":80", "-m", "256M", "-c", "2", "--env", "A=b")
                .ok();
        String answer = Host.talk(port, "GET / HTTP/1.0\r\n\r\n");
        assertTrue(answer.startsWith("HTTP/1.1 200 OK") && answer.contains("nginx"), answer);
        MIKE.run("rm", "-f", "web").ok();
        assertEquals(66, MIKE.run("inspect", "web").code());
    }

    @Test
    void redisAnswers() throws IOException {
        int port = Mike.freePort();
        MIKE.run("run", "-d", "redis", "-p", port + ":6379").ok();
        assertEquals("+PONG\r\n+OK\r\n", Host.talk(port, "PING\r\nQUIT\r\n"));
        MIKE.run("stop", "redis").ok();
        MIKE.run("rm", "redis").ok();
    }
}
