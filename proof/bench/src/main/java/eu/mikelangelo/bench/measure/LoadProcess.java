package eu.mikelangelo.bench.measure;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;

/** The load generator in a process and on a core of its own; one for all servers, so that they meet the same client. */
public final class LoadProcess implements AutoCloseable {
    private static final String MAIN = "eu.mikelangelo.load.LoadMain";
    private static final String SHAPE = "--connections 50 --value 64 --get-share 0.9 --keys 10000";
    /** Within a window, before it counts: connections are new. */
    private static final double SETTLE_SECONDS = 0.5;

    private final Process process;
    private final PrintStream commands;
    private final BufferedReader answers;

    public LoadProcess(int cpu) {
        List<String> command = JavaCommand.of(List.of("--enable-native-access=ALL-UNNAMED"), MAIN, List.of("--batch"));
        try {
            process = new ProcessBuilder(Cores.pinned(cpu, command)).redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        commands = new PrintStream(process.getOutputStream(), true, StandardCharsets.UTF_8);
        answers = new BufferedReader(new InputStreamReader(process.getInputStream(), StandardCharsets.UTF_8));
    }

    /** As fast as answers come. @param pipeline requests under way per connection */
    public Window closed(Target server, int pipeline, double seconds) {
        return run(server, String.format(Locale.ROOT, "--pipeline %d --seconds %.3f", pipeline, seconds));
    }

    /** At a given rate, whatever the server does. @param rate operations a second */
    public Window open(Target server, double rate, double seconds) {
        return run(server, String.format(Locale.ROOT, "--rate %.0f --poisson --seconds %.3f", rate, seconds));
    }

    private Window run(Target server, String what) {
        commands.println("--port " + server.port() + " --server-pid " + server.pid() + " --warmup " + SETTLE_SECONDS
                + " " + SHAPE + " " + what);
        try {
            String answer = answers.readLine();
            if (answer == null) {
                throw new IllegalStateException("the load generator has ended");
            }
            return Window.parse(answer);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (IllegalStateException failed) {
            throw new IllegalStateException(server.title() + ": " + failed.getMessage(), failed);
        }
    }

    @Override
    public void close() {
        commands.close();
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
