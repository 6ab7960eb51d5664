package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Pause;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Open vSwitch with DPDK, the distribution's, as a learning switch of two vhost-user ports: its database and its daemon
 * in a folder of their own, its one forwarding thread on the server's core.
 */
final class OpenVswitch implements Circuit.Peer {
    private static final int PATIENCE_SECONDS = 60;
    private static final Pattern VERSION = Pattern.compile("Open vSwitch\\) ([0-9.]+).*?DPDK ([0-9.]+)",
            Pattern.DOTALL);
    private static final String BRIDGE = "br0";

    private final Path place;
    private final boolean segments;
    private String version = "";

    /**
     * @param segments whether guests may send such as are still to be cut
     * @throws IllegalStateException when it could not be had
     */
    OpenVswitch(boolean segments) {
        this.segments = segments;
        String unpacked = System.getProperty("mike.openvswitch");
        if (unpacked == null) {
            throw new IllegalStateException("no Open vSwitch with DPDK; the first lines of this run say why");
        }
        place = Path.of(unpacked);
    }

    @Override
    public String title() {
        return version;
    }

    @Override
    public <C extends Client> Side<C> start(Room room, Cores cores, Client.Kind<C> kind) {
        Running running = new Running(room, room.side());
        try {
            running.begin(cores);
            version = running.version();
        } catch (RuntimeException failed) {
            running.close();
            throw failed;
        }
        return Side.of(running, List.of(running.daemon),
                () -> kind.connect(room, running.sockets(), cores.client()));
    }

    /** The database's server and the daemon, of one comparison. */
    private final class Running implements AutoCloseable {
        private final Room room;
        private final Path folder;
        private final Map<String, String> environment;
        private Group database;
        private Group daemon;

        Running(Room room, Path folder) {
            this.room = room;
            this.folder = folder;
            String here = folder.toString();
            environment = Map.of("OVS_RUNDIR", here, "OVS_LOGDIR", here, "OVS_DBDIR", here, "OVS_SYSCONFDIR", here,
                    "OVS_PKGDATADIR", place.resolve("usr/share/openvswitch").toString(), "RUNTIME_DIRECTORY", here,
                    "LD_LIBRARY_PATH", place.resolve("usr/lib/x86_64-linux-gnu").toString());
        }

        void begin(Cores cores) {
            String schema = place.resolve("usr/share/openvswitch/vswitch.ovsschema").toString();
            run("usr/bin/ovsdb-tool", "create", "conf.db", schema);
            database = Group.start(room, folder, environment, List.of(program("usr/sbin/ovsdb-server"),
                    "--remote=punix:" + folder.resolve("db.sock"), "--no-chdir", "conf.db"));
            new Talk(database);
            exists("db.sock");
            control("--no-wait", "init");
            control("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                    "other_config:dpdk-socket-mem=256",
                    // Frames that a guest leaves to be cut go from guest to guest as they are.
                    "other_config:userspace-tso-enable=" + segments,
                    "other_config:pmd-cpu-mask=" + mask(cores.server()),
                    "other_config:dpdk-lcore-mask=" + mask(cores.server()),
                    "other_config:dpdk-extra=--no-pci --no-telemetry --file-prefix=" + folder.getFileName()
                            + " --huge-dir " + room.hugePages());
            daemon = Group.start(room, folder, environment, List.of(
                    program("usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"),
                    "unix:" + folder.resolve("db.sock"), "--pidfile", "--log-file", "-vconsole:warn"));
            new Talk(daemon);
            control("add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev");
            for (Path socket : sockets().paths()) {
                String port = socket.getFileName().toString();
                if (segments) {
                    // The other kind, in which it listens, refuses frames that are still to be cut.
                    control("add-port", BRIDGE, port, "--", "set", "Interface", port, "type=dpdkvhostuserclient",
                            "options:vhost-server-path=" + socket);
                } else {
                    control("add-port", BRIDGE, port, "--", "set", "Interface", port, "type=dpdkvhostuser");
                    exists(port);
                }
            }
            daemon.boost();
        }

        private static String mask(int cpu) {
            return "0x" + Long.toHexString(1L << cpu);
        }

        Sockets sockets() {
            return new Sockets(List.of(folder.resolve("p0"), folder.resolve("p1")), segments);
        }

        String version() {
            String said = run("usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk", "--version");
            Matcher matcher = VERSION.matcher(said);
            return matcher.find() ? "Open vSwitch " + matcher.group(1) + " with DPDK " + matcher.group(2)
                    : said.strip();
        }

        private void control(String... words) {
            List<String> all = new ArrayList<>(List.of("--db=unix:" + folder.resolve("db.sock"),
                    "--timeout=" + PATIENCE_SECONDS));
            all.addAll(List.of(words));
            try {
                run("usr/bin/ovs-vsctl", all.toArray(new String[0]));
            } catch (IllegalStateException failed) {
                throw new IllegalStateException(failed.getMessage() + "\n" + log(), failed);
            }
        }

        private String log() {
            try {
                List<String> lines = Files.readAllLines(folder.resolve("ovs-vswitchd-dpdk.log"));
                return String.join("\n", lines.subList(Math.max(0, lines.size() - 8), lines.size()));
            } catch (IOException none) {
                return "";
            }
        }

        private String run(String program, String... words) {
            List<String> command = new ArrayList<>(List.of(program(program)));
            command.addAll(List.of(words));
            return Group.run(room, folder, environment, command, PATIENCE_SECONDS);
        }

        private String program(String name) {
            return place.resolve(name).toString();
        }

        private void exists(String name) {
            for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS);
                    !Files.exists(folder.resolve(name)); Pause.seconds(0.05)) {
                if (System.nanoTime() > end) {
                    throw new IllegalStateException("Open vSwitch has made no " + name + "\n" + log());
                }
            }
        }

        @Override
        public void close() {
            if (daemon != null) {
                daemon.close();
            }
            if (database != null) {
                database.close();
            }
        }
    }
}
