package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Pause;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * DPDK's packet forwarder, with its one forwarding thread on a core. Asked over its standard input. As a client its two
 * ports are virtio drivers in user space and it takes each frame from one port to the other; the frames' addresses
 * are such that a learning switch takes them from there back to the first: they go round, both ways.
 */
final class Testpmd implements Client {
    private static final Pattern PROMPT = Pattern.compile("RTE Version: 'DPDK ([^']+)'.*testpmd> ", Pattern.DOTALL);
    /** The distribution's. */
    static final String PROGRAM = "dpdk-testpmd";
    private static final int PATIENCE_SECONDS = 60;
    /** Frames that testpmd takes at once. */
    private static final int BURST = 32;
    private static final int QUEUE = 256;
    /**
     * Of frames that go round, each way. With the whole queue's 256 a receiver that has not given its last burst's
     * buffers back makes the peer drop some; with fewer both sides keep all.
     */
    private static final int BURSTS_IN_FLIGHT = 7;
    /** Both ways. */
    private static final long FRAMES_IN_FLIGHT = 2L * BURSTS_IN_FLIGHT * BURST;
    private static final double SWITCH_SECONDS = 1;
    private static final String[] MACS = {"02:00:00:00:00:01", "02:00:00:00:00:02"};

    private final Group group;
    private final Talk talk;
    private String version;
    private long underWay;

    private Testpmd(Group group) {
        this.group = group;
        talk = new Talk(group);
    }

    /** What frames and rings a client has. @param packed rings, else split */
    record Shape(int frameBytes, boolean packed) implements Client.Kind<Testpmd> {
        @Override
        public Testpmd connect(Room room, Sockets sockets, int cpu) {
            if (sockets.clientListens()) {
                throw new IllegalStateException("not done yet: a client that listens");
            }
            if (packed) {
                for (Path socket : sockets.paths()) {
                    VhostFeatures offered = VhostFeatures.of(socket);
                    if (!offered.packed()) {
                        throw new IllegalStateException("the switch, asked for its features, offers no packed ring: "
                                + offered);
                    }
                }
            }
            return client(room, room.side(), sockets.paths(), cpu, this);
        }
    }

    /** A switch of two vhost-user servers that takes what comes from one to the other. @param program of DPDK */
    static Testpmd server(Room room, Path folder, List<Path> sockets, int cpu, String program) {
        List<String> command = command(room, folder, cpu, program);
        for (int i = 0; i < sockets.size(); i++) {
            command.addAll(List.of("--vdev", "net_vhost" + i + ",iface=" + sockets.get(i) + ",queues=1"));
        }
        command.addAll(List.of("--", "-i", "--nb-cores=1", "--forward-mode=io", "--burst=" + BURST, "--txd=1024",
                "--rxd=1024", "--total-num-mbufs=16384"));
        Testpmd server = new Testpmd(start(room, folder, command));
        server.begin(0, "start");
        return server;
    }

    /** Two virtio ports connected to a switch's two sockets, frames under way. */
    private static Testpmd client(Room room, Path folder, List<Path> sockets, int cpu, Shape shape) {
        List<String> command = command(room, folder, cpu, PROGRAM);
        command.add("--single-file-segments");   // or there are more memory regions than vhost-user has room for
        for (int i = 0; i < sockets.size(); i++) {
            command.addAll(List.of("--vdev", "net_virtio_user" + i + ",path=" + sockets.get(i) + ",queues=1,queue_size="
                    + QUEUE + ",mac=" + MACS[i] + (shape.packed() ? ",packed_vq=1,in_order=1" : "")));
        }
        command.addAll(List.of("--", "-i", "--nb-cores=1", "--forward-mode=io", "--burst=" + BURST, "--txd=" + QUEUE,
                "--rxd=" + QUEUE, "--total-num-mbufs=16384", "--txpkts=" + shape.frameBytes(),
                "--eth-peer=0," + MACS[1], "--eth-peer=1," + MACS[0]));
        Testpmd client = new Testpmd(start(room, folder, command));
        // A switch that has not yet taken note of its new ports would drop the frames.
        client.begin(SWITCH_SECONDS, "start tx_first " + BURSTS_IN_FLIGHT);
        return client;
    }

    private static List<String> command(Room room, Path folder, int cpu, String program) {
        // Without stdbuf its answers would wait in a buffer. The thread that answers shares the core: it sleeps.
        return new ArrayList<>(List.of("stdbuf", "-oL", program, "--lcores", "0@" + cpu + ",1@" + cpu,
                "-v", "--no-pci", "--no-telemetry", "--file-prefix=" + folder.getFileName(),
                "--huge-dir", room.hugePages().toString(), "-m", "256"));
    }

    private static Group start(Room room, Path folder, List<String> command) {
        // Where root's DPDK programs leave their files otherwise: /var/run/dpdk.
        return Group.start(room, folder, Map.of("RUNTIME_DIRECTORY", folder.toString()), command);
    }

    /** @param settleSeconds between being ready and forwarding */
    private void begin(double settleSeconds, String start) {
        try {
            version = talk.await(PROMPT, PATIENCE_SECONDS).group(1);
            group.boost();
            Pause.seconds(settleSeconds);
            talk.ask(start, Pattern.compile("packet forwarding.*testpmd> ", Pattern.DOTALL), PATIENCE_SECONDS);
        } catch (IllegalStateException failed) {
            close();
            throw new IllegalStateException("dpdk-testpmd: " + failed.getMessage(), failed);
        }
    }

    /** Of the library, for instance 22.11.11. */
    String version() {
        return version;
    }

    /** Of both ports. */
    List<PortStats> stats() {
        return PortStats.parse(talk.ask("show port stats all", PortStats.TWO_PORTS, PATIENCE_SECONDS).group());
    }

    /** Frames received by both ports since they were started. */
    long received() {
        return stats().stream().mapToLong(PortStats::rxPackets).sum();
    }

    @Override
    public Group group() {
        return group;
    }

    @Override
    public void warm(double seconds) {
        Pause.seconds(seconds);
    }

    /** Those that it had sent and not got back at the last reading; the others were in its own hands, or lost. */
    @Override
    public String note() {
        return underWay + " of " + FRAMES_IN_FLIGHT + " frames under way at the end";
    }

    /** Millions of frames a second that both ports receive within the next seconds, by testpmd's own clock. */
    @Override
    public double[] window(double seconds) {
        stats();
        Pause.seconds(seconds);
        List<PortStats> stats = stats();
        double perSecond = stats.stream().mapToLong(PortStats::rxPerSecond).sum();
        underWay = stats.stream().mapToLong(port -> port.txPackets() - port.rxPackets()).sum();
        if (perSecond == 0) {
            throw new IllegalStateException("no frame went round in a window");
        }
        return new double[] {perSecond / 1e6};
    }

    @Override
    public void close() {
        group.close();
    }
}
