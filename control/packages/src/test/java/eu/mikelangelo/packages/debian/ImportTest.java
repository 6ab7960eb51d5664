package eu.mikelangelo.packages.debian;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.base.Failure;
import eu.mikelangelo.base.Progress;
import eu.mikelangelo.doubles.DebWriter;
import eu.mikelangelo.doubles.Mirror;
import eu.mikelangelo.packages.BlobStore;
import eu.mikelangelo.packages.Bundle;
import eu.mikelangelo.packages.Start;
import eu.mikelangelo.packages.Tree;
import eu.mikelangelo.packages.debian.apt.MirrorConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whole imports from an archive made by the test; its "programs" are shell scripts, so that no compiler is needed. */
class ImportTest {
    @TempDir
    Path folder;
    private Mirror mirror;
    private BlobStore blobs;

    @BeforeEach
    void open() throws IOException {
        mirror = new Mirror();
        blobs = new BlobStore(folder.resolve("blobs"));
        mirror.add("dash", "0.5-1", new DebWriter().file("./bin/dash", "shell", 0755).link("./bin/sh", "dash"),
                "Essential: yes");
        mirror.add("coreutils", "9-1", new DebWriter().file("./bin/cat", "cat", 0755).file("./bin/ls", "ls", 0755),
                "Essential: yes");
        mirror.add("util-linux", "2-1", new DebWriter().file("./usr/bin/setpriv", "setpriv", 0755),
                "Essential: yes");
        mirror.add("demo", "1.0-1", new DebWriter()
                .file("./usr/sbin/demod", "#!/bin/sh\ncat /etc/demo.conf | helper\n", 0755)
                .file("./etc/default/demo", "OPTS=\"-a 'b c' -d\"\nNAME=n\n", 0644)
                .file("./lib/systemd/system/demo.service", """
                        [Service]
                        Type=forking
                        EnvironmentFile=-/etc/default/demo
                        Environment=MODE=fast
                        User=demo
                        SupplementaryGroups=adm
                        RuntimeDirectory=demo
                        StateDirectory=demo
                        PIDFile=/var/run/other/demo.pid
                        ExecStartPre=+/usr/sbin/demod check
                        ExecStartPre=-/usr/sbin/demod ${NAME}x
                        ExecStartPre=/usr/sbin/gone
                        ExecStart=/usr/sbin/demod $OPTS --mode=${MODE} --state %S/%p \\
                          -c /etc/demo/main.conf
                        """, 0644)
                .file("./lib/systemd/system/demo.socket", "[Socket]\nListenStream=0.0.0.0:7070\nListenDatagram=7071\n",
                0644)
                .file("./usr/share/doc/demo/README", "long", 0644).file("./usr/share/demo/default.conf",
                "bind 127.0.0.1\n", 0644)
                .file("./usr/share/demo/templates/main.conf", "defaults", 0644)
                .control("postinst", "adduser --system --group --home /var/lib/demo demo\nmkdir -p /var/log/demo\n"
                        + "chown demo:adm /var/log/demo\nchmod 0750 /var/log/demo\nucf /usr/share/demo/default.conf "
                        + "/etc/demo.conf\n")
                .build("xz"), "Depends: demo-helper, data-only, perl");
        mirror.add("demo-helper", "1.0-1", new DebWriter().file("./usr/bin/helper", "#!/usr/bin/env sh\nls\n", 0755),
                "Source: demo");
        mirror.add("data-only", "3", new DebWriter().file("./usr/share/data/x", "data", 0644));
        mirror.add("perl", "5", new DebWriter().file("./usr/bin/perl", "perl", 0755));
        mirror.add("busy", "1", new DebWriter().file("./usr/bin/busy", "x", 0755)
                .file("./lib/systemd/system/busy.service",
                "[Service]\nType=dbus\nBusName=org.example\nExecStart=/usr/bin/busy\n", 0644));
        mirror.add("net", "1", new DebWriter().file("./bin/nc.real", "nc", 0755)
                .control("postinst", "update-alternatives \\\n  --install /bin/nc nc /bin/nc.real 50\n"));
        mirror.add("empty", "1", new DebWriter().file("./usr/share/empty/x", "x", 0644));
        mirror.add("meta", "1", new DebWriter().file("./usr/share/doc/meta/x", "x", 0644), "Depends: initd");
        mirror.add("initd", "2", new DebWriter().file("./usr/sbin/initd", "#!/bin/sh\n", 0755)
                .file("./etc/init.d/initd", """
                #!/bin/sh
                DAEMON=/usr/sbin/initd
                ARGS="-p 99"
                [ -r /etc/default/initd ] && . /etc/default/initd
                case "$1" in
                  start) start-stop-daemon --start --quiet --chuid daemon --exec $DAEMON -- -f "x y" \\
                      --keep $ARGS ;;
                  stop) start-stop-daemon --stop ;;
                esac
                """, 0755).file("./etc/default/initd", "ARGS='-p 100'\n", 0644));
        mirror.publish();
    }

