package eu.mikelangelo.packages.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

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
        assertTrue(Maintainer.beyond("#!/bin/sh\nf() { mkdir -p ${1}; }\nf /var/log/demo\n"));
        assertTrue(Maintainer.beyond("#!/bin/sh\nf() { D=\"${1}\"; mkdir -p $D; }\nf /var/log/demo\n"));
        assertFalse(Maintainer.beyond("#!/bin/sh\nD=/var/log/demo\nmkdir -p $D\n"));
    }

    @Test
    void theStubsEnableWhatApache2HasAvailable(@TempDir Path folder) throws Exception {
        for (String kind : List.of("mods", "conf", "sites")) {
            Files.createDirectories(folder.resolve("etc/" + kind + "-available"));
            Files.createDirectories(folder.resolve("etc/" + kind + "-enabled"));
        }
        Files.writeString(folder.resolve("etc/mods-available/deflate.load"), "# Depends: filter\nLoadModule deflate\n");
        Files.writeString(folder.resolve("etc/mods-available/deflate.conf"), "x\n");
        Files.writeString(folder.resolve("etc/mods-available/filter.load"), "LoadModule filter\n");
        Files.writeString(folder.resolve("etc/conf-available/a-conf.conf"), "x\n");
        Files.writeString(folder.resolve("etc/sites-available/000-default.conf"), "x\n");
        stub(folder, 0, "a2enmod", "-m", "-q", "deflate");
        stub(folder, 0, "a2enmod", "-m", "-q", "deflate");
        stub(folder, 0, "a2enconf", "-q", "a-conf");
        stub(folder, 0, "a2ensite", "000-default");
        stub(folder, 0, "a2query", "-m", "filter");
        stub(folder, 32, "a2query", "-c", "filter");
        for (String path : List.of("mods-enabled/deflate.load", "mods-enabled/deflate.conf", "mods-enabled/filter.load",
                "conf-enabled/a-conf.conf", "sites-enabled/000-default.conf")) {
            assertTrue(Files.isRegularFile(folder.resolve("etc").resolve(path)), path);
        }
        stub(folder, 0, "a2dismod", "-q", "deflate");
        stub(folder, 32, "a2query", "-m", "deflate");
        stub(folder, 0, "a2query", "-m", "filter");
    }

    /** Runs the stub for all commands by one of its names, with apache2's folder moved to where the test may write. */
    private static void stub(Path folder, int code, String... words) throws Exception {
        Path script = folder.resolve(words[0]);
        try (InputStream in = Maintainer.class.getResourceAsStream("maintainer/stub.sh")) {
            String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
            Files.writeString(script, text.replace("/etc/apache2", folder.resolve("etc").toString()));
        }
        List<String> command = new ArrayList<>(List.of("/bin/sh", script.toString()));
        command.addAll(List.of(words).subList(1, words.length));
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(code, process.waitFor(), command + ": " + said);
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
    void longScriptsAndTemplatesOfAnArchiveAreReadInLinearTime() {
        String text = "Template: demo/x\nType: string\n" + " more\n".repeat(100_000) + "Default: y\n";
        assertEquals("demo/x y\n", Maintainer.answers(text));
        String open = "# Automatically added by x\n".repeat(100_000);
        assertFalse(assertTimeoutPreemptively(Duration.ofMinutes(1), () -> Maintainer.beyond(open)));
        String blank = "true\n" + "\n".repeat(500_000);
        assertFalse(assertTimeoutPreemptively(Duration.ofMinutes(1), () -> Maintainer.beyond(blank)));
        assertTrue(Maintainer.beyond("# Automatically added by x\nmake-something-strange\n"), "no section that ends");
    }

    private static final Switches SWITCHES = new Switches(List.of("nagios-nrpe", "snmp"));
    private static final String OFF = "START_NAGIOS_NRPE=no\n# ENABLED=0\nENABLED=0\nRUN_DAEMON=\"false\" \n"
            + "start_snmpd='No'\nSTART=0\n";
    private static final String ON = "START_NAGIOS_NRPE=yes\n# ENABLED=0\nENABLED=1\nRUN_DAEMON=\"true\" \n"
            + "start_snmpd='yes'\nSTART=1\n";
    /** What is off and stays off. */
    private static final String FEATURES = "ENABLE_REMOTE_COMMANDS=0\nRUN_AS_ROOT=no\nENABLE_TLS=no\nDRY_RUN=0\n"
            + "START_CHROOT=no\nDAEMON_OPTS=no\nRESTART=no\nSTART=\"no\nRUN=nobody\n";

    @Test
    void switchesOfEtcDefaultAreOn() {
        assertEquals(ON + FEATURES, SWITCHES.on(OFF + FEATURES));
    }

    @Test
    void theRunInTheMachineKnowsTheSameSwitches(@TempDir Path folder) throws Exception {
        Path file = Files.writeString(folder.resolve("real"), OFF + FEATURES);
        Path link = Files.createSymbolicLink(Files.createDirectory(folder.resolve("default")).resolve("link"), file);
        Path script = folder.resolve("run");
        Files.writeString(script, Maintainer.resource("run.sh").replace("@SWITCH@", SWITCHES.pattern())
                .replace("/etc/default/", folder.resolve("default") + "/"));
        Process process = new ProcessBuilder("/bin/sh", script.toString()).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals(0, process.waitFor(), said);
        assertEquals(ON + FEATURES, Files.readString(file));
        assertTrue(Files.isSymbolicLink(link));
        assertEquals("mike: " + link + " said not to start the server; now it says to\n", said);
    }

    @Test
    void plainLoopbackAddressesAreOpened() {
        assertEquals("listen_addresses = '0.0.0.0'\nbind-address=0.0.0.0\nDEMO_LISTEN_ADDR=0.0.0.0\nbind 0.0.0.0\n"
                + "Listen 0.0.0.0:631\n", Loopback.open("listen_addresses = 'localhost'\nbind-address=127.0.0.1\n"
                + "DEMO_LISTEN_ADDR=127.0.0.1\nbind 127.0.0.1 ::1\n".replace(" ::1", "")
                + "Listen localhost:631\n"));
        String others = "allow 127.0.0.1\nserver = 127.0.0.1\nlistening = localhost and more\n# bind 127.0.0.1\n";
        assertEquals(others, Loopback.open(others));
        String clients = "rndc_listen_on 127.0.0.1:953\nadmin_listen = localhost:8001\nsmtp_bind_address = 127.0.0.1\n"
                + "LOCAL_HOST=localhost\nsource-bind 127.0.0.1\n";
        assertEquals(clients, Loopback.open(clients));
        assertEquals(List.of("/d", "--admin-listen=127.0.0.1:1"), Loopback.open(
                List.of("/d", "--admin-listen=127.0.0.1:1")));
        assertEquals(List.of("/d", "-l", "0.0.0.0", "--listen=0.0.0.0", "--peer", "127.0.0.1"), Loopback.open(
                List.of("/d", "-l", "127.0.0.1", "--listen=localhost", "--peer", "127.0.0.1")));
    }
}
