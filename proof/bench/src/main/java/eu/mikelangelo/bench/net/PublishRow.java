package eu.mikelangelo.bench.net;

import eu.mikelangelo.bench.Product;
import eu.mikelangelo.bench.Row;
import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.LoadProcess;
import eu.mikelangelo.bench.measure.Target;
import eu.mikelangelo.bench.net.room.Group;
import eu.mikelangelo.bench.net.room.Pause;
import eu.mikelangelo.bench.net.room.Room;
import eu.mikelangelo.bench.net.room.Talk;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Requests a second to a published port: a guest behind our plane and its passt, and one with passt alone. */
final class PublishRow {
    private static final String MACHINE = "net-bench";
    private static final int MEMCACHED = 11211;
    private static final int ATTEMPT_MILLIS = 200;
    private static final int PATIENCE_SECONDS = 120;
    private static final double WINDOW_SECONDS = 3;

    private record Server(String title, int port, long pid) implements Target {}

    private final Room room;
    private final NetPlan plan;
    private final Cores cores;

    PublishRow(Room room, NetPlan plan, Cores cores) {
        this.room = room;
        this.plan = plan;
        this.cores = cores;
    }

    Row measure(String row, double aim) {
        Path folder = room.side();
        try (Product product = new Product(); LoadProcess load = new LoadProcess(cores.client())) {
            product.clear();
            Path image = folder.resolve("image");
            product.run("compose", "memcached", "-o", image.toString());
            int port = freePort();
            product.run("run", "-d", "--name", MACHINE, "-p", port + ":" + MEMCACHED, "memcached");
            Server ours = new Server("ours", port, product.pid("plane"));
            Guest guest = new Guest(product, image, 1);
            int theirPort = freePort();
            try (Group passt = passt(folder, guest, theirPort);
                    Group qemu = guest.start(room, folder, List.of(),
                            "stream,server=off,addr.type=unix,addr.path=" + folder.resolve("passt"), List.of())) {
                new Talk(qemu);
                answers(theirPort);
                return pairs(row, aim, load, ours, new Server("passt alone", theirPort, passt.pid()));
            }
        }
    }

    private Group passt(Path folder, Guest guest, int port) {
        Path socket = folder.resolve("passt");
        Group passt = Group.start(room, folder, Map.of(), List.of("passt", "--foreground", "--quiet", "--runas", "0:0",
                "--socket", socket.toString(), "--ipv4-only", "--mtu", "65520", "--address", guest.address(),
                "--netmask", "16", "--gateway", "10.187.0.1", "--tcp-ports", "127.0.0.1/" + port + ":" + MEMCACHED));
        Talk talk = new Talk(passt);
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS); !Files.exists(socket);) {
            if (System.nanoTime() > end || !passt.process.isAlive()) {
                passt.close();
                throw new IllegalStateException("passt does not start: " + talk.lastWords());
            }
            Pause.seconds(0.05);
        }
        return passt;
    }

    /** A B A B …, one unmeasured pair first. */
    private Row pairs(String row, double aim, LoadProcess load, Server ours, Server theirs) {
        double[] a = new double[plan.pairs()];
        double[] b = new double[plan.pairs()];
        for (int i = -1; i < a.length; i++) {
            double our = load.closed(ours, 1, WINDOW_SECONDS).perSecond();
            double their = load.closed(theirs, 1, WINDOW_SECONDS).perSecond();
            if (i >= 0) {
                a[i] = our;
                b[i] = their;
            }
        }
        return new Row(NetBench.NAME, row, "passt alone, QEMU typed by hand, same kernel and image", "req/s", false, a,
                b, aim, "memcached in an emulated guest, 50 connections, one request at a time on each");
    }

    private static void answers(int port) {
        byte[] request = "version\r\n".getBytes(StandardCharsets.US_ASCII);
        for (long end = System.nanoTime() + TimeUnit.SECONDS.toNanos(PATIENCE_SECONDS); System.nanoTime() < end;) {
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(ATTEMPT_MILLIS);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), ATTEMPT_MILLIS);
                socket.getOutputStream().write(request);
                if (socket.getInputStream().read() == 'V') {
                    return;
                }
            } catch (IOException notYet) {
                Pause.seconds(0.05);
            }
        }
        throw new IllegalStateException("the guest with passt alone does not answer on port " + port);
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
