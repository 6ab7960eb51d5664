package eu.mikelangelo.bench;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code ./mike} with a home of its own under build/. */
public final class Product implements AutoCloseable {
    static final JsonMapper JSON = JsonMapper.builder().build();
    final Path root = Path.of(System.getProperty("mike.install"));
    public final Path home = root.resolve("build/b");

    Process start(String... words) {
        List<String> command = new ArrayList<>(List.of(root.resolve("mike").toString()));
        command.addAll(List.of(words));
        ProcessBuilder builder = new ProcessBuilder(command).directory(root.toFile());
        builder.environment().put("MIKE_HOME", home.toString());
        try {
            return builder.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Runs a command to its end and gives its standard output; anything but exit code 0 is an exception. */
    public String run(String... words) {
        Process process = start(words);
        try {
            process.getOutputStream().close();
            StringBuilder err = new StringBuilder();
            Thread drain = Thread.ofVirtual().start(() -> err.append(all(process.getErrorStream())));
            String out = all(process.getInputStream());
            if (!process.waitFor(300, TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("mike " + List.of(words) + " did not end");
            }
            drain.join(1_000);
            if (process.exitValue() != 0) {
                throw new IllegalStateException("mike " + List.of(words) + ": " + process.exitValue() + " " + err);
            }
            return out;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Seconds that one run of the command takes as a whole process. */
    double time(String... words) {
        long start = System.nanoTime();
        run(words);
        return (System.nanoTime() - start) / 1e9;
    }

    public JsonNode json(String... words) {
        return JSON.readTree(run(words));
    }

    public long pid(String process) {
        try {
            return Long.parseLong(Files.readString(home.resolve("run").resolve(process + ".pid")).strip());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    static String all(InputStream in) {
        try {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Removes all machines, those too that an earlier run has left. */
    public void clear() {
        for (JsonNode machine : json("ps", "-a", "--json")) {
            run("rm", "-f", machine.get("name").asString());
        }
    }

    @Override
    public void close() {
        clear();
        run("agent", "stop", "--all");
    }
}