    @AfterEach
    void close() {
        mirror.close();
    }

    private DebianImporter importer() throws IOException {
        Files.createDirectories(folder.resolve("recipes"));
        return new DebianImporter(MirrorConfig.of(mirror, folder), folder.resolve("packages"), blobs,
                List.of(folder.resolve("recipes")));
    }

    private Bundle take(String name) throws IOException {
        return importer().importPackage(name, false, Progress.NONE);
    }

    /** Takes a package whose program, called after it with a d, is started by this init script and by no unit. */
    private Bundle takeStartedBy(String script, String name) throws IOException {
        mirror.add("dpkg", "1.21", new DebWriter().file("./sbin/start-stop-daemon", "ssd", 0755), "Essential: yes");
        mirror.add(name, "1", new DebWriter().file("./usr/sbin/" + name + "d", "x", 0755)
                .file("./etc/init.d/" + name, script, 0755));
        mirror.publish();
        return take(name);
    }

    private String text(Bundle bundle, String path) throws IOException {
        Tree.File file = assertInstanceOf(Tree.File.class, bundle.tree().get(path), path);
        return Files.readString(blobs.path(file.sha256()));
    }

    @Test
    void theUnitSaysHowItStarts() throws IOException {
        Start start = take("demo").start();
        assertEquals(List.of("/usr/sbin/demod", "-a", "b c", "-d", "--mode=fast", "--state", "/var/lib/demo",
                "-c", "/etc/demo/main.conf"), start.args());
        assertEquals(List.of(List.of("/usr/sbin/demod", "check"), List.of("/bin/sh", "-c", "\"$$@\" || :", "sh",
                "/usr/bin/setpriv", "--reuid=101", "--regid=101", "--clear-groups", "--", "/usr/sbin/demod", "nx")),
                start.pre());
        assertEquals("101:101,4", start.user());
        assertTrue(start.forking());
        assertEquals("fast", start.env().get("MODE"));
        assertEquals("/var/lib/demo", start.env().get("HOME"));
        assertEquals(List.of(new Start.RunFolder("/run/demo", 0755, 101, 101),
                new Start.RunFolder("/run/lock", 01777, 0,
                0), new Start.RunFolder("/run/other", 0755, 101, 101)),
                start.folders());
        assertEquals(List.of(new Start.Port("tcp", 7070), new Start.Port("udp", 7071)), start.ports());
    }

    @Test
    void theTreeHoldsWhatTheStartNeedsAndNoMore() throws IOException {
        Bundle bundle = take("demo");
        Tree tree = bundle.tree();
        for (String path : List.of("/usr/sbin/demod", "/usr/bin/helper", "/usr/bin/dash", "/usr/bin/cat", "/usr/bin/ls",
                "/usr/share/data/x", "/etc/default/demo")) {
            assertInstanceOf(Tree.File.class, tree.get(path), path);
        }
        assertEquals("dash", assertInstanceOf(Tree.Link.class, tree.get("/usr/bin/sh")).target());
        assertEquals("usr/bin", assertInstanceOf(Tree.Link.class, tree.get("/bin")).target());
        assertTrue(text(bundle, "/etc/protocols").contains("tcp\t6\t"), "getprotobyname is asked by old servers");
        assertTrue(text(bundle, "/etc/services").contains("smtp\t25/tcp\n"));
        assertNull(tree.get("/usr/share/doc/demo/README"));
        assertNull(tree.get("/usr/bin/perl"), "a maintainer script's Perl is not the program's");
        assertNull(tree.get("/usr/lib/systemd/system/demo.service"));
        assertEquals(List.of("demo", "dash", "coreutils", "util-linux", "demo-helper", "data-only").stream().sorted()
                .toList(),
                bundle.sources().stream().map(Bundle.Source::name).sorted().toList());
    }

