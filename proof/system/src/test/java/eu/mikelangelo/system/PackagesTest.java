package eu.mikelangelo.system;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * The twenty random Debian server packages of docs/packages-tried.md, none of which has a recipe: at least twelve
 * start, the others say what is missing. Prints the table that the page shows.
 */
@Tag("system")
class PackagesTest {
    private static final Mike MIKE = new Mike("main");
    private static final int MUST_START = 12;

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void atLeastTwelveOfTwentyStart() throws IOException {
        List<String> rows = sample(Files.readString(Mike.ROOT.resolve("docs/packages-tried.md")));
        int started = 0;
        List<String> table = new ArrayList<>();
        for (String row : rows) {
            String[] cells = row.split("\\|");
            String outcome = attempt(cells[1].strip(), cells[2].strip());
            started += outcome.equals("starts") ? 1 : 0;
            table.add("| " + cells[1].strip() + " | " + cells[2].strip() + " | " + outcome + " |");
        }
        System.out.println(String.join("\n", table));
        assertTrue(rows.size() >= 20, "only " + rows.size() + " packages are listed");
        assertTrue(started >= MUST_START, started + " of " + rows.size() + " start");
    }

    /** The rows {@code | name | port or - | result |} of the page's first table, the sample. */
    private static List<String> sample(String page) {
        int from = page.indexOf("## The sample");
        int to = page.indexOf("\n## ", from + 1);
        assertTrue(from >= 0 && to > from, "docs/packages-tried.md has no section \"The sample\"");
        return page.substring(from, to).lines().filter(line -> line.matches("\\| [a-z0-9.+-]+ \\| .*")).toList();
    }

    /** A package starts when it listens on its port, where it has one, and still runs after ten seconds. */
    private static String attempt(String name, String port) throws IOException {
        boolean listens = port.matches("[0-9]+(/udp)?");
        List<String> words = new ArrayList<>(List.of("run", "-d", "--name", "tried", "--wait", "60", name));
        if (listens) {
            words.addAll(List.of("-p", Mike.freePort() + ":" + port));
        }
        Mike.Result result = MIKE.run(Duration.ofSeconds(240), words.toArray(String[]::new));
        try {
            if (result.code() != 0) {
                return reason(result);
            }
            // Some listen, then find that they cannot go on.
            Thread.sleep(10_000);
            if (!MIKE.run("ps").ok().out().contains("tried")) {
                return "ends: " + MIKE.run("logs", "--tail", "1", "tried").out().strip();
            }
            return "starts";
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            MIKE.run("rm", "-f", "tried");
        }
    }

    private static String reason(Mike.Result result) {
        String text = result.err().lines().filter(line -> line.startsWith("mike: ")).reduce((a, b) -> b)
                .orElse("exit code " + result.code()).replace('|', '/');
        assertTrue(!text.isBlank(), "a failure must say what is missing");
        return text.substring(Math.min(6, text.length()));
    }
}
