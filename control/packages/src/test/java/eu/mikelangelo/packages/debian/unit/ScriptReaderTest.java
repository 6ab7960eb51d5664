package eu.mikelangelo.packages.debian.unit;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ScriptReaderTest {
    private static List<Action> read(String script) {
        return ScriptReader.read(script, "configure", "demo");
    }

    @Test
    void usersAndGroupsWithVariables() {
        List<Action> actions = read("""
                #!/bin/sh
                set -e
                USER=demo
                HOME_DIR="/var/lib/$USER"   # where it lives
                case "$1" in
                  configure)
                    if ! getent passwd "${USER}" > /dev/null; then
                        adduser --system --quiet --group --no-create-home \\
                            --home ${HOME_DIR} --gecos "Demo: daemon" $USER
                    fi
                    addgroup --system extra || true
                    adduser --quiet $USER extra
                    useradd -r -g mail -d /srv/two -s /bin/false -M two
                    usermod -a -G adm,tty two
                    ;;
                  abort-upgrade|remove) adduser --system wrong ;;
                esac
                """);
        assertEquals(List.of(new Action.User("demo", "", "/var/lib/demo", "", "Demo  daemon", -1),
                new Action.Group("extra", -1), new Action.Membership("demo", "extra"),
                new Action.User("two", "mail", "/srv/two", "/bin/false", "", -1), new Action.Membership("two", "adm"),
                new Action.Membership("two", "tty")), actions);
    }

    @Test
    void aSystemUserWithoutGroupBelongsToNogroup() {
        assertEquals(List.of(new Action.User("demo", "nogroup", "/run/d", "", "", 120)),
                read("adduser --system --uid 120 --home /run/d demo"));
    }

    @Test
    void foldersOwnersModesFilesAndLinks() {
        List<Action> actions = read("""
                for dir in /var/lib/demo /var/log/demo; do
                    mkdir -p "$dir"; chown -R demo:adm "$dir" && chmod 2750 $dir
                done
                install -d -m 0750 -o demo -g mail /var/spool/demo
                install -m 644 /usr/share/demo/a.conf /etc/a.conf
                ucf --three-way /usr/share/demo/b.conf /etc/b.conf
                [ -e /etc/c.conf ] || cp -p /usr/share/demo/c.conf /etc/c.conf
                ln -sf ../x /etc/demo/enabled
                dpkg-statoverride --update --add root demo 0640 /etc/secret
                chown $(id -u) /unknown
                chmod u+s /symbolic
                """);
        assertTrue(actions.containsAll(List.of(new Action.Folder("/var/lib/demo", -1, "", ""),
                new Action.Folder("/var/log/demo", -1, "", ""), new Action.Owner("/var/log/demo", "demo", "adm", true),
                new Action.Mode("/var/lib/demo", 02750, false), new Action.Folder("/var/spool/demo", 0750, "demo",
                "mail"),
                new Action.Copy("/usr/share/demo/a.conf", "/etc/a.conf", 0644),
                new Action.Copy("/usr/share/demo/b.conf", "/etc/b.conf", -1),
                new Action.Copy("/usr/share/demo/c.conf", "/etc/c.conf", -1), new Action.Link("../x",
                "/etc/demo/enabled"),
                new Action.Owner("/etc/secret", "root", "demo", false), new Action.Mode("/etc/secret", 0640, false))),
                actions.toString());
        assertFalse(actions.toString().contains("unknown") || actions.toString().contains("symbolic"));
    }

    @Test
    void alternatives() {
        assertEquals(List.of(new Action.Alternative("/usr/bin/awk", "awk", "/usr/bin/mawk", 5),
                new Action.Alternative("/usr/bin/nawk", "nawk", "/usr/bin/mawk", 0)),
                read("update-alternatives --quiet --install /usr/bin/awk awk /usr/bin/mawk 5 \\\n"
                        + " --slave /usr/bin/nawk nawk /usr/bin/mawk"));
    }

    @Test
    void pathsThatClimbAreIgnored() {
        assertEquals(List.of(), read("mkdir -p /var/../../etc; chown x:y /a/..; mkdir relative; ln -s a /b/../c"));
    }

    @Test
    void shellReadsWithoutRunning() {
        Shell.Script script = Shell.read("""
                A=${1:-none}; B="$A/x"
                foo() { echo inside; }
                cat <<EOF
                rm -rf / # not a command
                EOF
                test -x "$B" || exit 0
                start-stop-daemon --start --exec ${DAEMON:-/usr/sbin/d} -- $OPTS 2>&1 >/dev/null
                x=$(uname -r)
                """, Map.of("OPTS", "-a -b"));
        assertEquals("none/x", script.variables().get("B"));
        assertTrue(script.functions().contains("foo"));
        assertTrue(script.commands().contains(List.of("start-stop-daemon", "--start", "--exec", "/usr/sbin/d", "--",
                "-a", "-b")),
                script.commands().toString());
        assertTrue(script.commands().contains(List.of("uname", "-r")));
        assertFalse(script.commands().toString().contains("-rf"));
    }

    @Test
    void mutatedScriptsNeverThrowOrHang() {
        String script = "case \"$1\" in a|b) x=${Y:-$(id)};; esac\nfor i in 1 2; do adduser --system $i; done "
                + "<<E\nE\n`a`\n";
        Random random = new Random(3);
        for (int round = 0; round < 3_000; round++) {
            StringBuilder bad = new StringBuilder(script);
            for (int n = random.nextInt(8); n >= 0; n--) {
                bad.setCharAt(random.nextInt(bad.length()), "\"'`$(){}\\;|&<>\n \1\2\3ac".charAt(random.nextInt(21)));
            }
            read(bad.toString());
        }
    }

    @Test
    void sysusersAndTmpfiles() {
        assertEquals(List.of(new Action.User("d", "", "/var/lib/d", "", "The d", -1), new Action.User("e", "mail", "",
                "", "", 77),
                new Action.Group("g", 88), new Action.Membership("d", "g")), SystemdLines.sysusers("""
                # users
                u d - "The d" /var/lib/d
                u e 77:mail -
                g g 88
                m d g
                """));
        assertEquals(List.of(new Action.Folder("/run/d", 02775, "d", "g"), new Action.Folder("/var/lib/x", -1, "", "")),
                SystemdLines.tmpfiles("d %t/d 2775 d g -\nd /var/lib/x - - - -\nd /a/../b 0755 - - -\nx /tmp/*\n"));
    }
}
