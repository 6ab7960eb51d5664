package eu.mikelangelo.ioplane.link;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/**
 * A network namespace of a thread's own (unshare(2) works on threads): interfaces, sockets and child processes made by
 * {@link #run} are in it, and it vanishes with the thread and what was opened there. Nothing of the host is touched.
 */
public final class Namespace implements AutoCloseable {
    private static final int CLONE_NEWNET = 0x40000000;

    private final ExecutorService thread = Executors.newSingleThreadExecutor(work -> Thread.ofPlatform().daemon()
            .name("namespace").unstarted(work));
    public final long tid;

    /** Skips the test, with the reason, where no namespace can be made. */
    public Namespace() throws Exception {
        assumeTrue(Files.isWritable(Path.of("/dev/net/tun")), "no /dev/net/tun");
        assumeTrue(Files.isExecutable(Path.of("/usr/sbin/ip")), "no /usr/sbin/ip (package iproute2)");
        int result = run(Namespace::unshare);
        assumeTrue(result == 0, "unshare(CLONE_NEWNET) is not allowed: root is needed");
        tid = run(() -> Long.parseLong(Path.of("/proc/thread-self").toRealPath().getFileName().toString()));
        ip("link set lo up");
        // Otherwise the kernel greets its neighbours on every interface. This folder belongs to the thread's namespace.
        Path greetings = Path.of("/proc/sys/net/ipv6/conf/default/disable_ipv6");
        run(() -> Files.exists(greetings) ? Files.writeString(greetings, "1") : null);
    }

    @SuppressWarnings("restricted")
    private static int unshare() {
        try {
            Linker linker = Linker.nativeLinker();
            MethodHandle call = linker.downcallHandle(linker.defaultLookup().findOrThrow("unshare"),
                    FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));
            return (int) call.invokeExact(CLONE_NEWNET);
        } catch (Throwable thrown) {
            throw new AssertionError(thrown);
        }
    }

    public <T> T run(Callable<T> work) throws Exception {
        try {
            return thread.submit(work).get();
        } catch (ExecutionException failed) {
            if (failed.getCause() instanceof Exception cause) {
                throw cause;
            }
            throw new AssertionError(failed.getCause());
        }
    }

    /** Runs the program ip here. */
    public void ip(String words) throws Exception {
        run(() -> {
            Process process = new ProcessBuilder(("/usr/sbin/ip " + words).split(" ")).redirectErrorStream(true)
                    .start();
            String said = new String(process.getInputStream().readAllBytes());
            if (process.waitFor() != 0) {
                throw new IOException("ip " + words + ": " + said);
            }
            return null;
        });
    }

    @Override
    public void close() {
        thread.shutdownNow();
    }
}
