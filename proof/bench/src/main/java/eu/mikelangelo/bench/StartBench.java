package eu.mikelangelo.bench;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.DoubleSupplier;

/** {@code ./do bench start}: what it costs to get from a name to an answer. */
final class StartBench {
    private static final String NAME = "start";
    private static final String PEER = "QEMU typed by hand, user networking, same kernel and tree";
    /** 1.1 times the peer's time at most. */
    private static final double FIRST_ANSWER_AIM = 1 / 1.1;
    private static final int IDLE_WINDOWS = 5;
    private static final int IDLE_WINDOW_MILLIS = 20_000;
    /**
     * Patience of the client with one connection: both user networks accept for a guest that is not up yet and then
     * leave the client waiting for 6 s (QEMU's own) or 10 s (passt), so an impatient client is the one to measure with.
     */
    private static final int ATTEMPT_MILLIS = 200;
    private final Product product;
    private final Options options;
    private final Path scratch;

    StartBench(Product product, Options options) throws IOException {
        this.product = product;
        this.options = options;
        scratch = Files.createDirectories(product.home.resolve("bench"));
    }

    void run() throws IOException {
        Path memcached = scratch.resolve("memcached.img");
        Path hello = scratch.resolve("hello.img");
        product.run("compose", "memcached", "-o", memcached.toString());
        product.run("compose", "./examples/hello", "-o", hello.toString());
        product.run("run", "./examples/hello");   // probes the accelerator, starts agent and plane

        options.row(NAME, "compose-warm-memcached", "s", 1.0, () -> bound("compose-warm-memcached", "s", 1.0,
                () -> product.time("compose", "memcached", "-o", memcached.toString())));
        options.row(NAME, "image-bytes-without-kernel-memcached", "bytes", 6e6,
                () -> bound("image-bytes-without-kernel-memcached", "bytes", 6e6, () -> size(memcached)));
        options.row(NAME, "image-bytes-without-kernel-hello", "bytes", 1.5e6,
                () -> bound("image-bytes-without-kernel-hello", "bytes", 1.5e6, () -> size(hello)));
        options.row(NAME, "cli-ps", "s", 0.3, () -> bound("cli-ps", "s", 0.3, () -> product.time("ps")));
        options.row(NAME, "first-answer-hello", "s", FIRST_ANSWER_AIM, () -> pairs("first-answer-hello",
                this::helloByMike, () -> helloByHand(hello)));
        options.row(NAME, "first-answer-memcached", "s", FIRST_ANSWER_AIM, () -> pairs("first-answer-memcached",
                this::memcachedByMike, () -> memcachedByHand(memcached)));
        if (options.wants("idle-cpu") || options.wants("idle-rss")) {
            idle();
        }
    }

    private Row bound(String row, String metric, double aim, DoubleSupplier once) {
        double[] runs = new double[options.pairs()];
        once.getAsDouble();
        for (int i = 0; i < runs.length; i++) {
            runs[i] = once.getAsDouble();
        }
        return new Row(NAME, row, "", metric, true, runs, new double[0], aim, "");
    }

    /** A B A B …, one unmeasured pair first. */
    private Row pairs(String row, DoubleSupplier ours, DoubleSupplier theirs) {
        int pairs = options.pairs();
        double[] a = new double[pairs];
        double[] b = new double[pairs];
        ours.getAsDouble();
        theirs.getAsDouble();
        for (int i = 0; i < pairs; i++) {
            a[i] = ours.getAsDouble();
            b[i] = theirs.getAsDouble();
        }
        return new Row(NAME, row, PEER, "s", true, a, b, FIRST_ANSWER_AIM, "");
    }

    /** From the command to hello's first line on our standard output. */
    private double helloByMike() {
        long start = System.nanoTime();
        Process process = product.start("run", "./examples/hello");
        return firstLine(process, start);
    }

    private double helloByHand(Path image) {
        long start = System.nanoTime();
        Process process = PlainQemu.of(product, image, scratch, 0).start();
        return firstLine(process, start);
    }