    @Test
    void maintainerScriptsAreReadNotRun() throws IOException {
        Bundle bundle = take("demo");
        assertEquals(new Tree.Folder(0750, 101, 4), bundle.tree().get("/var/log/demo"));
        assertEquals(new Tree.Folder(0755, 101, 101), bundle.tree().get("/var/lib/demo"));
        assertEquals("bind 0.0.0.0\n", text(bundle, "/etc/demo.conf"), "opened to its published ports");
        assertEquals("defaults", text(bundle, "/etc/demo/main.conf"));
        assertTrue(text(bundle, "/etc/passwd").contains("demo:x:101:101::/var/lib/demo:/usr/sbin/nologin\n"));
        assertTrue(text(bundle, "/etc/group").contains("demo:x:101:\n"));
        assertTrue(bundle.warnings().stream().anyMatch(w -> w.contains("/etc/demo.conf said to listen on the")),
                bundle.warnings().toString());
        assertTrue(bundle.warnings().stream().anyMatch(w -> w.contains("/usr/sbin/gone")), bundle.warnings()
                .toString());
    }

    @Test
    void importsAreDeterministicAndRemembered() throws IOException {
        String first = BundleCache.write(take("demo"));
        int asked = mirror.requests().size();
        assertEquals(first, BundleCache.write(take("demo")));
        assertEquals(asked, mirror.requests().size(), "a second import asks nobody");
        BlobStore other = new BlobStore(folder.resolve("blobs2"));
        assertEquals(first, BundleCache.write(new DebianImporter(MirrorConfig.of(mirror, folder),
                folder.resolve("packages2"), other, List.of()).importPackage("demo", false, Progress.NONE)));
    }

    @Test
    void aLostBlobIsMadeAgain() throws IOException {
        Tree.File file = assertInstanceOf(Tree.File.class, take("demo").tree().get("/etc/passwd"));
        Files.delete(blobs.path(file.sha256()));
        take("demo");
        assertTrue(blobs.has(file.sha256()));
    }

    @Test
    void theFingerprintFollowsPackagesAndRecipe() throws IOException {
        String before = importer().fingerprint("demo");
        assertEquals(before, importer().fingerprint("demo"));
        Files.writeString(folder.resolve("recipes/demo.yaml"), "aliases: [other]\nargs: [/usr/sbin/demod]\n");
        String with = importer().fingerprint("demo");
        assertNotEquals(before, with);
        mirror.add("data-only", "4", new DebWriter().file("./usr/share/data/x", "new", 0644));
        mirror.publish();
        importer().refresh(Progress.NONE);
        assertNotEquals(with, importer().fingerprint("demo"));
    }

    @Test
    void aRecipeOverridesTheUnit() throws IOException {
        Files.createDirectories(folder.resolve("recipes"));
        Files.writeString(folder.resolve("recipes/shop.yaml"), """
                package: demo
                aliases: [store, "shop-server"]
                args: [/usr/sbin/dem*, -x]
                pre: [[/usr/sbin/demod, init]]
                user: root
                env: {A: "1 2"}
                folders: {/var/lib/shop: "0700 demo", /run/shop: "0755"}
                ports: [80, 53/udp]
                drop: [/usr/share/demo/**]
                files: {/etc/shop.conf: "hello", /etc/secret: {content: s, mode: "0600", owner: demo}}
                """);
        Bundle bundle = take("store");
        assertEquals(List.of("/usr/sbin/demod", "-x"), bundle.start().args());
        assertEquals(List.of(List.of("/usr/sbin/demod", "init")), bundle.start().pre());
        assertEquals("0:0", bundle.start().user());
        assertFalse(bundle.start().forking());
        assertEquals(List.of(new Start.Port("tcp", 80), new Start.Port("udp", 53)), bundle.start().ports());
        assertEquals(new Tree.Folder(0700, 101, 101), bundle.tree().get("/var/lib/shop"));
        assertEquals("hello", text(bundle, "/etc/shop.conf"));
        assertEquals(0600, bundle.tree().get("/etc/secret").mode());
        assertEquals(101, bundle.tree().get("/etc/secret").uid());
        assertNull(bundle.tree().get("/usr/share/demo/default.conf"));
        assertTrue(importer().exists("shop-server"));
        assertFalse(importer().exists("shopserver"));
    }

