package eu.mikelangelo.bench.shard;

import eu.mikelangelo.bench.measure.Cores;
import eu.mikelangelo.bench.measure.JavaCommand;
import eu.mikelangelo.bench.measure.Target;
import io.netty.util.Version;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A cache server in a process of its own, all of it on one core. */
final class CacheServer implements Target, AutoCloseable {
    /** What there is to compare, all with one thread that serves and the same memory for items. */
    enum Kind {
        OURS("ours"),
        MEMCACHED("memcached -t 1"),
        NETTY_EPOLL("Netty, epoll"),
        NETTY_URING("Netty, io_uring"),
        NETTY_URING_RING("Netty, io_uring with a buffer ring");

        final String title;

        Kind(String title) {
            this.title = title;
        }
    }

    static final int MEMORY_MIB = 64;
    private static final String NETTY = "eu.mikelangelo.bench.netty.NettyCache";
    /** What servers on Netty are given for speed: its Unsafe, no leak detection, no checks of its buffers. */
    private static final List<String> NETTY_OPTIONS = List.of("--enable-native-access=ALL-UNNAMED",
            "--sun-misc-unsafe-memory-access=allow", "--add-opens", "java.base/jdk.internal.misc=ALL-UNNAMED",
            "--add-opens", "java.base/java.nio=ALL-UNNAMED", "-Dio.netty.tryReflectionSetAccessible=true",
            "-Dio.netty.noUnsafe=false", "-Dio.netty.leakDetection.level=disabled",
            "-Dio.netty.buffer.checkBounds=false", "-Dio.netty.buffer.checkAccessible=false");
    private static final Pattern LISTENING = Pattern.compile("cache: listening on 127\\.0\\.0\\.1:([0-9]+)");
    private static final int PATIENCE_SECONDS = 60;

    final Kind kind;
    final int port;
    private final Process process;

    private CacheServer(Kind kind, Process process, int port) {
        this.kind = kind;
        this.process = process;
        this.port = port;
    }

    /** Returns when it serves. @throws IllegalStateException when it does not */
    static CacheServer start(Kind kind, int cpu) {
        return switch (kind) {
            case OURS -> startJava(kind, cpu, JavaCommand.of(JavaCommand.engineOptions(), JavaCommand.SERVER,
                    JavaCommand.serverArguments(MEMORY_MIB)));
            case MEMCACHED -> startMemcached(cpu);
            case NETTY_EPOLL -> netty(kind, cpu, "epoll");
            case NETTY_URING -> netty(kind, cpu, "io_uring");
            case NETTY_URING_RING -> netty(kind, cpu, "io_uring-ring");
        };
    }

    private static CacheServer netty(Kind kind, int cpu, String transport) {
        return startJava(kind, cpu,
                JavaCommand.of(NETTY_OPTIONS, NETTY, List.of(transport, String.valueOf(MEMORY_MIB))));
    }

    private static CacheServer startJava(Kind kind, int cpu, List<String> command) {
        try {
            Process process = new ProcessBuilder(Cores.pinned(cpu, command))
                    .redirectError(ProcessBuilder.Redirect.INHERIT).start();
            process.getOutputStream().close();
            BufferedReader out = new BufferedReader(new InputStreamReader(process.getInputStream(),
                    StandardCharsets.UTF_8));
            for (String line = out.readLine(); line != null; line = out.readLine()) {
                Matcher matcher = LISTENING.matcher(line);
                if (matcher.find()) {
                    Thread.ofVirtual().start(() -> drain(out));
                    return new CacheServer(kind, process, Integer.parseInt(matcher.group(1)));
                }
            }
            process.destroyForcibly();
            throw new IllegalStateException(kind.title + " did not start");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void drain(BufferedReader out) {
        try {
            while (out.readLine() != null) { /* nothing that matters here */ }
        } catch (IOException ended) {
            // It is no more.
        }
    }

    private static CacheServer startMemcached(int cpu) {
        String program = memcached();
        try {
            int port = freePort();
            List<String> command = List.of(program, "-u", "root", "-t", "1", "-m", String.valueOf(MEMORY_MIB),
                    "-p", String.valueOf(port), "-U", "0", "-l", "127.0.0.1", "-c", "4096");
            Process process = new ProcessBuilder(Cores.pinned(cpu, command)).redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.DISCARD).start();
            for (long i = 0; i < PATIENCE_SECONDS * 20 && process.isAlive(); i++) {
                if (listens(port)) {
                    return new CacheServer(Kind.MEMCACHED, process, port);
                }
                TimeUnit.MILLISECONDS.sleep(50);
            }
            process.destroyForcibly();
            throw new IllegalStateException(program + " did not start; is memcached installed?");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static String memcached() {
        return System.getProperty("mike.memcached", "memcached");
    }

    /** What it is called and which version of it runs. */
    static String name(Kind kind) {
        return switch (kind) {
            case OURS -> kind.title;
            case MEMCACHED -> JavaCommand.lines(List.of(memcached(), "-V")).getFirst() + " -t 1";
            default -> kind.title.replace("Netty", "Netty "
                    + Version.identify().get("netty-transport").artifactVersion());
        };
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private static boolean listens(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return socket.isConnected();
        } catch (IOException notYet) {
            return false;
        }
    }

    @Override
    public String title() {
        return kind.title;
    }

    @Override
    public int port() {
        return port;
    }

    @Override
    public long pid() {
        return process.pid();
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(20, TimeUnit.SECONDS)) {
                process.destroyForcibly().waitFor();
            }
        } catch (InterruptedException stop) {
            process.destroyForcibly();
            throw new IllegalStateException(stop);
        }
    }
}