    private static double firstLine(Process process, long start) {
        try (BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(),
                StandardCharsets.UTF_8))) {
            String line = out.readLine();
            while (line != null && !line.contains("ello")) {
                line = out.readLine();
            }
            final double seconds = (System.nanoTime() - start) / 1e9;
            if (line == null) {
                throw new IllegalStateException("no greeting: " + Product.all(process.getErrorStream()));
            }
            while (out.readLine() != null) { /* to its end, so that runs do not overlap */ }
            process.waitFor();
            return seconds;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** From the command to the first reply, asked from the first moment on. */
    private double memcachedByMike() {
        int port = freePort();
        long start = System.nanoTime();
        Process process = product.start("run", "-d", "--name", "bench", "-p", port + ":11211", "memcached");
        double seconds = firstReply(port, start, process);
        product.run("rm", "-f", "bench");
        return seconds;
    }

    private double memcachedByHand(Path image) {
        int port = freePort();
        long start = System.nanoTime();
        Process process = PlainQemu.of(product, image, scratch, port).start();
        double seconds = firstReply(port, start, process);
        process.destroyForcibly().onExit().join();
        return seconds;
    }

    private static double firstReply(int port, long start, Process process) {
        byte[] request = "version\r\n".getBytes(StandardCharsets.US_ASCII);
        while (System.nanoTime() - start < 120e9) {
            try (Socket socket = new Socket()) {
                socket.setSoTimeout(ATTEMPT_MILLIS);
                socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port), ATTEMPT_MILLIS);
                socket.getOutputStream().write(request);
                if (socket.getInputStream().read() == 'V') {
                    return (System.nanoTime() - start) / 1e9;
                }
            } catch (IOException e) {
                pause(2);   // not there yet, on either side
            }
        }
        process.destroyForcibly();
        throw new IllegalStateException("no reply on port " + port + " in 120 s");
    }

    /** Agent and plane together, no machine, from 60 s after the last one ended. */
    private void idle() throws IOException {
        pause(options.quick() ? 10_000 : 60_000);
        double[] shares = new double[IDLE_WINDOWS];
        double[] bytes = new double[IDLE_WINDOWS];
        for (int i = 0; i < IDLE_WINDOWS; i++) {
            long ticks = ticks();
            long start = System.nanoTime();
            pause(IDLE_WINDOW_MILLIS);
            shares[i] = (ticks() - ticks) / 100.0 / ((System.nanoTime() - start) / 1e9);
            bytes[i] = pss(product.pid("agent")) + pss(product.pid("plane"));
        }
        options.row(NAME, "idle-cpu", "share", 0.01,
                () -> new Row(NAME, "idle-cpu", "", "share", true, shares, new double[0], 0.01, "of one core"));
        options.row(NAME, "idle-rss", "bytes", 200e6,
                () -> new Row(NAME, "idle-rss", "", "bytes", true, bytes, new double[0], 200e6, "Pss"));
    }

    /** Clock ticks (1/100 s) of user and system time of agent and plane (proc(5), /proc/PID/stat, fields 14, 15). */
    private long ticks() throws IOException {
        long sum = 0;
        for (String process : new String[] {"agent", "plane"}) {
            String stat = Files.readString(Path.of("/proc/" + product.pid(process) + "/stat"));
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ");
            sum += Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        }
        return sum;
    }

    private static double pss(long pid) throws IOException {
        for (String line : Files.readAllLines(Path.of("/proc/" + pid + "/smaps_rollup"))) {
            if (line.startsWith("Pss:")) {
                return Long.parseLong(line.replaceAll("[^0-9]", "")) * 1024.0;
            }
        }
        throw new IOException("no Pss for " + pid);
    }

    private static double size(Path file) {
        try {
            return Files.size(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static int freePort() {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void pause(long millis) {
        try {
            Thread.sleep(millis);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
