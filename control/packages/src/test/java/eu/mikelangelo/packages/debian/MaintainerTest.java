package eu.mikelangelo.packages.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;

class MaintainerTest {
    @Test
    void whatATreeCanHoldNeedsNoRun() {
        assertFalse(Maintainer.beyond(""));
        assertFalse(Maintainer.beyond("""
                #!/bin/sh
                set -e
                if [ "$1" = configure ]; then
                    adduser --system demo > /dev/null 2>&1 || true
                    install -d -o demo /var/lib/demo
                    echo "done" >&2
                fi
                # Automatically added by dh_installinit/13
                if [ -x /etc/init.d/demo ]; then
                    make-something-strange
                fi
                # End automatically added section
                """));
    }

    @Test
    void keysSecretsAndWrittenFilesDo() {
        assertTrue(Maintainer.beyond("#!/bin/sh\nssh-keygen -A\n"));
        assertTrue(Maintainer.beyond("#!/bin/sh\necho \"key=$(date)\" > /etc/demo.conf\n"));
        assertTrue(Maintainer.beyond("#!/bin/sh\ninstall -m 0600 /proc/sys/kernel/random/uuid /etc/secret\n"));
        assertTrue(Maintainer.beyond("#!/bin/sh\nucf $(mktemp) /etc/demo.conf\n"));
        assertTrue(Maintainer.beyond("#!/bin/sh\nf() { sed -i s/a/b/ /etc/x; }\nf\n"));
    }

    @Test
    void debconfAnswersWithTheTemplatesDefaults() {
        assertEquals("demo/start true\ndemo/name \ndemo/list a b\n", Maintainer.answers("""
                Template: demo/start
                Type: boolean
                Default: true
                Description: Start it?

                Template: demo/name
                Type: string
                Description: Name

                Template: demo/list
                Type: select
                Default: a b
                """));
    }

    @Test
    void switchesOfEtcDefaultAreOn() {
        assertEquals("START_DEMO=yes\n# ENABLED=0\nENABLED=1\nRUN_DAEMON=\"true\"\nDAEMON_OPTS=no\nRESTART=no\n",
                Maintainer.enabled("START_DEMO=no\n# ENABLED=0\nENABLED=0\nRUN_DAEMON=\"false\"\nDAEMON_OPTS=no\n"
                        + "RESTART=no\n"));
    }

    @Test
    void plainLoopbackAddressesAreOpened() {
        assertEquals("listen_addresses = '0.0.0.0'\nbind-address=0.0.0.0\nDEMO_LISTEN_ADDR=0.0.0.0\nbind 0.0.0.0\n"
                + "Listen 0.0.0.0:631\n", Loopback.open("listen_addresses = 'localhost'\nbind-address=127.0.0.1\n"
                + "DEMO_LISTEN_ADDR=127.0.0.1\nbind 127.0.0.1 ::1\n".replace(" ::1", "")
                + "Listen localhost:631\n"));
        String others = "allow 127.0.0.1\nserver = 127.0.0.1\nlistening = localhost and more\n# bind 127.0.0.1\n";
        assertEquals(others, Loopback.open(others));
        assertEquals(List.of("/d", "-l", "0.0.0.0", "--listen=0.0.0.0", "--peer", "127.0.0.1"), Loopback.open(
                List.of("/d", "-l", "127.0.0.1", "--listen=localhost", "--peer", "127.0.0.1")));
    }
}
