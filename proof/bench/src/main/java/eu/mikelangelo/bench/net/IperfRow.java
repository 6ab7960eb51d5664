package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Product;
import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.DoubleSupplier;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Two emulated Linux guests with iperf3, of the same image on all sides: two of our machines; two under QEMU typed by
 * hand, joined by its datagram sockets; two of these on a Linux bridge with TAP devices, in a network namespace of
 * their own. Every window boots a client, as a machine of its own; the servers stay.
 */
final class IperfRow {
    private static final String MACHINE = "net-iperf";
    private static final int WINDOW_SECONDS = 4;
    private static final int PATIENCE_SECONDS = 120;
    /** The last of it is on the console before the guest powers off. */
    private static final Pattern REPORT = Pattern.compile("^\\{.*^\\}", Pattern.MULTILINE | Pattern.DOTALL);
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final String BRIDGE = """
            ip link set lo up && ip link add bridge0 mtu 65520 type bridge && ip link set bridge0 up
            for tap in t1 t2; do
              ip tuntap add $tap mode tap && ip link set $tap mtu 65520 master bridge0 up || exit 1
            done
            echo joined; exec sleep 100000""";

    private final Room room;
    private final NetPlan plan;

    IperfRow(Room room, NetPlan plan) {
        this.room = room;
        this.plan = plan;
    }

    Row measure(String row, double aim) {
        Path folder = room.side();
        try (Product product = new Product()) {
            product.clear();
            Path image = folder.resolve("image");
            product.run("compose", "iperf3", "-o", image.toString());
            product.run("run", "-d", "--name", MACHINE, "iperf3");
            String address = product.json("inspect", MACHINE, "--json").get("address").asString();
            DoubleSupplier ours = () -> {
                List<String> words = new ArrayList<>(List.of("run", "iperf3", "--"));
                words.addAll(client(address));
                return bitsPerSecond(product.run(words.toArray(new String[0])));
            };
            Guest server = new Guest(product, image, 1);
            Guest client = new Guest(product, image, 2);
            return against(row, aim, ours, server, client);
        }
    }

    private Row against(String row, double aim, DoubleSupplier ours, Guest server, Guest client) {
        Path dgram = room.side();
        Path tap = room.side();
        try (Group first = server.start(room, dgram, List.of(), datagrams(dgram, 1, 2), List.of());
                Group bridge = Group.start(room, tap, Map.of(), List.of("unshare", "-n", "sh", "-c", BRIDGE))) {
            new Talk(first);
            new Talk(bridge).await(Pattern.compile("joined"), PATIENCE_SECONDS);
            List<String> inside = List.of("nsenter", "-t", String.valueOf(bridge.pid()), "-n");
            try (Group second = server.start(room, tap, inside, taps(1), List.of())) {
                new Talk(second);
                DoubleSupplier overDatagrams = () -> byHand(dgram, List.of(), datagrams(dgram, 2, 1), server, client);
                DoubleSupplier overBridge = () -> byHand(tap, inside, taps(2), server, client);
                return pairs(row, aim, ours, overDatagrams, overBridge);
            }
        }
    }

    private static String datagrams(Path folder, int from, int to) {
        return "dgram,local.type=unix,local.path=" + folder.resolve("d" + from) + ",remote.type=unix,remote.path="
                + folder.resolve("d" + to);
    }

    private static String taps(int number) {
        return "tap,ifname=t" + number + ",script=no,downscript=no";
    }

    private double byHand(Path folder, List<String> before, String netdev, Guest server, Guest client) {
        List<String> start = new ArrayList<>(List.of("/usr/bin/iperf3"));
        start.addAll(client(server.address()));
        try (Group group = client.start(room, folder, before, netdev, start)) {
            return bitsPerSecond(new Talk(group).await(REPORT, PATIENCE_SECONDS).group());
        }
    }

    private static List<String> client(String address) {
        return List.of("-c", address, "-t", String.valueOf(WINDOW_SECONDS), "-O", "1", "-J", "--connect-timeout",
                "30000");
    }

    /** @param report of iperf3, as JSON; around it may be what the kernel says */
    static double bitsPerSecond(String report) {
        JsonNode node = JSON.readTree(report.substring(report.indexOf('{'), report.lastIndexOf('}') + 1));
        if (node.has("error")) {
            throw new IllegalStateException("iperf3: " + node.get("error").asString());
        }
        return node.get("end").get("sum_received").get("bits_per_second").asDouble();
    }

    /** The stronger of the peers, by one window of each that also warms, is the one in the row. */
    private Row pairs(String row, double aim, DoubleSupplier ours, DoubleSupplier datagrams, DoubleSupplier bridge) {
        ours.getAsDouble();
        double byDatagrams = datagrams.getAsDouble();
        double byBridge = bridge.getAsDouble();
        boolean bridged = byBridge > byDatagrams;
        DoubleSupplier theirs = bridged ? bridge : datagrams;
        double[] a = new double[plan.pairs()];
        double[] b = new double[plan.pairs()];
        for (int i = 0; i < a.length; i++) {
            a[i] = ours.getAsDouble();
            b[i] = theirs.getAsDouble();
        }
        String peer = bridged ? "Linux bridge with TAP" : "QEMU -netdev dgram";
        String note = String.format(Locale.ROOT, "TCP, %d s a window, MTU 65520; in the trial: dgram %.4g, bridge %.4g",
                WINDOW_SECONDS, byDatagrams, byBridge);
        return new Row(NetBench.NAME, row, peer, "bit/s", false, a, b, aim, note);
    }
}
