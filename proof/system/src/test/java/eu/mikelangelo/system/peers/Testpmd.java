package eu.mikelangelo.system.peers;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * DPDK's packet forwarder, with two drivers of virtio cards in user space ("virtio-user", vhost-user front-ends) and a
 * pair of pcap files at each: it sends what is in one file and writes to the other what it receives. No privilege, no
 * huge pages.
 */
final class Testpmd implements AutoCloseable {
    private static final Pattern PROMPT = Pattern.compile("testpmd> $");
    private static final Pattern STATISTICS = Pattern.compile(
            "statistics for port 0 .*statistics for port 3 .*testpmd> $", Pattern.DOTALL);
    private static final Pattern SENT = Pattern.compile("TX-packets: (\\d+)");
    private static final int PCAP_LEFT = 0;
    private static final int PCAP_RIGHT = 3;
    private static final int RING = 1024;
    /**
     * A sender waits while it has this many under way, fewer than a receiver has buffers: so none is lost.
     */
    private static final int SENDS_AHEAD = 64;
    private static final long QUIET_NS = 30_000_000_000L;

    private final Path folder;
    private final Program program;

    /** The two ends of a path through a switch. @param options of both cards */
    record Ends(String left, String right, String options) { }

    /** Starts it with these frames to be sent; those longer than its buffers of 2 KiB are chains. */
    Testpmd(Path folder, Ends ends, List<byte[]> fromLeft, List<byte[]> fromRight) throws IOException {
        this.folder = folder;
        Frames.write(folder.resolve("left.in"), fromLeft);
        Frames.write(folder.resolve("right.in"), fromRight);
        String cpus = "@(0-" + (Runtime.getRuntime().availableProcessors() - 1) + ")";
        // Without stdbuf its answers would wait in a buffer.
        List<String> words = new ArrayList<>(List.of("stdbuf", "-oL", "dpdk-testpmd", "--lcores", "0" + cpus + ",1"
                + cpus, "--no-pci", "--no-telemetry", "--no-shconf", "--no-huge", "-m", "256",
                "--log-level=pmd.net.virtio.init:debug"));
        device(words, "net_pcap0,rx_pcap=left.in,tx_pcap=left.out");
        device(words, "net_virtio_user0,path=" + ends.left() + ",queue_size=" + RING + "," + ends.options());
        device(words, "net_virtio_user1,path=" + ends.right() + ",queue_size=" + RING + "," + ends.options());
        device(words, "net_pcap1,rx_pcap=right.in,tx_pcap=right.out");
        words.addAll(List.of("--", "-i", "--nb-cores=1", "--port-topology=paired", "--total-num-mbufs=16384",
                "--txd=" + SENDS_AHEAD, "--rxd=" + RING, "--no-flush-rx"));
        program = new Program(folder, Map.of("RUNTIME_DIRECTORY", folder.toString()), words);
        try {
            program.await(PROMPT);
        } catch (AssertionError failed) {
            program.close();
            throw failed;
        }
    }

    /** Why it cannot run here; empty when it can. */
    static String missing() {
        for (String path : System.getenv("PATH").split(File.pathSeparator)) {
            if (Files.isExecutable(Path.of(path, "dpdk-testpmd"))) {
                return "";
            }
        }
        return "skipped: no dpdk-testpmd (package dpdk)";
    }

    private static void device(List<String> words, String device) {
        words.addAll(List.of("--vdev", device));
    }

    /** What it said while it and the switch agreed on how to talk. */
    String beginning() {
        return program.said();
    }

    void forward() {
        for (String line : List.of("set fwd io retry", "set burst tx delay 100 retry 100000", "start")) {
            program.ask(line, PROMPT);
        }
    }

    /** Waits until that many frames have come out at each end, or no more do, and ends it: its files are complete. */
    void finish(int eachWay) throws InterruptedException {
        long before = -1;
        for (long quietSinceNs = System.nanoTime(); before < 2L * eachWay; Thread.sleep(100)) {
            long now = cameOut();
            if (now == before && System.nanoTime() - quietSinceNs > QUIET_NS) {
                break;
            }
            quietSinceNs = now == before ? quietSinceNs : System.nanoTime();
            before = now;
        }
        program.end("quit");
    }

    private long cameOut() {
        List<String> sent = SENT.matcher(program.ask("show port stats all", STATISTICS).group()).results()
                .map(found -> found.group(1)).toList();
        return Long.parseLong(sent.get(PCAP_LEFT)) + Long.parseLong(sent.get(PCAP_RIGHT));
    }

    @Override
    public void close() {
        program.close();
    }
}
