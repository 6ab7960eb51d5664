package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * The README as a newcomer types it, on machines where nothing of ours was installed: Debian 12, which has no JDK 25,
 * and Debian 13. Needs root, debootstrap and the network; about five minutes each on an idle host.
 */
@Tag("system")
@Timeout(value = 30, unit = TimeUnit.MINUTES)
class FreshMachineTest {
    private static final String HELLO = "Hello, world, from a machine of your own.\n";

    @BeforeEach
    void possible() {
        Assumptions.assumeTrue(FreshMachine.missing().isEmpty(), FreshMachine::missing);
    }

    @Test
    void onDebian12ThePrintedLineBringsAJdkAndTheRestIsAskedFor() throws Exception {
        try (FreshMachine machine = new FreshMachine("bookworm")) {
            clone(machine);
            Mike.Result noJdk = machine.type("cd /srv/mikelangelo && ./mike run -d memcached -p 11211");
            assertEquals(69, noJdk.code(), noJdk.err());
            String line = noJdk.err().lines().filter(l -> l.startsWith("    ")).findFirst().orElseThrow().strip();
            machine.type(line).ok();

            Mike.Result silent = machine.type("cd /srv/mikelangelo && ./mike run -d memcached -p 11211");
            assertEquals(69, silent.code(), silent.err());
            assertTrue(silent.err().contains("--yes") && silent.err().contains("apt-get install"), silent.err());
            Mike.Result no = machine.typeAtATerminal("cd /srv/mikelangelo && ./mike ps", "n");
            assertEquals(69, no.code(), no.out());
            assertTrue(no.out().contains("[Y/n]") && no.out().contains("nothing installed"), no.out());
            aUserWithoutRightsIsToldOneLine(machine);

            int port = port(11211);
            machine.typeAtATerminal("cd /srv/mikelangelo && ./mike run -d memcached -p " + port + ":11211", "y").ok();
            transcript(machine, port);
            aUserNeedsNoRoot(machine);
        }
    }

    @Test
    void onDebian13YesBringsEverything() throws Exception {
        try (FreshMachine machine = new FreshMachine("trixie")) {
            clone(machine);
            int port = port(11211);
            machine.type("cd /srv/mikelangelo && ./mike run -d memcached -p " + port + ":11211 --yes").ok();
            transcript(machine, port);
            aUserNeedsNoRoot(machine);
        }
    }

    private static void clone(FreshMachine machine) {
        machine.type("cd /srv && git clone --quiet mikelangelo.git && cd mikelangelo").ok();
    }

    /** The port of the README, unless something on this host has it. */
    private static int port(int typed) {
        try (var socket = new java.net.ServerSocket(typed, 1, java.net.InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (java.io.IOException e) {
            return Mike.freePort();
        }
    }

    private static String talk(FreshMachine machine, int port, String request) {
        return machine.type(Duration.ofSeconds(30), "exec 3<>/dev/tcp/127.0.0.1/" + port + "; printf '" + request
                + "' >&3; cat <&3").ok().out();
    }

    /** "See it run" of the README, from the line behind the first. */
    private static void transcript(FreshMachine machine, int port) {
        assertEquals("STORED\r\nVALUE a 0 1\r\n1\r\nEND\r\n",
                talk(machine, port, "set a 0 0 1\\r\\n1\\r\\nget a\\r\\nquit\\r\\n"));
        String mike = "cd /srv/mikelangelo && ./mike ";
        assertTrue(machine.type(mike + "ps").ok().out().contains("memcached"));
        machine.type(mike + "logs memcached").ok();
        String facts = machine.type(mike + "inspect memcached --json").ok().out();
        assertTrue(facts.contains("rxFrames") && facts.contains("vhost-user"), facts);
        assertTrue(machine.type(mike + "exec memcached /usr/bin/memcached -V").ok().out().startsWith("memcached 1"));
        machine.type(mike + "stop memcached && ./mike rm memcached").ok();

        assertEquals(HELLO, machine.type(mike + "run ./examples/hello").ok().out());
        assertEquals(5, machine.type(mike + "run ./examples/hello --env CODE=5").code());

        int web = port(8080);
        machine.type(mike + "run -d --name web nginx -p " + web + ":80 -m 256M -c 2 --env A=b").ok();
        assertTrue(talk(machine, web, "GET / HTTP/1.0\\r\\n\\r\\n").startsWith("HTTP/1.1 200 OK"));
        machine.type(mike + "rm -f web").ok();

        int redis = port(6379);
        machine.type(mike + "run -d redis -p " + redis + ":6379").ok();
        assertEquals("+PONG\r\n+OK\r\n", talk(machine, redis, "PING\\r\\nQUIT\\r\\n"));
        machine.type(mike + "rm -f redis").ok();

        machine.type(mike + "compose ./examples/hello -o hello.img").ok();
        assertEquals(HELLO, machine.type(mike + "run hello.img").ok().out());
        assertTrue(machine.type(mike + "images").ok().out().contains("nginx"));
        assertTrue(machine.type(mike + "image inspect hello.img").ok().out().contains("\"sha256\""));
        assertEquals(1, machine.type(mike + "ps -a").ok().out().lines().count());
        machine.type(mike + "agent stop --all").ok();
    }

    private static void aUserWithoutRightsIsToldOneLine(FreshMachine machine) {
        machine.type("useradd --create-home --shell /bin/bash ada").ok();
        Mike.Result told = machine.type("su - ada -c '/srv/mikelangelo/mike --yes ps'");
        assertEquals(69, told.code(), told.err());
        String line = "su - -c 'apt-get update && apt-get install";
        assertEquals(1, told.err().lines().filter(said -> said.contains(line)).count(), told.err());
    }

    /** What root has installed and built serves every user, whose files stay in their own folders, closed to others. */
    private static void aUserNeedsNoRoot(FreshMachine machine) {
        int port = Mike.freePort();
        machine.type("id ada || useradd --create-home --shell /bin/bash ada; touch /tmp/before").ok();
        String ada = "su - ada -c '/srv/mikelangelo/mike ";
        machine.type(ada + "run -d memcached -p " + port + ":11211'").ok();
        assertEquals("END\r\n", talk(machine, port, "get a\\r\\nquit\\r\\n"));
        assertEquals("", machine.type("find / -xdev -user ada -newer /tmp/before -not -path '/home/*'").ok().out());
        assertEquals("", machine.type("find ~ada/.local/share/mikelangelo -maxdepth 1 -perm /077").ok().out());
        machine.type(ada + "rm -f memcached'").ok();
        machine.type(ada + "agent stop --all'").ok();
    }
}
