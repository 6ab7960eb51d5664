package eu.mikelangelo.bench.shard;

import com.sun.management.ThreadMXBean;
import eu.mikelangelo.bench.measure.JavaCommand;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintStream;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * {@code agents|direct RUNS OPERATIONS}: a server and its client in one JVM, for only the JVM itself can tell what a
 * thread allocates. Prints bytes that the shard's thread allocated per operation, a line a run.
 */
public final class AllocMain {
    private static final Pattern LISTENING = Pattern.compile("listening on 127\\.0\\.0\\.1:([0-9]+)");
    private static final int MEMORY_MIB = 64;
    private static final int CONNECTIONS = 50;
    private static final int PATIENCE_SECONDS = 60;

    private AllocMain() {}

    public static void main(String[] args) throws Exception {
        int runs = Integer.parseInt(args[1]);
        int operations = Integer.parseInt(args[2]);
        int port = args[0].equals("agents") ? serveCache() : DirectAnswers.serve();
        long shard = shardThread().threadId();
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        try (AllocClient client = new AllocClient(port, CONNECTIONS, args[0].equals("agents"))) {
            client.run(2L * operations);
            for (int i = 0; i < runs; i++) {
                long before = threads.getThreadAllocatedBytes(shard);
                long done = client.run(operations);
                System.out.println((double) (threads.getThreadAllocatedBytes(shard) - before) / done);
            }
        }
        System.out.flush();
        Runtime.getRuntime().halt(0);   // the server has no end of its own
    }

    /** Runs the product's main method on a thread of its own and reads from standard output where it listens. */
    private static int serveCache() throws Exception {
        PrintStream out = System.out;
        CompletableFuture<Integer> port = new CompletableFuture<>();
        System.setOut(new PrintStream(new PortWatch(port), true, StandardCharsets.UTF_8));
        var main = Class.forName(JavaCommand.SERVER).getMethod("main", String[].class);
        String[] arguments = JavaCommand.serverArguments(MEMORY_MIB).toArray(new String[0]);
        Thread.ofPlatform().daemon().start(() -> {
            try {
                main.invoke(null, (Object) arguments);
                port.completeExceptionally(new IllegalStateException("the server has ended"));
            } catch (ReflectiveOperationException failed) {
                port.completeExceptionally(failed);
            }
        });
        try {
            return port.get(PATIENCE_SECONDS, TimeUnit.SECONDS);
        } finally {
            System.setOut(out);
        }
    }

    /** Finds the port in what is printed. */
    private static final class PortWatch extends OutputStream {
        private final ByteArrayOutputStream text = new ByteArrayOutputStream();
        private final CompletableFuture<Integer> port;

        PortWatch(CompletableFuture<Integer> port) {
            this.port = port;
        }

        @Override
        public void write(int b) throws IOException {
            text.write(b);
            if (b == '\n') {
                Matcher matcher = LISTENING.matcher(text.toString(StandardCharsets.UTF_8));
                if (matcher.find()) {
                    port.complete(Integer.parseInt(matcher.group(1)));
                }
            }
        }
    }

    private static Thread shardThread() {
        return Thread.getAllStackTraces().keySet().stream().filter(thread -> thread.getName().endsWith("-shard-0"))
                .findFirst().orElseThrow(() -> new IllegalStateException("no thread of a shard"));
    }
}