    @Test
    void aRecipeThatIsWrongSaysWhere() throws IOException {
        Files.createDirectories(folder.resolve("recipes"));
        Files.writeString(folder.resolve("recipes/demo.yaml"), "args: [a\nport: 3\n");
        Failure failure = assertThrows(Failure.class, () -> take("demo"));
        assertEquals(Failure.Kind.BAD_INPUT, failure.kind());
        assertTrue(failure.getMessage().matches("(?s).*demo.yaml line \\d+ column \\d+ is not YAML.*"),
                failure.getMessage());
        Files.writeString(folder.resolve("recipes/demo.yaml"), "port: 3\n");
        assertTrue(assertThrows(Failure.class, () -> take("demo")).getMessage().contains("unknown key port"));
    }

    @Test
    void initScriptsAreUnderstoodAlsoThroughAMetaPackage() throws IOException {
        Start start = take("meta").start();
        assertEquals(List.of("/usr/sbin/initd", "-f", "x y", "--keep", "-p", "100"), start.args());
        assertTrue(start.forking());
        assertEquals("1:1", start.user());
    }

    @Test
    void anInitScriptThatOnlyARunUnderstandsIsRun() throws IOException {
        Bundle bundle = takeStartedBy("""
                #!/bin/sh
                PORT=$(cat /etc/clever.port)
                start-stop-daemon --start --exec /usr/sbin/cleverd -- --port $PORT
                """, "clever");
        assertEquals(List.of("/bin/sh"), bundle.start().wrap());
        assertEquals(List.of("/etc/init.d/clever", "start"), bundle.start().args());
        assertEquals(BundleCache.write(bundle), BundleCache.write(take("clever")), "remembered as it was");
        assertTrue(bundle.start().forking());
        for (String path : List.of("/etc/init.d/clever", "/usr/sbin/start-stop-daemon", "/usr/sbin/cleverd",
                "/usr/bin/cat")) {
            assertInstanceOf(Tree.File.class, bundle.tree().get(path), path);
        }
    }

    @Test
    void anInitScriptThatNamesOnlyItsProgramIsRun() throws IOException {
        Bundle bundle = takeStartedBy("""
                #!/bin/sh
                DAEMON=/usr/sbin/lazyd
                start_it() { start_daemon -p /run/lazy.pid $DAEMON -bd $1; }
                start_it -q
                """, "lazy");
        assertEquals(List.of("/etc/init.d/lazy", "start"), bundle.start().args());
    }

    @Test
    void commandsThatAScriptHandsToAShellComeIn() throws IOException {
        mirror.add("nested", "1", new DebWriter().file("./usr/sbin/nested",
                "#!/bin/sh\nsetpriv --clear-groups sh -c \"cat x && \\\n ls y\"\n", 0755));
        mirror.publish();
        Tree tree = take("nested").tree();
        assertInstanceOf(Tree.File.class, tree.get("/usr/bin/cat"));
        assertInstanceOf(Tree.File.class, tree.get("/usr/bin/ls"));
        assertNull(take("initd").tree().get("/usr/bin/ls"));
    }

    @Test
    void whatThePackagesOfOneSourceDependOnIsSetUpToo() throws IOException {
        mirror.add("mail-imap", "1", new DebWriter().file("./usr/lib/mail/imap", "x", 0755)
                .file("./usr/sbin/imap", "#!/bin/sh\n", 0755), "Source: mail\nDepends: mail-core");
        mirror.add("mail-core", "1", new DebWriter().file("./usr/sbin/mail", "#!/bin/sh\n", 0755)
                .file("./lib/systemd/system/mail.service", "[Service]\nExecStart=/usr/sbin/mail\n", 0644),
                "Source: mail\nDepends: cert");
        mirror.add("cert", "1", new DebWriter().file("./usr/share/cert/x", "x", 0644)
                .control("postinst", "#!/bin/sh\nmake-ssl-cert generate-default-snakeoil\n"));
        mirror.publish();
        assertTrue(take("mail-imap").start().pre().getFirst().contains("cert"));
    }

