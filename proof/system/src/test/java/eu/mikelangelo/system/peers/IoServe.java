package eu.mikelangelo.system.peers;

import static org.junit.jupiter.api.Assertions.assertTrue;

import eu.mikelangelo.system.Mike;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** {@code mike io serve} with its control socket in a folder, and a home of its own there. */
final class IoServe implements AutoCloseable {
    private static final JsonMapper JSON = JsonMapper.builder().build();
    private static final Pattern READY = Pattern.compile("^ready$", Pattern.MULTILINE);

    private final Path folder;
    private final Program program;

    /** @param words behind {@code io serve} */
    IoServe(Path folder, String... words) throws IOException {
        this.folder = folder;
        List<String> command = mike("io", "serve", "--control", control());
        command.addAll(List.of(words));
        program = new Program(folder, environment(), command);
        program.await(READY);
    }

    private static List<String> mike(String... words) {
        List<String> command = new ArrayList<>(List.of(Mike.ROOT.resolve("mike").toString()));
        command.addAll(List.of(words));
        return command;
    }

    private Map<String, String> environment() {
        return Map.of("MIKE_HOME", folder.resolve("home").toString());
    }

    private String control() {
        return folder.resolve("control.sock").toString();
    }

    /** A port as {@code mike io stats --json} shows it. */
    JsonNode port(String name) throws IOException {
        String said = Program.run(folder, environment(), mike("io", "stats", name, "--json", "--control", control()));
        return JSON.readTree(said).get("ports").get(0);
    }

    /** It still runs, and has recorded nothing. */
    void isWell() {
        assertTrue(program.runs(), program::said);
        assertTrue(program.said().lines().noneMatch(line -> line.startsWith("plane: ")), program::said);
    }

    @Override
    public void close() {
        program.close();
    }
}
