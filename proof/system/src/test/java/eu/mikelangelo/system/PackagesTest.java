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
 * start, the others say what is missing. Prints the rows of the page's table, each when it is known.
 */
@Tag("system")
class PackagesTest {
    private static final Mike MIKE = new Mike("main");
    private static final int MUST_START = 12;
    private static final String STARTS = "starts";
    private static final String SILENT = "ends without a word";
    private static final int CELL_LIMIT = 800;

    @AfterAll
    static void stop() {
        MIKE.close();
    }

    @Test
    void atLeastTwelveOfTwentyStart() throws IOException {
        List<String> rows = sample(Files.readString(Mike.ROOT.resolve("docs/packages-tried.md")));
        int started = 0;
        List<String> silent = new ArrayList<>();
        for (String row : rows) {
            String[] cells = row.split("\\|");
            String outcome = attempt(cells[1].strip(), cells[2].strip());
            started += outcome.equals(STARTS) ? 1 : 0;
            System.out.println("| " + cells[1].strip() + " | " + cells[2].strip() + " | " + outcome + " |");
            if (outcome.startsWith(SILENT)) {
                silent.add(cells[1].strip());
            }
        }
        System.out.println(started + " of " + rows.size() + " start");
        assertTrue(rows.size() >= 20, "only " + rows.size() + " packages are listed");
        assertTrue(started >= MUST_START, started + " of " + rows.size() + " start");
        assertTrue(silent.isEmpty(), "these do not say what is missing: " + silent);
    }

    /** The rows {@code | name | port or - | result |} of the page's first table, the sample. */
    private static List<String> sample(String page) {
        int from = page.indexOf("## The sample");
        int to = page.indexOf("\n## ", from + 1);
        assertTrue(from >= 0 && to > from, "docs/packages-tried.md has no section \"The sample\"");
        return page.substring(from, to).lines().filter(line -> line.matches("\\| [a-z0-9.+-]+ \\| .*")).toList();
    }

    /**
     * A package starts when it listens on its port, where it has one, and still runs ten seconds later. It gets two
     * minutes, for a host that has other work and no KVM: postfix's set-up alone may take one.
     */
    private static String attempt(String name, String port) throws IOException {
        boolean listens = port.matches("[0-9]+(/udp)?");
        List<String> words = new ArrayList<>(List.of("run", "-d", "--name", "tried", "--wait", "120", name));
        if (listens) {
            words.addAll(List.of("-p", Mike.freePort() + ":" + port));
        }
        try {
            Mike.Result result = MIKE.run(Duration.ofSeconds(300), words.toArray(String[]::new));
            if (result.code() != 0) {
                return reason(result.err());
            }
            // Some listen, then find that they cannot go on.
            Thread.sleep(10_000);
            if (!MIKE.run("ps").ok().out().contains("tried")) {
                String last = MIKE.run("logs", "--tail", "3", "tried").out();
                return last.isBlank() ? SILENT : cell("ends: " + last);
            }
            return STARTS;
        } catch (AssertionError e) {
            // mike did not end, or ps or logs failed: that is no answer to what is missing.
            return SILENT + " (" + cell(String.valueOf(e.getMessage())) + ")";
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        } finally {
            MIKE.run("rm", "-f", "tried");
        }
    }

    /** What mike said: the end of the console where there is one, else the failure itself. */
    static String reason(String said) {
        List<String> lines = said.lines().dropWhile(line -> !line.matches("mike: (?!building).*")).toList();
        String failure = lines.isEmpty() ? "" : lines.getFirst();
        String console = lines.stream()
                .dropWhile(line -> !line.contains("of its console:")).skip(1)
                .filter(line -> !line.matches("  (see mike logs|the machine is kept).*")).map(String::strip)
                .filter(line -> !line.isEmpty()).reduce((a, b) -> a + " / " + b).orElse("");
        if (console.isEmpty()) {
            return failure.contains("ended before it was ready") || failure.isEmpty() ? SILENT + " (" + failure + ")"
                    : cell(failure.replaceFirst("^mike: ", ""));
        }
        return cell(failure.contains(" after ") ? failure.replaceFirst(".* s: ", "") + ": " + console : console);
    }

    private static String cell(String text) {
        String line = text.strip().replaceAll("\\s+", " ").replace('|', '/');
        return line.length() <= CELL_LIMIT ? line : "… " + line.substring(line.length() - CELL_LIMIT);
    }
}