    @Test
    void aSetUpThatATreeCannotHoldRunsInTheMachine() throws IOException {
        mirror.add("keyed", "1", new DebWriter().file("./usr/sbin/keyed", "#!/bin/sh\n", 0755)
                .file("./usr/bin/make-key", "#!/bin/sh\nls\n", 0755)
                .file("./lib/systemd/system/keyed.service", """
                        [Service]
                        EnvironmentFile=-/etc/default/keyed
                        ExecStart=/usr/sbin/keyed $OPTS
                        """, 0644)
                .control("postinst", "#!/bin/sh\n. /usr/share/debconf/confmodule\ndb_get keyed/size\n"
                        + "make-key --size $RET > /etc/keyed.key\n")
                .control("templates", "Template: keyed/size\nType: string\nDefault: 2048\nDescription: size\n"));
        mirror.publish();
        Bundle bundle = take("keyed");
        assertEquals(List.of("/bin/sh", "-c", "\"$$@\" || :", "sh", "/bin/sh", "/usr/lib/mikelangelo/maintainer/run",
                "keyed"), bundle.start().pre().getFirst());
        assertEquals("keyed/size 2048\n", text(bundle, "/usr/lib/mikelangelo/maintainer/answers"));
        assertTrue(text(bundle, "/var/lib/dpkg/info/keyed.postinst").contains("make-key"));
        assertInstanceOf(Tree.File.class, bundle.tree().get("/usr/bin/make-key"), "the script calls it");
        assertEquals(List.of("/bin/sh", "/usr/lib/mikelangelo/start"), bundle.start().wrap());
        assertEquals(List.of("/usr/sbin/keyed"), bundle.start().args());
        assertTrue(text(bundle, "/usr/lib/mikelangelo/start").endsWith("\nexec \"$1\" $OPTS\n"));
        assertTrue(take("demo").start().pre().stream().noneMatch(p -> p.toString().contains("maintainer")),
                "what the tree can hold needs no run");
    }

    @Test
    void anEnvironmentFileThatNobodyShipsIsTold() throws IOException {
        mirror.add("wants", "1", new DebWriter().file("./usr/sbin/wants", "#!/bin/sh\n", 0755)
                .file("./lib/systemd/system/wants.service", "[Service]\nEnvironmentFile=/usr/share/wants/env\n"
                        + "EnvironmentFile=-/usr/share/wants/more\nExecStart=/usr/sbin/wants\n", 0644));
        mirror.publish();
        List<String> told = take("wants").warnings().stream().filter(w -> w.contains("no package ships")).toList();
        assertEquals(List.of("wants.service reads /usr/share/wants/env, which no package ships"), told);
    }

    @Test
    void stateIsOnlyLeftToAScriptThatWillRun() throws IOException {
        mirror.add("stateful", "1", new DebWriter().file("./usr/sbin/stateful", "#!/bin/sh\n", 0755)
                .file("./usr/share/stateful/first", "first", 0644)
                .file("./usr/share/factory/var/lib/stateful/factory", "factory", 0644)
                .file("./usr/lib/tmpfiles.d/stateful.conf", "C /var/lib/stateful/factory 0600 - - -\n", 0644)
                .control("preinst", "cp /usr/share/stateful/first /var/lib/stateful/early\n")
                .control("postinst", "cp /usr/share/stateful/first /var/lib/stateful/late\nmake-something-strange\n")
                );
        mirror.publish();
        Tree machine = take("stateful").tree();
        assertNull(machine.get("/var/lib/stateful/late"), "the script makes it");
        assertNotNull(machine.get("/var/lib/stateful/early"), "no postinst makes what a preinst did");
        assertNotNull(machine.get("/var/lib/stateful/factory"), "systemd-tmpfiles is not there");
        Tree folder = importer().importTree(List.of("stateful"), Progress.NONE);
        assertNotNull(folder.get("/var/lib/stateful/late"), "nothing runs a script in a folder's machine");
    }

