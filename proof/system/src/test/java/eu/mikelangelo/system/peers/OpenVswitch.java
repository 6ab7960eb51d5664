package eu.mikelangelo.system.peers;

import eu.mikelangelo.system.Mike;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * The distribution's Open vSwitch with DPDK: database, daemon and sockets in a folder of their own, its bridge's device
 * in a network namespace of its own, no huge pages. Nothing of a host's own Open vSwitch is touched.
 */
final class OpenVswitch implements AutoCloseable {
    private static final String BRIDGE = "br0";
    /** Open vSwitch asks DPDK for --in-memory unless --legacy-mem is said, and without huge pages that is refused. */
    private static final String DPDK = "--no-pci --no-telemetry --no-huge --legacy-mem -m 512 --iova-mode=va";

    private final Path place;
    private final Path folder;
    private final Map<String, String> environment;
    private final Program database;
    private Program daemon;

    /** @param place where the distribution's package is unpacked */
    OpenVswitch(Path place, Path folder) throws IOException, InterruptedException {
        this.place = place;
        this.folder = folder;
        String here = folder.toString();
        environment = Map.of("OVS_RUNDIR", here, "OVS_LOGDIR", here, "OVS_DBDIR", here, "OVS_SYSCONFDIR", here,
                "OVS_PKGDATADIR", program("usr/share/openvswitch"), "RUNTIME_DIRECTORY", here, "LD_LIBRARY_PATH",
                program("usr/lib/x86_64-linux-gnu"));
        run("usr/bin/ovsdb-tool", "create", "conf.db", program("usr/share/openvswitch/vswitch.ovsschema"));
        database = new Program(folder, environment, List.of(program("usr/sbin/ovsdb-server"),
                "--remote=punix:" + folder.resolve("db.sock"), "--no-chdir", "conf.db"));
        try {
            begin();
        } catch (AssertionError | IOException | InterruptedException failed) {
            close();
            throw failed;
        }
    }

    private void begin() throws IOException, InterruptedException {
        for (int i = 0; !Files.exists(folder.resolve("db.sock")) && i < Program.PATIENCE_SECONDS * 20; i++) {
            Thread.sleep(50);
        }
        control("--no-wait", "init");
        control("--no-wait", "set", "Open_vSwitch", ".", "other_config:dpdk-init=true",
                "other_config:dpdk-extra=" + DPDK);
        daemon = new Program(folder, environment, List.of("unshare", "--map-root-user", "--net",
                program("usr/lib/openvswitch-switch-dpdk/ovs-vswitchd-dpdk"), "unix:" + folder.resolve("db.sock"),
                "--pidfile", "--log-file", "-vconsole:warn"));
        control("add-br", BRIDGE, "--", "set", "bridge", BRIDGE, "datapath_type=netdev");
    }

    /** Where it is unpacked. @throws IllegalStateException with the reason when it cannot be fetched */
    static Path fetched() throws IOException, InterruptedException {
        Process fetch = new ProcessBuilder("bash", "-c", ". scripts/need.sh; . scripts/peers.sh; peer_openvswitch")
                .directory(Mike.ROOT.toFile()).start();
        fetch.getOutputStream().close();
        String place = new String(fetch.getInputStream().readAllBytes()).strip();
        String why = new String(fetch.getErrorStream().readAllBytes()).strip();
        if (fetch.waitFor() != 0) {
            throw new IllegalStateException(why);
        }
        return Path.of(place);
    }

    /** A port that is a virtio card: Open vSwitch is the front-end of the switch that serves this socket. */
    void addCard(String name, String socket) throws IOException {
        control("add-port", BRIDGE, name, "--", "set", "Interface", name, "type=dpdk",
                "options:dpdk-devargs=net_virtio_user0,path=" + socket + ",queue_size=1024");
    }

    /** A port that machines connect to. @return its socket */
    String addServer(String name) throws IOException {
        control("add-port", BRIDGE, name, "--", "set", "Interface", name, "type=dpdkvhostuser");
        return folder.resolve(name).toString();
    }

    /** What it says of a port's counters. */
    String statistics(String port) throws IOException {
        return control("get", "Interface", port, "statistics");
    }

    private String control(String... words) throws IOException {
        List<String> all = new ArrayList<>(List.of("--db=unix:" + folder.resolve("db.sock"), "--timeout=60"));
        all.addAll(List.of(words));
        return run("usr/bin/ovs-vsctl", all.toArray(new String[0]));
    }

    private String run(String program, String... words) throws IOException {
        List<String> command = new ArrayList<>(List.of(program(program)));
        command.addAll(List.of(words));
        try {
            return Program.run(folder, environment, command);
        } catch (AssertionError failed) {
            throw new AssertionError(failed.getMessage() + (daemon == null ? "" : "\n" + daemon.said()), failed);
        }
    }

    private String program(String name) {
        return place.resolve(name).toString();
    }

    @Override
    public void close() {
        if (daemon != null) {
            daemon.close();
        }
        database.close();
    }
}