    @Test
    void theLimitOfSetUpsSparesThePackageItself() throws IOException {
        StringBuilder depends = new StringBuilder();
        for (int i = 10; i < 28; i++) {
            mirror.add("part" + i, "1", new DebWriter().file("./usr/share/part/x" + i, "x", 0644)
                    .control("postinst", "make-something-strange\n"));
            depends.append(depends.isEmpty() ? "Depends: " : ", ").append("part").append(i);
        }
        mirror.add("whole", "1", new DebWriter().file("./usr/sbin/whole", "#!/bin/sh\n", 0755)
                .control("postinst", "make-something-strange\n"), depends.toString());
        mirror.publish();
        Bundle bundle = take("whole");
        List<String> run = bundle.start().pre().getFirst();
        assertEquals("whole", run.getLast(), "a package is set up behind what it depends on");
        assertEquals(16, run.size() - run.indexOf("/usr/lib/mikelangelo/maintainer/run") - 1);
        assertTrue(bundle.warnings().stream().anyMatch(w -> w.matches(".*left out: part\\d+, part\\d+, part\\d+")),
                bundle.warnings().toString());
    }

    @Test
    void variablesStayForTheMachinesEnvironment() throws IOException {
        mirror.add("vary", "1", new DebWriter().file("./usr/sbin/vary", "x", 0755)
                .file("./etc/default/vary", "OPTS=\"-a -b\"\nPORT=7\n", 0644)
                .file("./lib/systemd/system/vary.service", """
                        [Service]
                        User=daemon
                        AmbientCapabilities=CAP_NET_BIND_SERVICE CAP_NET_RAW
                        EnvironmentFile=/etc/default/vary
                        ExecStart=/usr/sbin/vary $OPTS --port=${PORT} --price 5$$ --x=$PORT
                        """, 0644));
        mirror.publish();
        Start start = take("vary").start();
        assertEquals(List.of("/usr/bin/setpriv", "--reuid=1", "--regid=1", "--clear-groups",
                "--inh-caps=+net_bind_service,+net_raw", "--ambient-caps=+net_bind_service,+net_raw", "--"),
                start.wrap());
        assertEquals(List.of("/usr/sbin/vary", "$OPTS", "--port=${PORT}", "--price", "5$$", "--x=$$PORT"),
                start.args());
        assertEquals("0:0", start.user());
        assertEquals("-a -b", start.env().get("OPTS"));
    }

    @Test
    void aFolderForOtherPackagesIsTheOwnOfThePackageThatItIsCalledAfter() throws IOException {
        mirror.add("upppd", "1", new DebWriter().file("./usr/sbin/upppd", "x", 0755).file("./etc/ppp/x", "x", 0644)
                );
        for (String name : List.of("isc-dhcp-server", "other")) {
            mirror.add(name, "1", new DebWriter().file("./usr/sbin/" + name, "x", 0755)
                    .file("./etc/dhcp/main.conf", "x", 0644));
        }
        mirror.publish();
        assertNotNull(take("isc-dhcp-server").tree().get("/etc/dhcp/main.conf"));
        assertNull(take("other").tree().get("/etc/dhcp/main.conf"));
        assertNull(take("upppd").tree().get("/etc/ppp/x"), "a part of a word is no name");
    }

    @Test
    void programsThatTheConfigurationNamesComeIn() throws IOException {
        mirror.add("web", "1", new DebWriter().file("./usr/sbin/web", "x", 0755)
                .file("./usr/share/web/probe.sh", "#!/bin/sh\nhelper\n", 0755)
                .file("./etc/web.conf", "include_shell \"/usr/share/web/probe.sh \"\n# /usr/bin/ls\n"
                        + "listen = 127.0.0.1:80\n", 0644), "Depends: demo-helper");
        mirror.publish();
        Bundle bundle = take("web");
        assertInstanceOf(Tree.File.class, bundle.tree().get("/usr/bin/helper"));
        assertTrue(text(bundle, "/etc/web.conf").contains("listen = 0.0.0.0:80"));
    }

    @Test
    void aConfigurationThatIsOpenedKeepsItsBytes() throws IOException {
        byte[] latin = "# caf\u00e9\nlisten = 127.0.0.1\n".getBytes(StandardCharsets.ISO_8859_1);
        mirror.add("latin", "1", new DebWriter().file("./usr/sbin/latin", "x", 0755)
                .file("./etc/latin.conf", latin, 0644)
                .file("./etc/latin.sh", "#!/bin/sh\nlisten=127.0.0.1\n", 0755)
                .file("./etc/default/latin", "START_LATIN=no\n", 0644));
        mirror.publish();
        Bundle bundle = take("latin");
        Tree.File file = assertInstanceOf(Tree.File.class, bundle.tree().get("/etc/latin.conf"));
        assertEquals("# caf\u00e9\nlisten = 0.0.0.0\n",
                Files.readString(blobs.path(file.sha256()), StandardCharsets.ISO_8859_1));
        assertTrue(text(bundle, "/etc/latin.sh").contains("127.0.0.1"), "a script is no configuration");
        assertEquals("START_LATIN=yes\n", text(bundle, "/etc/default/latin"));
        assertTrue(bundle.warnings().contains(
                "/etc/default/latin said not to start the server; in this machine it says to"));
    }

    @Test
    void whatCannotBeStartedSaysWhy() throws IOException {
        Failure failure = assertThrows(Failure.class, () -> take("busy"));
        assertEquals(Failure.Kind.GUEST, failure.kind());
        assertTrue(failure.getMessage().contains("D-Bus"), failure.getMessage());
        assertTrue(assertThrows(Failure.class, () -> take("empty")).getMessage()
                .contains("does not say how it is started"));
        failure = assertThrows(Failure.class, () -> take("demmo"));
        assertEquals("Did you mean demo?", failure.hint());
        assertThrows(Failure.class, () -> take("../etc"));
    }

    @Test
    void treesWithoutStartHoldWholePackages() throws IOException {
        Tree tree = importer().importTree(List.of("demo-helper", "perl"), Progress.NONE);
        assertNotNull(tree.get("/usr/bin/perl"));
        assertNotNull(tree.get("/usr/bin/ls"), "the helper's shell calls it");
        assertNotNull(tree.get("/usr/bin/sh"));
        assertNull(tree.get("/usr/sbin/demod"));
    }

    @Test
    void alternativesAreLinkedAlsoWhenTheyAreWrittenBeforeTheUsrMerge() throws IOException {
        Tree tree = importer().importTree(List.of("net"), Progress.NONE);
        assertEquals(new Tree.Link("/bin/nc.real", 0, 0), tree.get("/usr/bin/nc"));
    }

    @Test
    void debsAreFetchedVerified() throws IOException {
        mirror.add("linux-image-cloud-amd64", "6.1", new DebWriter(), "Section: kernel",
                "Depends: linux-image-6.1.0-9-cloud-amd64 (= 6.1)");
        mirror.add("linux-image-6.1.0-9-cloud-amd64", "6.1", new DebWriter()
                .file("./boot/vmlinuz-6.1.0-9-cloud-amd64", "kernel", 0644).build("xz"), "Section: kernel");
        mirror.publish();
        Deb deb = importer().fetch("linux-image-cloud-amd64", Progress.NONE);
        assertEquals("linux-image-6.1.0-9-cloud-amd64", deb.name());
        assertEquals(Mirror.sha256(Files.readAllBytes(deb.file())), deb.sha256());
        assertEquals("kernel", new String(eu.mikelangelo.packages.debian.deb.DebReader.member(deb.file(),
                "/boot/vmlinuz-6.1.0-9-cloud-amd64", 100), StandardCharsets.UTF_8));
    }

    @Test
    void aDebThatWasDamagedOnOurDiskIsFetchedAgain() throws IOException {
        take("net");
        Path debs = folder.resolve("packages/debs");
        try (var files = Files.list(debs)) {
            for (Path deb : files.toList()) {
                byte[] bytes = Files.readAllBytes(deb);
                bytes[bytes.length / 2] ^= 1;
                Files.write(deb, bytes);
            }
        }
        for (String cache : List.of("facts", "bundles", "resolved")) {
            try (var files = Files.list(folder.resolve("packages").resolve(cache))) {
                for (Path file : files.toList()) {
                    Files.delete(file);
                }
            }
        }
        assertNotNull(take("net").tree().get("/usr/bin/nc.real"));
    }

    @Test
    void anAttackIsReportedWithThePackagesName() throws IOException {
        mirror.add("evil", "1", new DebWriter().file("../../x", "x", 0644));
        mirror.publish();
        Failure failure = assertThrows(Failure.class, () -> take("evil"));
        assertEquals(Failure.Kind.UNTRUSTED, failure.kind());
        assertTrue(failure.getMessage().startsWith("package evil 1 is refused: path leaves the tree"),
                failure.getMessage());
    }
}
